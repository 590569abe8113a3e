"""The sample weighting `confident_joint`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context
from ferkit_confident_joint.counting import candidate_errors, class_thresholds
from ferkit_confident_joint.params import ConfidentJointParams
from ferkit_confident_joint.told import told


class ConfidentJointWeighting:
    """Before each epoch, candidates for errors weigh `factor` and all others 1.

    Args:
        warm_up: epochs of a phase before. factor: in [0, 1]. count: which are candidates.
        classes: names, for the scalars.
    """

    every: Cadence = "epoch"

    def __init__(
        self,
        *,
        warm_up: int,
        factor: float,
        count: Literal["joint", "any"],
        classes: tuple[str, ...],
    ) -> None:
        self.warm_up, self.factor, self.count = warm_up, factor, count
        self.classes = classes
        self._told: dict[str, float] = {}

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """From predictions and given labels; `beliefs` cover the whole split."""
        weight = torch.ones_like(beliefs.losses)
        self._told = {}
        if progress.epoch >= self.warm_up:
            thresholds = class_thresholds(beliefs.probs, beliefs.given)
            errors = candidate_errors(beliefs.probs, beliefs.given, thresholds, count=self.count)
            weight = weight.masked_fill(errors, self.factor)
            self._told = told(errors, thresholds, self.classes)
        return Weights(weight, weight.new_zeros(()))

    def scalars(self) -> Mapping[str, float]:
        """The last epoch's share of candidates, and the classes' thresholds."""
        return self._told


def make_confident_joint(params: ConfidentJointParams, context: Context) -> ConfidentJointWeighting:
    """Factory of the component `confident_joint`."""
    return ConfidentJointWeighting(
        warm_up=params.warm_up,
        factor=params.factor,
        count=params.count,
        classes=tuple(context.classes),
    )
