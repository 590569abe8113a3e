"""Marks in the steps of a training: when a batch is read, when its views are made, when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.autograd import DeviceType

from ferkit.contracts.data import Clips
from ferkit.data.loader import prefetch
from ferkit.training.job import Silence


class Enough(Exception):
    """The steps are done."""


@dataclass
class Marks:
    """Times of the device, or on a CPU of the clock."""

    device: torch.device
    read: list[Any] = field(default_factory=list)  # B
    viewed: list[Any] = field(default_factory=list)  # C
    stepped: list[Any] = field(default_factory=list)  # A
    loads: list[float] = field(default_factory=list)  # seconds in the reader's thread

    def now(self) -> Any:
        if self.device.type != "cuda":
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def between(self, first: Any, second: Any) -> float:
        """Seconds."""
        if self.device.type != "cuda":
            return float(second - first)
        return float(first.elapsed_time(second)) / 1000


class MarkedLoop:
    """A loop that marks where its step begins."""

    def __init__(self, loop: Any, marks: Marks) -> None:
        self._loop, self._marks = loop, marks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    def step(self, batch: Any, parts: Any) -> Any:
        self._marks.viewed.append(self._marks.now())
        return self._loop.step(batch, parts)


class Watch(Silence):
    """Marks the ends of steps, and profiles those after the first."""

    def __init__(self, marks: Marks, *, warm: int, steps: int, profiler: Any) -> None:
        self.marks, self.warm, self.last, self.profiler = marks, warm, warm + steps, profiler
        self.begun = self.seconds = 0.0

    def step_finished(self, done: int, total: int, loss: float | None) -> None:
        self.marks.stepped.append(self.marks.now())
        if self.profiler is not None and done == self.warm:
            torch.cuda.synchronize(self.marks.device)
            self.profiler.start()
            self.begun = time.perf_counter()
        if done == self.last:
            if self.marks.device.type == "cuda":
                torch.cuda.synchronize(self.marks.device)
            self.seconds = time.perf_counter() - self.begun
            if self.profiler is not None:
                self.profiler.stop()
            raise Enough


def marked_prefetch(marks: Marks, *, held: bool) -> Callable[..., Generator[Any, None, None]]:
    """`prefetch` with marks; `held`: it reads one batch, and hands that out ever again."""

    def wrapped(orders: Iterable[Any], read: Callable[[Any], Any]) -> Generator[Any, None, None]:
        def timed(order: Any) -> Any:
            begun = time.perf_counter()
            answer = read(order)
            marks.loads.append(time.perf_counter() - begun)
            return answer

        pieces = list(orders)
        if held:
            stays = {
                split: Clips(clips.frames.to(marks.device), clips.valid)
                for split, clips in read(pieces[0])[1].items()
            }
            source: Any = ((piece, stays) for piece in pieces)
        else:
            source = prefetch(pieces, timed)
        try:
            for item in source:
                marks.read.append(marks.now())
                yield item
        finally:
            source.close()

    return wrapped


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """Length of the union of intervals.

    >>> covered([(0, 2), (5, 6), (1, 3)])
    4
    """
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def busy_seconds(profiler: Any) -> float:
    """Wall time that kernels and copies of a profile cover."""
    spans = [
        (event.time_range.start, event.time_range.end)
        for event in profiler.events()
        if event.device_type == DeviceType.CUDA
        and not getattr(event, "is_user_annotation", False)
        and "#" not in event.name  # such as Optimizer.step#Adam.step: spans of many kernels
    ]
    return covered(spans) / 1e6
