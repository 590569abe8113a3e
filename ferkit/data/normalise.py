"""Mean and deviation of the training data per channel (A13).

A13 normalises with statistics of the training data alone. They are of valid pixels: padding and
regions that could not be cut do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from ferkit.contracts.data import Clips, ClipSource
from ferkit.errors import RunError


def channel_statistics(
    source: ClipSource, index: Sequence[int] | Tensor | None = None, *, batch_size: int = 64
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation per colour channel of rows of a source, in bounded memory.

    Args:
        source: prepared clips.
        index: rows to look at; default: all.
        batch_size: clips read at a time.
    Returns: mean (3,) and std (3,) float32 in units of [0, 1]; std is at least 1/255.
    Raises: RunError: there is no valid frame.
    Source: Happy et al., section IV (A13).
    """
    rows = range(len(source)) if index is None else [int(i) for i in index]
    starts = range(0, len(rows), batch_size)
    return statistics_of(source.read(rows[start : start + batch_size]) for start in starts)


def statistics_of(batches: Iterable[Clips]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation per channel over batches of clips; see `channel_statistics`."""
    counts = torch.zeros(3, 256, dtype=torch.float64)
    for clips in batches:
        frames = clips.frames[clips.valid]  # (M, 3, H, W)
        for channel in range(3):
            # A histogram is exact: sums of float pixels would depend on the order.
            values = frames[:, channel].reshape(-1)
            counts[channel] += torch.bincount(values, minlength=256).cpu()
    total = counts.sum(1)
    if not total.all():
        raise RunError("no valid frame to take the mean and the deviation of.")
    levels = torch.arange(256, dtype=torch.float64) / 255
    mean = (counts * levels).sum(1) / total
    variance = (counts * (levels - mean[:, None]) ** 2).sum(1) / total
    return mean.float(), variance.sqrt().clamp(min=1 / 255).float()
