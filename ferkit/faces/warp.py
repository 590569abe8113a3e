"""One antialiased affine warp from the source frame to the crops; no second resampling."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

POINTS = 1 << 21
"""Source points sampled at a time, so that a huge shrink takes time and not memory."""


def warp(
    frames: Sequence[Tensor], transforms: Tensor, frame_of: Tensor, *, size: int
) -> tuple[Tensor, Tensor]:
    """Cut crops out of frames, each in one resampling.

    A crop pixel is the mean of k x k bilinear samples spread evenly over the part of the frame
    that it covers, k being the number of source pixels along its longer side, rounded up. So
    enlarging is bilinear, an upright shrink by an integer is exactly the mean over an area,
    and the identity copies. Beyond the frame its mirror image is seen (edge pixel repeated).

    Args:
        frames: (B, 3, H, W) uint8.
        transforms: (n, R, 2, 3) float, source pixels -> crop pixels; the centre of the first
            pixel is (0, 0) in both.
        frame_of: (n,) int64, the frame that each face is in.
        size: side S of the crops, pixels.
    Returns: crops (n, R, 3, S, S) uint8, on the device of `frames`, and the fraction of each
        that lies in the frame, (n, R) float32 in [0, 1]. A transform that is not finite or
        cannot be inverted gives a black crop and fraction 0.
    """
    count, regions = transforms.shape[:2]
    crops = frames[0].new_zeros(count, regions, 3, size, size)
    inside = torch.zeros(count, regions, dtype=torch.float32)
    inverses = invert(transforms.detach().to("cpu", torch.float64))
    for face in range(count):
        frame = frames[int(frame_of[face])]
        for region in range(regions):
            inverse = inverses[face, region]
            if bool(torch.isfinite(inverse).all()):
                crops[face, region] = _warp_one(frame, inverse, size)
                inside[face, region] = fraction_inside(inverse, frame.shape[1:], size)
    return crops, inside


def invert(transforms: Tensor) -> Tensor:
    """Invert affine maps (..., 2, 3); one that has no inverse becomes nan."""
    linear, shift = transforms[..., :2], transforms[..., 2:]
    determinant = linear[..., 0, 0] * linear[..., 1, 1] - linear[..., 0, 1] * linear[..., 1, 0]
    usable = torch.isfinite(transforms).all(-1).all(-1) & (determinant.abs() > 1e-12)
    swapped = torch.stack(
        [
            torch.stack([linear[..., 1, 1], -linear[..., 0, 1]], -1),
            torch.stack([-linear[..., 1, 0], linear[..., 0, 0]], -1),
        ],
        -2,
    )
    inverse = swapped / determinant[..., None, None]
    whole = torch.cat([inverse, -inverse @ shift], -1)
    return torch.where(usable[..., None, None], whole, torch.nan)


def samples_per_side(inverse: Tensor) -> int:
    """How many samples along each side of a crop pixel: its longest extent in the source.

    Args:
        inverse: (2, 3), crop pixels -> source pixels.
    """
    longest = float(torch.linalg.matrix_norm(inverse[:, :2], ord=2))
    return max(1, math.ceil(longest - 1e-3))


def fraction_inside(inverse: Tensor, frame_size: tuple[int, ...], size: int) -> float:
    """Fraction of the crop's pixel centres that fall on the frame (H, W)."""
    height, width = frame_size
    x, y = _source_points(inverse, torch.arange(size), torch.arange(size))
    within = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    return float(within.to(torch.float32).mean())


def _source_points(inverse: Tensor, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """Where the grid rows x columns of crop coordinates lies in the source: x, y."""
    u, v = columns.to(inverse)[None, :], rows.to(inverse)[:, None]
    x = inverse[0, 0] * u + inverse[0, 1] * v + inverse[0, 2]
    y = inverse[1, 0] * u + inverse[1, 1] * v + inverse[1, 2]
    return x, y


def _warp_one(frame: Tensor, inverse: Tensor, size: int) -> Tensor:
    """(3, H, W) uint8 -> (3, S, S) uint8, in stripes of rows."""
    per_side = samples_per_side(inverse)
    finer = torch.arange(size * per_side, dtype=inverse.dtype)
    finer = (finer + 0.5) / per_side - 0.5  # samples spread over each crop pixel
    step = max(1, POINTS // (size * per_side * per_side))
    stripes = []
    for top in range(0, size, step):
        rows = finer[top * per_side : (top + step) * per_side]
        stripes.append(_sample(frame, *_source_points(inverse, rows, finer), per_side))
    return torch.cat(stripes, 1)


def _sample(frame: Tensor, x: Tensor, y: Tensor, per_side: int) -> Tensor:
    """Bilinear samples at x, y (h k, w k), averaged k x k: (3, h, w) uint8."""
    x, y = _mirror(x, frame.shape[2]), _mirror(y, frame.shape[1])
    left, right = int(x.min()), min(int(x.max()) + 2, frame.shape[2])
    top, bottom = int(y.min()), min(int(y.max()) + 2, frame.shape[1])
    # Only the part that is looked at is turned into floats.
    seen = frame[None, :, top:bottom, left:right].to(torch.float32)
    grid = torch.stack(
        [(2 * (x - left) + 1) / (right - left) - 1, (2 * (y - top) + 1) / (bottom - top) - 1], -1
    )
    values = grid_sample(
        seen,
        grid[None].to(seen),
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    if per_side > 1:
        values = avg_pool2d(values, per_side)
    return values[0].round().clamp(0, 255).to(torch.uint8)


def _mirror(position: Tensor, length: int) -> Tensor:
    """Fold coordinates back into [0, length - 1], mirrored at the outer edges of the frame."""
    folded = torch.remainder(position + 0.5, 2 * length)
    folded = torch.where(folded > length, 2 * length - folded, folded) - 0.5
    return folded.clamp(0, length - 1)
