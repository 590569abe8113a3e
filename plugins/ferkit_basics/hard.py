"""The label update `hard`."""

from __future__ import annotations

from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Targets
from ferkit.plugin import Context, Params


def hard_labels(target: Tensor) -> Tensor:
    """All of the probability on the likeliest class; equal ones share it.

    So a row that says nothing goes on saying nothing, and does not become the first class.

    Args:
        target: (N, K) float, rows sum to 1.
    Returns: (N, K), rows sum to 1.
    """
    likeliest = (target == target.amax(-1, keepdim=True)).to(target)
    return likeliest / likeliest.sum(-1, keepdim=True)


class HardTargets:
    """The likeliest class of what it is handed: on the unlabelled split, of the prediction."""

    every: Cadence = "start"

    def update(self, beliefs: Beliefs, progress: Progress) -> Targets:
        """Of `beliefs.targets`."""
        return Targets(hard_labels(beliefs.targets))


def make_hard(params: Params, context: Context) -> HardTargets:
    """Factory of the component `hard`."""
    return HardTargets()
