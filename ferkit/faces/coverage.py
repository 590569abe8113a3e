"""How much of a crop lies in its frame."""

from __future__ import annotations

import torch
from torch import Tensor


def fraction_inside(inverses: Tensor, frame_sizes: Tensor, size: int) -> Tensor:
    """Fraction of each crop's pixel centres that fall on its frame, exactly.

    A crop whose corners lie in the frame lies in it as a whole, for a frame is convex. Of any
    other, each row passes each edge of the frame once, at a place that is found by halving: some
    S log S points are looked at and not S x S.

    Args:
        inverses: (m, 2, 3) float64, finite: crop pixels -> source pixels.
        frame_sizes: (m, 2), height and width in pixels of the frame of each.
        size: side S of the crops, pixels.
    Returns: (m,) float32 in [0, 1].
    """
    lengths = frame_sizes.flip(1).to(torch.float64)  # of x, of y
    outer = lengths - 0.5
    ends = torch.tensor([0, size - 1])
    corners = _positions(inverses, ends[None, None, None, :], ends[None, None, :, None])
    within = (corners >= -0.5) & (corners <= outer[:, :, None, None])
    fraction = within.flatten(1).all(1).to(torch.float32)
    cut = (fraction == 0).nonzero()[:, 0]
    if len(cut):
        counts = _count_inside(inverses[cut], outer[cut], size)
        fraction[cut] = (counts / size**2).to(torch.float32)
    return fraction


def _positions(inverses: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """Source x and y, (m, 2, ...), of crop pixels whose columns and rows broadcast to that.

    In this order of operations rounding keeps the order of the points of a row.
    """
    across, down, shift = (each[:, :, None, None] for each in inverses.unbind(2))
    return across * columns + down * rows + shift


def _count_inside(inverses: Tensor, outer: Tensor, size: int) -> Tensor:
    """Pixel centres with -0.5 <= x, y <= `outer` (m, 2), as (m,) int64."""
    backward = inverses[:, :, 0, None, None] < 0  # (m, 2, 1, 1): x, y; counted from the right then
    rows = torch.arange(size)[None, None, None, :]
    # The first position beyond each edge: not below -0.5, and not below the next above `outer`.
    beyond = torch.nextafter(outer, torch.full_like(outer, torch.inf))
    edges = torch.stack([torch.full_like(outer, -0.5), beyond], 2)[..., None]  # (m, 2, 2, 1)
    low = torch.zeros(len(inverses), 2, 2, size, dtype=torch.int64)
    high = torch.full_like(low, size)
    for _ in range(size.bit_length()):
        middle = (low + high) // 2
        columns = torch.where(backward, size - 1 - middle, middle)
        below = _positions(inverses, columns, rows) < edges
        low, high = (
            torch.where(below & (low < high), middle + 1, low),
            torch.where(below, high, middle),
        )
    first, stop = low.unbind(2)  # (m, 2, S)
    backward = backward[..., 0]
    first, stop = (
        torch.where(backward, size - stop, first),
        torch.where(backward, size - first, stop),
    )
    return (stop.amin(1) - first.amax(1)).clamp(min=0).sum(1)
