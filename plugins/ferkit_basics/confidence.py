"""The sample weighting `confidence`."""

from __future__ import annotations

from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context
from ferkit_basics.params import ConfidenceParams


def confident(probs: Tensor, threshold: float) -> Tensor:
    """1 where the largest probability is at least `threshold`, else 0.

    Args:
        probs: (N, K).
    Returns: (N,) float.
    Source: Sohn et al., FixMatch (arXiv:2001.07685), eq. 4.
    """
    return (probs.amax(-1) >= threshold).to(probs)


class ConfidenceWeighting:
    """Counts the samples that are predicted surely enough; the others weigh nothing.

    Args:
        threshold: least probability of the likeliest class.
    """

    every: Cadence = "step"

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._used: Tensor | float = 0.0

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """By `beliefs.probs`."""
        weight = confident(beliefs.probs, self.threshold)
        self._used = weight.mean()
        return Weights(weight, weight.new_zeros(()))

    def scalars(self) -> dict[str, Tensor | float]:
        """`used`: share of the step's samples that count."""
        return {"used": self._used}


def make_confidence(params: ConfidenceParams, context: Context) -> ConfidenceWeighting:
    """Factory of the component `confidence`."""
    return ConfidenceWeighting(params.threshold)
