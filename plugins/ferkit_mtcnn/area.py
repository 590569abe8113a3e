"""Area resampling from sums of rows.

The mean over whole pixels that `torch.nn.functional.interpolate(mode="area")` takes: of `size`
pixels, output `i` of `count` averages those from `floor(i size / count)` up to
`ceil((i + 1) size / count)`. Down the frame, the sum over any stretch of rows is the difference
of two sums from the top, whatever its length. Across, neighbouring outputs need neighbouring
pixels only, so a few outputs at a time are one product with a small matrix.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
from torch import Tensor

SHORT_SUM = 128
"""Rows of 8-bit pixels whose sum fits into a signed 16-bit number: 128 * 255 < 2**15."""
PIXELS_PER_BAND = 40
"""About how many columns one matrix reads on a CPU."""
OUTPUTS_PER_BAND = 16
"""The most columns it answers there."""


def sum_rows(frames: Tensor, *, longest: int) -> Tensor:
    """Sums of the rows above: (B, H, W, 3) uint8 -> (B, H + 1, W * 3) int16 or int32.

    Row `y` of the result sums the rows before `y`.

    Args:
        longest: most rows that anyone asks the sum of. With `SHORT_SUM` or fewer the result may
            be 16-bit numbers, half the memory: they overflow, and yet the difference of two of
            them is right, as such numbers are counted around a circle.
    """
    count, height, width = frames.shape[:3]
    if frames.device.type != "cpu":
        above = frames.new_zeros(count, 1, width * 3, dtype=torch.int32)
        pixels = frames.reshape(count, height, -1)
        return torch.cat([above, pixels.cumsum(1, dtype=torch.int32)], 1)
    dtype = torch.int16 if longest <= SHORT_SUM else torch.int32
    sums = torch.empty(count, height + 1, width * 3, dtype=dtype)
    sums[:, 0] = 0
    sums.view(count, height + 1, width, 3)[:, 1:] = frames
    # Row by row: `cumsum` would go down one column after the other, which is slow on a CPU.
    rows = sums.unbind(1)
    for above, row in itertools.pairwise(rows):
        row.add_(above)
    return sums


def mean_bounds(size: Tensor, numbers: Tensor, *, count: int) -> tuple[Tensor, Tensor]:
    """First pixel and end of some of the `count` outputs of an axis of `size` pixels.

    Args:
        size: int64, at least 1. numbers: int64, of the outputs; broadcast with `size`.
    """
    return numbers * size // count, ((numbers + 1) * size + count - 1) // count


def mean_weights(first: Tensor, end: Tensor, *, start: Tensor, taps: int) -> Tensor:
    """What each of `taps` pixels, from `start` on, adds to means.

    Args:
        first, end: (n, outputs) int64, the bounds of the means. start: (n, 1) int64.
    Returns: (n, outputs, taps) float32; where the pixels cover a mean, its row sums to 1.
    """
    # Whole numbers in floats, which are exact: comparing them is faster than writing truth values.
    pixels = (start + torch.arange(taps, device=start.device))[:, None].float()
    first, end = first[..., None].float(), end[..., None].float()
    begun = torch.ge(pixels, first, out=pixels.new_empty(*first.shape[:2], taps))
    before_end = torch.lt(pixels, end, out=torch.empty_like(begun))
    return begun.mul_(before_end).div_(end - first)


class Rows(NamedTuple):
    """Some outputs down the frame.

    bounds: (2 * outputs,) int64, the ends of their means, then their first rows.
    share: (outputs, 1) float32, 1 over the rows of each.
    """

    bounds: Tensor
    share: Tensor


class Columns(NamedTuple):
    """Consecutive outputs across, from the pixels `start` to `end`.

    weights: (3 * (end - start), 3 * outputs) float32: three channels are interleaved.
    """

    start: int
    end: int
    weights: Tensor


def _rows_together(sums: Tensor) -> int:
    """Rows whose sums are taken at a time: on a CPU as many as its cache holds."""
    return 64 if sums.device.type == "cpu" else 1 << 20


def plan_rows(size: int, count: int, *, low: int, high: int, device: torch.device) -> Rows:
    """Outputs `low` to `high` of the `count` that `size` rows are resampled to."""
    first, end = mean_bounds(torch.tensor(size), torch.arange(low, high), count=count)
    share = 1 / (end - first).float()[:, None]
    return Rows(torch.cat([end, first]).to(device), share.to(device))


def plan_columns(
    size: int, count: int, *, low: int, high: int, device: torch.device
) -> list[Columns]:
    """Outputs `low` to `high` of the `count` that `size` columns are resampled to."""
    wide = 128 if device.type != "cpu" else OUTPUTS_PER_BAND  # a GPU likes few large steps
    most = max(1, min(wide, wide * PIXELS_PER_BAND // OUTPUTS_PER_BAND * count // size))
    firsts = range(low, high, most)
    lasts = [min(number + most, high) - 1 for number in firsts]
    starts = [number * size // count for number in firsts]
    ends = [-(-(number + 1) * size // count) for number in lasts]
    taps = max(end - start for start, end in zip(starts, ends, strict=True))
    numbers = torch.arange(low, low + len(firsts) * most).view(-1, most)
    weights = mean_weights(
        *mean_bounds(torch.tensor(size), numbers, count=count),
        start=torch.tensor(starts)[:, None],
        taps=taps,
    )  # (bands, outputs, taps)
    spread = weights.new_zeros(len(firsts), taps, 3, most, 3)
    spread.diagonal(dim1=2, dim2=4).copy_(weights.transpose(1, 2)[..., None])
    spread = spread.view(len(firsts), taps * 3, most * 3).to(device)
    return [
        Columns(start, end, own[: 3 * (end - start), : 3 * (last - first + 1)])
        for own, start, end, first, last in zip(spread, starts, ends, firsts, lasts, strict=True)
    ]


def resample(sums: Tensor, rows: Rows, columns: list[Columns]) -> Tensor:
    """Resample some rows and columns.

    Args:
        sums: (B, H + 1, W * 3), contiguous, see `sum_rows`.
    Returns: (B, outputs of the rows, outputs of all columns, 3) float32, 0 to 255.
    """
    count, below, width = sums.shape
    left, right = 3 * columns[0].start, 3 * columns[-1].end
    height = len(rows.share)
    frames = torch.arange(count, device=sums.device)[:, None]
    places = ((frames * below + rows.bounds) * width + left).view(count, 2, height)
    together = _rows_together(sums)
    ends, firsts = (torch.split(each.flatten(), together) for each in places.unbind(1))
    # Copying runs out of one stretch of memory is faster than selecting from a slice.
    runs = sums.view(-1).unfold(0, right - left, 1)
    lines = torch.empty(count * height, right - left, device=sums.device)
    for part, end, first in zip(torch.split(lines, together), ends, firsts, strict=True):
        part.copy_(runs.index_select(0, end).sub_(runs.index_select(0, first)))
    small = lines.new_empty(len(lines), sum(band.weights.shape[1] for band in columns))
    done = 0
    for band in columns:
        pixels = lines[:, 3 * band.start - left : 3 * band.end - left]
        torch.mm(pixels, band.weights, out=small[:, done : done + band.weights.shape[1]])
        done += band.weights.shape[1]
    return small.view(count, height, -1).mul_(rows.share).view(count, height, -1, 3)
