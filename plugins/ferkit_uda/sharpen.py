"""The label update `sharpen`."""

from __future__ import annotations

from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Targets
from ferkit.plugin import Context
from ferkit_uda.params import SharpenParams


def sharpened(target: Tensor, temperature: float) -> Tensor:
    """Each probability to the power of 1 / temperature, renormalised.

    Of a softmax that is the softmax of the logits divided by the temperature.

    Args:
        target: (N, K) float, rows sum to 1.
    Returns: (N, K), rows sum to 1; equal ones stay equal, zeros stay zero.
    Source: Berthelot et al., MixMatch (arXiv:1905.02249), eq. 7.
    """
    # Against the largest one, so that the power of a row of small numbers is not 0 throughout.
    raised = (target / target.amax(-1, keepdim=True)) ** (1 / temperature)
    return raised / raised.sum(-1, keepdim=True)


class SharpenedTargets:
    """What it is handed, sharpened; what the weightings are told of the predictions is not.

    Args:
        temperature: see `sharpened`.
    """

    every: Cadence = "start"

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature

    def update(self, beliefs: Beliefs, progress: Progress) -> Targets:
        """Of `beliefs.targets`."""
        return Targets(sharpened(beliefs.targets, self.temperature))


def make_sharpen(params: SharpenParams, context: Context) -> SharpenedTargets:
    """Factory of the component `sharpen`."""
    return SharpenedTargets(params.temperature)
