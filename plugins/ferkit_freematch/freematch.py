"""The sample weighting `freematch`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context
from ferkit.training.alignment import moved
from ferkit_freematch.equations import class_shares, class_thresholds, fairness_penalty
from ferkit_freematch.params import FreeMatchParams

AVERAGES = ("confidence", "mean_probs", "shares")


class FreeMatchWeighting:
    """1 where the probability of the likeliest class reaches that class's threshold, else 0.

    Args:
        params: see `FreeMatchParams`.
        classes: names, for `scalars`.

    The moving averages start at 1/K and take the step's predictions in before its weights are
    decided. Where the student's predictions are told, weights go with the fairness penalty.
    """

    every: Cadence = "step"

    def __init__(self, params: FreeMatchParams, classes: tuple[str, ...] = ()) -> None:
        self.params, self.classes = params, classes
        self._averages: dict[str, Tensor] = {}  # confidence (), mean_probs (K,), shares (K,)
        self._told: dict[str, Tensor | float] = {}

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """By `beliefs.probs`; the penalty by `beliefs.student_probs` besides."""
        probs = beliefs.probs.float()
        self._follow(probs)
        thresholds = self._thresholds()
        sureness, label = probs.max(-1)
        weight = (sureness >= thresholds[label]).to(probs)
        penalty = weight.new_zeros(())
        if self.params.fairness and beliefs.student_probs is not None and len(weight):
            penalty = self.params.fairness * fairness_penalty(
                beliefs.student_probs,
                weight,
                self._averages["mean_probs"],
                self._averages["shares"],
            )
        self._tell(weight, thresholds, penalty)
        return Weights(weight, penalty)

    def _follow(self, probs: Tensor) -> None:
        """Take a step's predictions (n, K) into the averages."""
        classes = probs.shape[1]
        if not self._averages:
            even = probs.new_full((classes,), 1 / classes)
            self._averages = {"confidence": even[0], "mean_probs": even, "shares": even}
        before = {name: self._averages[name].to(probs) for name in AVERAGES}
        if not len(probs):
            self._averages = before
            return
        sureness, label = probs.max(-1)
        quantile = self.params.quantile
        typical = sureness.mean() if quantile is None else sureness.quantile(quantile)
        values = (typical, probs.mean(0), class_shares(label, classes))
        self._averages = {
            name: moved(before[name], value, self.params.momentum)
            for name, value in zip(AVERAGES, values, strict=True)
        }
        if self.params.limit is not None:
            self._averages["confidence"] = self._averages["confidence"].clamp(max=self.params.limit)

    def _thresholds(self) -> Tensor:
        """(K,)."""
        mean_probs, confidence = self._averages["mean_probs"], self._averages["confidence"]
        if self.params.threshold is not None:
            confidence = torch.full_like(confidence, self.params.threshold)
        if not self.params.per_class:
            return confidence.expand_as(mean_probs)
        return class_thresholds(confidence, mean_probs)

    def _tell(self, weight: Tensor, thresholds: Tensor, penalty: Tensor) -> None:
        self._told = {
            "used": weight.mean() if len(weight) else 0.0,
            "confidence": self._averages["confidence"],
            "fairness": penalty.detach(),
        }
        for place, value in enumerate(thresholds):
            name = self.classes[place] if self.classes else str(place)
            self._told[f"threshold_{name}"] = value

    def scalars(self) -> dict[str, Tensor | float]:
        """`used`: share of the step's samples that count; `confidence`: its moving average;
        `fairness`: the penalty; `threshold_<class>`."""
        return self._told

    def state_dict(self) -> dict[str, Tensor]:
        """The averages, once there are any."""
        return {name: average.clone() for name, average in self._averages.items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self._averages = {name: state[name] for name in AVERAGES if name in state}


def make_freematch(params: FreeMatchParams, context: Context) -> FreeMatchWeighting:
    """Factory of the component `freematch`."""
    return FreeMatchWeighting(params, context.classes)
