"""The frame at many sizes, in tiles, and what the proposal network sees in each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit_mtcnn.area import Columns, Rows, plan_columns, plan_rows, resample
from ferkit_mtcnn.boxes import CELL, STRIDE, cell_boxes, pyramid_scales

HALO = CELL - STRIDE
"""Pixels that the cells of neighbouring tiles have in common."""


class Tiling(NamedTuple):
    """How large the pieces are that are computed at a time.

    rows, columns: of a tile, pixels of a pyramid level without the halo; even.
    """

    rows: int
    columns: int


IN_CACHE = Tiling(256, 512)
"""On a CPU: the largest values of the network stay in its second-level cache."""
AT_ONCE = Tiling(1 << 20, 1 << 20)
"""On a GPU: few large steps."""


class Tile(NamedTuple):
    """Part of a pyramid level.

    rows, columns: what is resampled. cells: (height, width) of the proposal network's answer.
    """

    rows: Rows
    columns: list[Columns]
    cells: tuple[int, int]


class Pyramid(NamedTuple):
    """All tiles of all levels for frames of one size.

    The rest says of each tile, as tensors (tiles,): number of its first cell, where it lies in
    its level (in cells), its width in cells, its level, its scale. Cells are numbered tile by
    tile, row by row.
    """

    tiles: list[Tile]
    first_cell: Tensor
    row: Tensor
    column: Tensor
    width: Tensor
    level: Tensor
    scale: Tensor
    levels: int

    def images(self, sums: Tensor) -> Iterator[Tensor]:
        """Each tile's pixels: (B, h, w, 3) float32, 0 to 255, from the sums of rows."""
        for tile in self.tiles:
            yield resample(sums, tile.rows, tile.columns)

    def locate(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes (n, 4) float in pixels of the frame, and levels (n,), of cells by number."""
        tile = torch.bucketize(cells, self.first_cell, right=True) - 1
        within = cells - self.first_cell[tile]
        width = self.width[tile]
        rows = self.row[tile] + within // width
        columns = self.column[tile] + within % width
        return cell_boxes(rows, columns, self.scale[tile]), self.level[tile]


def plan_pyramid(
    height: int,
    width: int,
    *,
    min_face_px: float,
    factor: float,
    tiling: Tiling,
    device: torch.device,
) -> Pyramid:
    """Plan the pyramid for frames of one size, to be computed on `device`."""
    scales = pyramid_scales(height, width, min_face_px=min_face_px, factor=factor)
    tiles: list[Tile] = []
    facts: list[tuple[int, int, int, int, int]] = []
    number = 0
    for level, scale in enumerate(scales):
        tall, wide = int(height * scale + 1), int(width * scale + 1)
        columns_of = {
            (low, high): plan_columns(width, wide, low=low, high=high, device=device)
            for low, high in _stretches(wide, tiling.columns)
        }
        for top, bottom in _stretches(tall, tiling.rows):
            rows = plan_rows(height, tall, low=top, high=bottom, device=device)
            for (left, right), columns in columns_of.items():
                cells = _cells(bottom - top), _cells(right - left)
                tiles.append(Tile(rows, columns, cells))
                facts.append((number, top // STRIDE, left // STRIDE, cells[1], level))
                number += cells[0] * cells[1]
    table = torch.tensor(facts, dtype=torch.int64).reshape(-1, 5).T.contiguous().to(device)
    first_cell, row, column, across, of_level = table.unbind(0)
    scale_of = torch.tensor(scales, dtype=torch.float32, device=device)[of_level]
    return Pyramid(tiles, first_cell, row, column, across, of_level, scale_of, len(scales))


def _cells(side: int) -> int:
    """Cells of the proposal network along a side of so many pixels."""
    return -(-(side - 2) // STRIDE) - 4


def _stretches(count: int, longest: int) -> list[tuple[int, int]]:
    """First pixel and end, halo included, of each tile along an axis of `count` pixels.

    As few tiles as can be, about equally long: a short one takes nearly as long as a long one.
    """
    cells = _cells(count)
    if cells < 1:
        return []
    stretch = STRIDE * -(-cells // -(-STRIDE * cells // longest))
    return [(low, min(low + stretch + HALO, count)) for low in range(0, STRIDE * cells, stretch)]
