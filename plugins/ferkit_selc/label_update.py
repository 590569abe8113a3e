"""The label update `selc`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Targets
from ferkit.plugin import Context
from ferkit.training.sample_tables import last_places, table_for
from ferkit_selc.params import SelcParams


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
        turning: number of the first epoch of a phase, from 0, in which labels move.
        momentum: alpha.
    """

    every: Cadence = "step"

    def __init__(self, *, turning: int, momentum: float) -> None:
        self.turning, self.momentum = turning, momentum
        self._labels: Tensor | None = None  # t, (N, K) by sample id; a row of zeros: not begun
        self._moved: Tensor | float = 0.0

    def update(self, beliefs: Beliefs, progress: Progress) -> Targets:
        """A sample's label begins as what it is handed the first time it moves."""
        if progress.epoch < self.turning:
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

    def scalars(self) -> Mapping[str, Tensor | float]:
        """`relabelled`: share of the step's given labels that are not the likeliest class now."""
        return {"relabelled": self._moved}

    def state_dict(self) -> dict[str, Tensor]:
        """The labels, once there are any."""
        return {} if self._labels is None else {"labels": self._labels}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self._labels = state.get("labels")


def make_selc(params: SelcParams, context: Context) -> SelcTargets:
    """Factory of the component `selc`."""
    return SelcTargets(turning=params.turning, momentum=params.momentum)
