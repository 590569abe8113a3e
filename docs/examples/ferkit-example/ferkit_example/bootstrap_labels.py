"""The label update `bootstrap_labels` (Reed et al., arXiv:1412.6596)."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import one_hot

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Targets
from ferkit.plugin import Context
from ferkit_example.params import BootstrapLabelsParams


def bootstrap(target: Tensor, probs: Tensor, *, beta: float, hard: bool) -> Tensor:
    """beta * target + (1 - beta) * belief.

    Args:
        target, probs: (N, K), rows sum to 1.
        beta: in [0, 1].
        hard: whether the belief is the most probable class (eq. 7) or `probs` itself (eq. 6).
    Returns: (N, K), rows sum to 1.
    """
    belief = one_hot(probs.argmax(-1), probs.shape[-1]).to(probs) if hard else probs
    return beta * target + (1 - beta) * belief


class BootstrapLabels:
    """Acts in every step, on the batch.

    Departs from the paper in one point: no gradient flows through the belief.
    """

    every: Cadence = "step"

    def __init__(self, *, beta: float, hard: bool) -> None:
        self.beta = beta
        self.hard = hard

    def update(self, beliefs: Beliefs, progress: Progress) -> Targets:
        """Mix what the update before answered (the given labels, if it is the first)."""
        return Targets(bootstrap(beliefs.targets, beliefs.probs, beta=self.beta, hard=self.hard))


def make_bootstrap_labels(params: BootstrapLabelsParams, context: Context) -> BootstrapLabels:
    """Factory of the component `bootstrap_labels`."""
    return BootstrapLabels(beta=params.beta, hard=params.hard)
