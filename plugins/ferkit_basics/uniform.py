"""The sample weighting `uniform`."""

from __future__ import annotations

from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context, NoParams


class UniformWeighting:
    """Weight 1 for all."""

    every: Cadence = "start"

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """Ones, (N,)."""
        return Weights(targets.new_ones(len(targets)), targets.new_zeros(()))


def make_uniform(params: NoParams, context: Context) -> UniformWeighting:
    """Factory of the component `uniform`."""
    return UniformWeighting()
