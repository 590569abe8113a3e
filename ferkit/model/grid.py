"""Maps of any size for layers that were made for one size."""

from __future__ import annotations

import torch
from torch import Tensor


def pool_to(maps: Tensor, side: int) -> Tensor:
    """Means over the cells of a `side` x `side` grid; a smaller map is spread over them.

    What `adaptive_avg_pool2d` gives, as two products of matrices: its gradient on a GPU depends
    on the order in which threads add.

    Args:
        maps: (N, C, H, W).
    Returns: (N, C, side, side); `maps` itself where it has that size.
    """
    height, width = maps.shape[-2:]
    if (height, width) == (side, side):
        return maps
    down = _cells(height, side, like=maps)  # (side, H)
    across = _cells(width, side, like=maps)  # (side, W)
    return down @ maps @ across.T


def _cells(length: int, cells: int, *, like: Tensor) -> Tensor:
    """Row i averages from floor(i * length / cells) up to ceil((i + 1) * length / cells)."""
    rows = torch.zeros(cells, length)
    for i in range(cells):
        start, end = i * length // cells, -(-(i + 1) * length // cells)
        rows[i, start:end] = 1 / (end - start)
    return rows.to(like)
