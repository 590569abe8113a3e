"""Trainings that a test stops, and what a resumed one is compared by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ferkit.contracts.policies import Beliefs, Progress, Weights
from ferkit.training.job import Silence


class Stop(Exception):
    """A test's own end of a training."""


class StopAfter(Silence):
    """Counts the steps, and raises `Stop` after so many; -1: never."""

    def __init__(self, steps: int = -1) -> None:
        self.steps, self.done = steps, 0

    def step_finished(self, done: int, total: int, loss: float | None) -> None:
        self.done += 1
        if self.done == self.steps:
            raise Stop


class StoppingWeighting:
    """A weighting that presses Ctrl-C when it is asked for that many a time; None: never."""

    every = "step"

    def __init__(self, stop_at: int | None = None) -> None:
        self.stop_at, self.steps = stop_at, 0

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        self.steps += 1
        if self.steps == self.stop_at:
            raise KeyboardInterrupt
        return Weights(targets.new_ones(len(targets)), targets.new_zeros(()))


def without_seconds(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a history without what the clock says."""
    return {name: value for name, value in row.items() if "seconds" not in name}
