"""A phase by itself, and a clock for its steps."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import torch

from ferkit.contracts.training import Batch, EpochPlan, Parts, Phase, SSLLoop, StepResult
from ferkit.training.job import Silence

ENOUGH_SECONDS = 0.8
"""Of steps, and again of predictions; a step or batch that takes longer is timed in part."""


now = time.perf_counter
"""Tells seconds; a benchmark sets another clock, which other processes do not hold up."""


class OnePhase:
    """A loop that has one phase of another, without what only ends or skips it."""

    def __init__(self, loop: SSLLoop, phase: Phase) -> None:
        self._loop = loop
        self.views, self.networks = loop.views, loop.networks
        if hasattr(loop, "make_module"):
            self.make_module = loop.make_module
        self._phase = phase._replace(
            epochs=1, initial=False, patience=None, rounds_patience=None, unlabelled_part=1.0
        )

    def phases(self) -> tuple[Phase, ...]:
        return (self._phase,)

    def plan_epoch(self, *args: Any, **named: Any) -> EpochPlan:
        return self._loop.plan_epoch(*args, **named)

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        return self._loop.step(batch, parts)


class Enough(Exception):
    """Enough steps are timed."""


class StepClock(Silence):
    """Notes when steps end.

    Args:
        device: that is waited for.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.moments: list[float] = []

    def step_finished(self, done: int, total: int, loss: float | None) -> None:
        wait_for(self._device)
        self.moments.append(now())
        if len(self.moments) > 1 and self.moments[-1] - self.moments[0] > ENOUGH_SECONDS:
            raise Enough

    def seconds(self, began: float) -> float:
        """Of a step: the median of all but the first, which sets things up.

        Args:
            began: when the first one did.
        """
        if len(self.moments) < 2:
            return self.moments[0] - began
        lengths = sorted(b - a for a, b in pairwise(self.moments))
        return lengths[len(lengths) // 2]


def wait_for(device: torch.device) -> None:
    """Wait until a device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
