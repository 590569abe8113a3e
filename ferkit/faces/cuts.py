"""How much a video's picture changes from frame to frame: where it jumps, a new scene begins."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

SAMPLES, CELLS = 64, 16
"""Rows and columns of a frame that are looked at for scene cuts, and of the grey thumbnail."""


class FrameChanges:
    """Compares each frame of one video with the frame before it."""

    def __init__(self) -> None:
        self._before: tuple[tuple[int, ...], Tensor] | None = None  # shape, thumbnail

    def of(self, frames: Sequence[Tensor]) -> list[float]:
        """The changes to the next frames.

        Args:
            frames: (3, H, W) uint8 each, in order, on any device.
        Returns: for each the mean difference of its thumbnail to the one before, fraction of
            white; 0 for the very first, 1 where the size changes.
        """
        if not len(frames):
            return []
        small = torch.stack([thumbnail(frame) for frame in frames]).cpu()
        changes = []
        for frame, own in zip(frames, small, strict=True):
            shape, before = tuple(frame.shape), self._before
            self._before = shape, own
            if before is None:
                changes.append(0.0)
            else:
                same_size = before[0] == shape
                changes.append(float((own - before[1]).abs().mean()) if same_size else 1.0)
        return changes


def thumbnail(frame: Tensor) -> Tensor:
    """A small grey picture of a frame, from a few of its pixels.

    Args:
        frame: (3, H, W) uint8.
    Returns: (CELLS, CELLS) float32 in [0, 1], the mean of the three channels.
    """
    places = torch.arange(SAMPLES, device=frame.device)
    rows, columns = ((2 * places + 1) * length // (2 * SAMPLES) for length in frame.shape[1:])
    pixels = frame[:, rows[:, None], columns].to(torch.float32)
    size = SAMPLES // CELLS
    return pixels.reshape(3, CELLS, size, CELLS, size).mean((0, 2, 4)) / 255
