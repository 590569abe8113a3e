"""The label update `confident_joint_relabel`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch.nn.functional import one_hot

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Targets
from ferkit.plugin import Context
from ferkit_confident_joint.counting import class_thresholds, guessed_classes
from ferkit_confident_joint.params import RelabelParams
from ferkit_confident_joint.told import told


class ConfidentJointRelabel:
    """Before each epoch, candidates for errors get the class they are counted as.

    Args:
        warm_up: epochs of a phase before. classes: names, for the scalars.
    """

    every: Cadence = "epoch"

    def __init__(self, *, warm_up: int, classes: tuple[str, ...]) -> None:
        self.warm_up, self.classes = warm_up, classes
        self._told: dict[str, float] = {}

    def update(self, beliefs: Beliefs, progress: Progress) -> Targets:
        """The others keep what they are handed, and so do all in an earlier epoch."""
        self._told = {}
        if progress.epoch < self.warm_up:
            return Targets(beliefs.targets)
        thresholds = class_thresholds(beliefs.probs, beliefs.given)
        guess = guessed_classes(beliefs.probs, thresholds)
        errors = (beliefs.given >= 0) & (guess >= 0) & (guess != beliefs.given)
        anew = one_hot(guess.clamp(min=0), beliefs.probs.shape[1]).to(beliefs.targets)
        self._told = told(errors, thresholds, self.classes)
        return Targets(torch.where(errors[:, None], anew, beliefs.targets))

    def scalars(self) -> Mapping[str, float]:
        """The last epoch's share of candidates, and the classes' thresholds."""
        return self._told


def make_confident_joint_relabel(params: RelabelParams, context: Context) -> ConfidentJointRelabel:
    """Factory of the component `confident_joint_relabel`."""
    return ConfidentJointRelabel(warm_up=params.warm_up, classes=tuple(context.classes))
