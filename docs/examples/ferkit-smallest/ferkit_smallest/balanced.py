"""The sample weighting `balanced`."""

from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context, NoParams


class Balanced:
    """A sample of a class that is half as frequent counts twice as much."""

    every: Cadence = "start"

    def __init__(self, params: NoParams, context: Context) -> None:
        """There is nothing to set."""

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """`targets` (N, K) -> weights (N,), whose mean is 1."""
        share = targets.mean(0).clamp(min=1e-6)  # of each class, (K,)
        weight = (targets / share).mean(-1)
        return Weights(weight, weight.new_zeros(()))
