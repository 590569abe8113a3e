"""The label update `fixed`: label smoothing once, at the start (A1)."""

from __future__ import annotations

from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Targets
from ferkit.plugin import Context
from ferkit_basics.params import FixedParams


def smooth_labels(target: Tensor, eps: float) -> Tensor:
    """Move `eps` of each class's probability to the other classes, in equal shares.

    For a one-hot row this is eq. 2: 1 - eps on the label, eps / (K - 1) on each other class. For
    votes and predictions it is the same map, which is linear.

    Args:
        target: (N, K) float, rows sum to 1; K at least 2.
        eps: in [0, 1]; 0 changes nothing.
    Returns: (N, K), rows sum to 1.
    Raises: ValueError: eps is outside [0, 1].
    Source: Happy et al., eq. 2 (A1).
    """
    if not 0 <= eps <= 1:
        raise ValueError(f"eps must be in [0, 1], not {eps}")
    return (1 - eps) * target + eps / (target.shape[1] - 1) * (1 - target)


class FixedTargets:
    """Smoothed given labels; where nothing is given, what it is handed, smoothed the same."""

    every: Cadence = "start"

    def __init__(self, *, eps: float) -> None:
        self.eps = eps

    def update(self, beliefs: Beliefs, progress: Progress) -> Targets:
        """Eq. 2 of `beliefs.targets`."""
        return Targets(smooth_labels(beliefs.targets, self.eps))


def make_fixed(params: FixedParams, context: Context) -> FixedTargets:
    """Factory of the component `fixed`."""
    return FixedTargets(eps=params.eps)
