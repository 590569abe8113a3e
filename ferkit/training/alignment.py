"""Moving averages of what a network predicts, and predictions brought in line with them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

EPSILON = 1e-6
"""Added to both distributions before one is divided by the other, as published code does."""


def moved(average: Tensor, value: Tensor, momentum: float) -> Tensor:
    """The moving average after one more value: m * average + (1 - m) * value."""
    return momentum * average + (1 - momentum) * value


def aligned(probs: Tensor, mean: Tensor, wanted: Tensor) -> Tensor:
    """Predictions times `wanted` / `mean`, each row divided by its sum.

    Classes that are predicted more often than wanted lose probability, the others gain.

    Args:
        probs: (N, K) float, rows sum to 1.
        mean: (K,) what is predicted on average.
        wanted: (K,) what is to be predicted on average.
    Returns: (N, K), rows sum to 1.
    Source: Berthelot et al., ReMixMatch (arXiv:1911.09785), section 3.1.
    """
    scaled = probs * ((wanted + EPSILON) / (mean + EPSILON))
    return scaled / scaled.sum(-1, keepdim=True).clamp(min=torch.finfo(scaled.dtype).tiny)


class MeanPrediction:
    """The moving average of batches' mean predictions.

    Args:
        momentum: share that a batch leaves of it, in [0, 1).

    It starts at the mean of the first batch. An empty batch leaves it as it is.
    """

    def __init__(self, momentum: float) -> None:
        self.momentum = momentum
        self.value: Tensor | None = None  # (K,)

    def follow(self, probs: Tensor) -> Tensor:
        """The average after a batch.

        Args:
            probs: (n, K).
        Returns: (K,), on the device of `probs`; uniform where there was no batch yet.
        """
        classes = probs.shape[1]
        if len(probs):
            mean = probs.mean(0)
            before = mean if self.value is None else self.value.to(mean)
            self.value = moved(before, mean, self.momentum)
        if self.value is None:
            return probs.new_full((classes,), 1 / classes)
        return self.value.to(probs)

    def state_dict(self) -> dict[str, Tensor]:
        """`mean_prediction` (K,), once there is any."""
        return {} if self.value is None else {"mean_prediction": self.value}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self.value = state.get("mean_prediction")
