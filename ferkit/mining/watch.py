"""Watching the frames of a video for what is new, and for what is shown again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.mining.novelty import edges, grey, novelty
from ferkit.mining.returns import SceneReturns


class Newness(NamedTuple):
    """Of a frame. novelty: the part that the frame before does not show; 0 for the very first, 1
    where the size changes. again: see `SceneReturns.of`."""

    novelty: float
    again: int


class FrameWatch:
    """Compares each frame of one video with frames before it."""

    def __init__(self) -> None:
        self._before: tuple[tuple[int, ...], Tensor] | None = None  # shape, edges
        self._returns = SceneReturns()

    def of(self, frames: Sequence[Tensor]) -> list[Newness]:
        """What is new in the next frames.

        Args:
            frames: (3, H, W) uint8 each, in order, on any device.
        """
        if not len(frames):
            return []
        own = edges(torch.stack([grey(frame) for frame in frames]))
        shapes = [tuple(frame.shape) for frame in frames]
        first = self._before is None
        shape, last = self._before or (shapes[0], own[0])
        # A copy: a view would keep all of these alive.
        self._before = shapes[-1], own[-1].clone()
        found = novelty(own, torch.cat([last[None], own[:-1]])).tolist()
        if first:
            found[0] = 0.0  # a frame without edges is not even like itself
        newness = []
        for now, before, picture, value in zip(
            shapes, [shape, *shapes[:-1]], own, found, strict=True
        ):
            new = float(value)
            if now != before:
                new = 1.0
                self._returns.forget()
            newness.append(Newness(new, self._returns.of(picture.clone(), new)))
        return newness
