"""The pixels of crops: means of bilinear samples of frames that go on as their mirror images.

`resample_crop` is for a CPU: one crop at a time, in tiles whose part of the frame fits the cache.
`resample_flat` is for a GPU: many crops at a time, of frames of any sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

TILE = 256
"""Samples along the side of a tile."""
POINTS = 1 << 20
"""Samples that `resample_flat` takes at a time, so that many of them take time and not memory."""
LAYERS = 64
"""Samples of one pixel that are summed one after the other, by one thread of a GPU."""


class FlatFrames(NamedTuple):
    """Frames of any sizes as one row of bytes.

    pixels: uint8, the frames (3, H, W) one after the other. start: where each begins, (B,) int64
    on the CPU. sizes: height and width of each, (B, 2) int64 on the CPU.
    """

    pixels: Tensor
    start: Tensor
    sizes: Tensor


def sample_offsets(per_side: int) -> Tensor:
    """Where k samples lie in a pixel of side 1 around 0: (k,) float64."""
    return (torch.arange(per_side, dtype=torch.float64) + 0.5) / per_side - 0.5


def resample_crop(frame: Tensor, inverse: Tensor, per_side: int, size: int) -> Tensor:
    """One crop; each of its pixels is the mean of k x k samples.

    The samples are to lie at most one source pixel apart, else a tile sees too much of the frame
    for its memory to be bounded; `resample_flat` knows no such limit.

    Args:
        frame: (3, H, W) uint8 on the CPU.
        inverse: (2, 3) float64, crop pixels -> source pixels.
        per_side: k.
        size: side S of the crop, pixels.
    Returns: (3, S, S) uint8.
    """
    crop = torch.empty(3, size, size, dtype=torch.uint8)
    matrix = inverse.tolist()
    for rows, columns in _tiles(size, per_side):
        crop[:, rows, columns] = _resample_tile(frame, matrix, per_side, rows, columns).round_()
    return crop


def resample_flat(
    frames: FlatFrames, frame_of: Tensor, inverses: Tensor, per_side: int, size: int
) -> Tensor:
    """As `resample_crop`, for m crops on the device of the frames.

    What a crop holds does not depend on the others: every step is elementwise, or sums samples
    of one pixel in a fixed order.

    Args:
        frame_of: (m,) int64 on the CPU.
        inverses: (m, 2, 3) float64 on the CPU.
    Returns: (m, 3, S, S) uint8.
    """
    device = frames.pixels.device
    finer = sample_offsets(per_side)
    pairs = torch.cartesian_prod(finer, finer).reshape(-1, 2)  # (k k, 2): down, across
    at_once = min(len(pairs), LAYERS, max(1, POINTS // size**2))
    lengths = frames.sizes[frame_of].flip(1)  # (m, 2): of x, of y
    middle = inverses @ torch.tensor([(size - 1) / 2, (size - 1) / 2, 1], dtype=torch.float64)
    middle = torch.remainder(middle + 0.5, 2 * lengths) - 0.5  # the mirror images repeat
    u = torch.arange(size, device=device) - (size - 1) / 2
    crops = []
    for some in torch.split(torch.arange(len(inverses)), max(1, POINTS // (at_once * size**2))):
        a, b = (each[..., None].to(device) for each in inverses[some, :, :2].float().unbind(2))
        upright = (a * u)[:, :, None, :] + (b * u)[:, :, :, None]  # (m, 2, S, S)
        upright += middle[some].float().to(device)[:, :, None, None]
        length = lengths[some].to(device)
        start = frames.start[frame_of[some]].to(device)
        total = torch.zeros(len(some), 3, size, size, device=device)
        for few in torch.split(pairs.float().to(device), at_once):
            inner = a * few[:, 1] + b * few[:, 0]  # (m, 2, g)
            positions = upright[:, :, None] + inner[..., None, None]
            samples = _gather(frames.pixels, start, length, positions)  # (m, 3, g, S, S)
            if len(few) > 1:
                rows = samples.reshape(-1, 1, len(few), size**2)
                samples = avg_pool2d(rows, (len(few), 1))
            total += samples.reshape_as(total) * (len(few) / len(pairs))
        crops.append(total.round_().to(torch.uint8))
    return torch.cat(crops)


def _tiles(size: int, per_side: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of equal tiles with about TILE samples a side, which cover the crop."""
    count = min(size, math.ceil(size * per_side / TILE))
    side = math.ceil(size / count)
    parts = [slice(start, min(start + side, size)) for start in range(0, size, side)]
    return ((rows, columns) for rows in parts for columns in parts)


