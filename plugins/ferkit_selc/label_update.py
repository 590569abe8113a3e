"""The label update `selc`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Targets
from ferkit.plugin import Context
from ferkit.training.losses import cross_entropy_of_probs
from ferkit.training.sample_tables import last_places, table_for
from ferkit_selc.params import SelcParams
from ferkit_selc.turning import NONE, TurningPoint


def next_label(label: Tensor, probs: Tensor, momentum: float) -> Tensor:
    """t <- alpha t + (1 - alpha) p.

    Args:
        label: t, (n, K), rows sum to 1. probs: p, (n, K), detached.
        momentum: alpha, in [0, 1].
    Returns: (n, K), rows sum to 1.
    Source: Lu and He (arXiv:2205.01156), section 3, and the published code.
    """
    return momentum * label + (1 - momentum) * probs


class SelcTargets:
    """What it is handed until the turning epoch; from then on labels that follow the predictions.

    Args:
        turning: number of the first epoch of a phase, from 0, in which labels move, or what finds
            it out.
        momentum: alpha.
    """

    every: Cadence = "step"

    def __init__(self, *, turning: int | TurningPoint, momentum: float) -> None:
        self.turning, self.momentum = turning, momentum
        self._labels: Tensor | None = None  # t, (N, K) by sample id; a row of zeros: not begun
        self._moved: Tensor | float = 0.0

    def update(self, beliefs: Beliefs, progress: Progress) -> Targets:
        """A sample's label begins as what it is handed the first time it moves."""
        if not self._turned(beliefs, progress):
            self._labels, self._moved = None, 0.0
            return Targets(beliefs.targets)
        ids = beliefs.ids
        table = table_for(self._labels, beliefs)
        known = table[ids]
        begun = known.any(-1, keepdim=True)
        before = torch.where(begun, known, beliefs.targets.to(known))
        labels = next_label(before, beliefs.probs[last_places(ids)], self.momentum)
        table[ids] = labels
        self._labels = table
        given = beliefs.given >= 0
        moved = given & (labels.argmax(-1) != beliefs.given)
        self._moved = moved.sum() / given.sum().clamp(min=1)
        return Targets(labels)

    def _turned(self, beliefs: Beliefs, progress: Progress) -> bool:
        """Whether labels move in this step."""
        point = self.turning
        if isinstance(point, int):
            return progress.epoch >= point
        point.begin(progress)
        if not point.passed:
            ids, last = beliefs.ids, last_places(beliefs.ids)
            losses = cross_entropy_of_probs(beliefs.probs, beliefs.targets)
            losses = losses.masked_fill(beliefs.given < 0, NONE)
            total = beliefs.total or (int(ids.max()) + 1 if len(ids) else 0)
            point.note(ids, losses[last], total=total)
        return point.passed

    def scalars(self) -> Mapping[str, Tensor | float]:
        """`relabelled`: share of the step's given labels that are not the likeliest class now; with
        a turning point `turned`, 1 once labels move, and `loss_distance` of the epochs before."""
        told: dict[str, Tensor | float] = {"relabelled": self._moved}
        if isinstance(self.turning, TurningPoint):
            told["turned"] = float(self.turning.passed)
            if self.turning.distance is not None:
                told["loss_distance"] = self.turning.distance
        return told

    def state_dict(self) -> dict[str, Tensor]:
        """The labels, once there are any, and what the turning point knows."""
        own = {} if self._labels is None else {"labels": self._labels}
        return own if isinstance(self.turning, int) else own | self.turning.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self._labels = state.get("labels")
        if isinstance(self.turning, TurningPoint):
            self.turning.load_state_dict(state)


def make_selc(params: SelcParams, context: Context) -> SelcTargets:
    """Factory of the component `selc`."""
    turning = TurningPoint(params.patience) if params.turning == "auto" else params.turning
    return SelcTargets(turning=turning, momentum=params.momentum)
