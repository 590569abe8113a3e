"""The sample weighting `softmatch`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context
from ferkit.training.alignment import MeanPrediction, aligned, moved
from ferkit_softmatch.equations import truncated_gaussian
from ferkit_softmatch.params import SoftMatchParams


class SoftMatchWeighting:
    """A weight for every sample, by how far its confidence is below the mean one.

    Args:
        params: see `SoftMatchParams`.

    Mean and variance of the confidence are moving averages from 1/K and 1, which take the step's
    predictions in before its weights are decided. A single sample has no variance, so that it
    leaves the average of that as it is.
    """

    every: Cadence = "step"

    def __init__(self, params: SoftMatchParams) -> None:
        self.params = params
        self._predicted = MeanPrediction(params.momentum)
        self._moments: Tensor | None = None  # (2,) mean and variance
        self._told: dict[str, Tensor | float] = {}

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """By `beliefs.probs`."""
        probs = beliefs.probs.float()
        if self.params.align:
            mean_prediction = self._predicted.follow(probs)
            even = torch.full_like(mean_prediction, 1 / len(mean_prediction))
            probs = aligned(probs, mean_prediction, even)
        confidence = probs.amax(-1)
        mean, variance = self._follow(confidence, classes=probs.shape[1])
        weight = truncated_gaussian(confidence, mean, variance, sigmas=self.params.sigmas)
        self._told = {
            "used": weight.mean() if len(weight) else 0.0,
            "confidence": mean,
            "deviation": variance.sqrt(),
        }
        return Weights(weight, weight.new_zeros(()))

    def _follow(self, confidence: Tensor, *, classes: int) -> Tensor:
        """Mean and variance (2,) after a step's confidences (n,)."""
        if self._moments is None:
            self._moments = torch.tensor([1 / classes, 1.0])
        before = self._moments.to(confidence)
        count = len(confidence)
        if count:
            variance = confidence.var() if count > 1 else before[1]
            own = torch.stack([confidence.mean(), variance])
            self._moments = moved(before, own, self.params.momentum)
        else:
            self._moments = before
        return self._moments

    def scalars(self) -> dict[str, Tensor | float]:
        """`used`: mean weight of the step's samples; `confidence`, `deviation`: the moving averages
        of its mean and its standard deviation."""
        return self._told

    def state_dict(self) -> dict[str, Tensor]:
        """`moments` (2,) and, with alignment, `mean_prediction` (K,), once there are any."""
        own = {} if self._moments is None else {"moments": self._moments}
        return own | self._predicted.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self._moments = state.get("moments")
        self._predicted.load_state_dict(state)


def make_softmatch(params: SoftMatchParams, context: Context) -> SoftMatchWeighting:
    """Factory of the component `softmatch`."""
    return SoftMatchWeighting(params)