class _Axis(NamedTuple):
    """One coordinate of a tile: the part of the frame it sees, and steps in `grid_sample`'s units.

    A tile's pixel u, v (from its middle) lies at `middle + across * u + down * v`, where -1 and 1
    are the outer edges of the frame's pixels `start` .. `stop` - 1.
    """

    start: int
    stop: int
    mirrored: bool
    middle: float
    across: float
    down: float


def _axis(across: float, down: float, middle: float, reach: float, length: int) -> _Axis:
    """Of steps, middle and reach (to the outermost sample) in px, and the frame's length."""
    middle = math.remainder(middle + 0.5, 2 * length) - 0.5  # the mirror images repeat
    if middle < -0.5:  # in the mirror image: go through the frame the other way
        middle, across, down = -1 - middle, -across, -down
    low, high = middle - reach, middle + reach
    start, stop = 0, length
    # Beyond one edge only what is mirrored there is seen, too; the other edge must not mirror.
    if low >= 0:
        start = max(0, int(min(low, 2 * length - 1 - high)))
    if high <= length - 1:
        stop = min(length, int(max(high, -1 - low)) + 2)
    seen = stop - start
    return _Axis(
        *(start, stop, low < -0.5 or high > length - 0.5),
        *((2 * (middle - start) + 1) / seen - 1, 2 * across / seen, 2 * down / seen),
    )


def _resample_tile(
    frame: Tensor, inverse: list[list[float]], per_side: int, rows: slice, columns: slice
) -> Tensor:
    """(3, rows, columns) float32."""
    (u, middle_u, reach_u), (v, middle_v, reach_v) = (
        _from_middle(part, per_side) for part in (columns, rows)
    )
    x, y = (
        _axis(a, b, a * middle_u + b * middle_v + shift, abs(a) * reach_u + abs(b) * reach_v, long)
        for (a, b, shift), long in zip(inverse, frame.shape[:0:-1], strict=True)
    )
    seen = frame[None, :, y.start : y.stop, x.start : x.stop].to(torch.float32)
    # Points are complex numbers x + iy: one addition, and `grid_sample` sees pairs.
    across, down = complex(x.across, y.across), complex(x.down, y.down)
    grid = u * across + (v * down + complex(x.middle, y.middle))[:, None]
    if per_side > 1:
        finer = sample_offsets(per_side).to(torch.float32)
        inner = finer * across + (finer * down)[:, None]
        grid = (grid + inner.reshape(-1, 1, 1)).flatten(0, 1)  # (k k rows, columns)
    values = grid_sample(
        seen,
        torch.view_as_real(grid)[None],
        mode="bilinear",
        padding_mode="reflection" if x.mirrored or y.mirrored else "border",
        align_corners=False,
    )[0]
    return values.reshape(3, -1, len(v), len(u)).mean(1) if per_side > 1 else values


def _from_middle(part: slice, per_side: int) -> tuple[Tensor, float, float]:
    """Crop pixels of a tile from its middle, the middle, and the way to the outermost sample."""
    middle, half = (part.start + part.stop - 1) / 2, (part.stop - part.start - 1) / 2
    pixels = torch.arange(-half, half + 0.5, dtype=torch.float32)
    return pixels, middle, half + (per_side - 1) / (2 * per_side)


def _gather(pixels: Tensor, start: Tensor, lengths: Tensor, positions: Tensor) -> Tensor:
    """Bilinear samples of flat frames.

    Args:
        pixels: all bytes. start: (m,) of the frames. lengths: (m, 2) int64, width and height.
        positions: (m, 2, g, S, S) float32, x and y in source px. Overwritten.
    Returns: (m, 3, g, S, S) float32.
    """
    length = lengths[:, :, None, None, None]
    positions = positions.add_(0.5).remainder_(2 * length)
    positions = torch.minimum(positions, 2 * length - positions).sub_(0.5)  # fold
    positions = torch.minimum(positions.clamp_(min=0), (length - 1).to(positions))
    low = positions.floor()
    right, below = (positions - low)[:, :, None].unbind(1)  # (m, 1, g, S, S) weights
    low = low.to(torch.int64)
    (left, top), (next_x, next_y) = low.unbind(1), torch.minimum(low + 1, length - 1).unbind(1)
    width, area = lengths[:, 0], lengths.prod(1)
    plane = start[:, None] + area[:, None] * torch.arange(3, device=area.device)  # (m, 3)
    plane, width = plane[..., None, None, None], width[:, None, None, None]

    def at(y: Tensor, x: Tensor) -> Tensor:
        return pixels.take((y * width + x)[:, None] + plane).to(torch.float32)

    upper = torch.lerp(at(top, left), at(top, next_x), right)
    return torch.lerp(upper, torch.lerp(at(next_y, left), at(next_y, next_x), right), below)
