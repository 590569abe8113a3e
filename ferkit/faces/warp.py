"""One antialiased affine warp from the source frames to the crops; no second resampling."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ferkit.faces.coverage import fraction_inside
from ferkit.faces.resample import FlatFrames, resample_crop, resample_flat

FLATTEST = 1e6
"""A crop pixel longer than so many source pixels counts as one that has no inverse."""
MOST_PER_SIDE = 1024
"""Samples along a side of a crop pixel."""
WIDEST, WIDEST_PX, SPARSE = 4, 8192, 1024
"""A crop wider than so many times its frame and than so many source pixels gets so many samples
a side in all, further apart than source pixels: next to nothing of the frame is in it, and
landmarks gone astray are not to take hours."""


def warp(
    frames: Sequence[Tensor], transforms: Tensor, frame_of: Tensor, *, size: int
) -> tuple[Tensor, Tensor]:
    """Cut crops out of frames of any sizes, each in one resampling.

    A crop pixel is the mean of k x k bilinear samples spread evenly over the part of the frame
    that it covers, k being the number of source pixels along its longer side, rounded up. So
    enlarging is bilinear, an upright shrink by an integer is exactly the mean over an area,
    and the identity copies. Beyond the frame its mirror image is seen (edge pixel repeated).
    A crop does not depend on which others are in the call.

    Args:
        frames: B of them, each (3, H, W) uint8, all on one device; a (B, 3, H, W) tensor will
            do, too. On a GPU, frames that are not one tensor are copied once, side by side.
        transforms: (n, R, 2, 3) float, source pixels -> crop pixels; the centre of the first
            pixel is (0, 0) in both.
        frame_of: (n,) int64, the frame that each face is in.
        size: side S of the crops, pixels.
    Returns: crops (n, R, 3, S, S) uint8, on the device of the frames, and the fraction of each
        that lies in the frame, (n, R) float32 in [0, 1] on the CPU. A transform that is not
        finite or cannot be inverted gives a black crop and fraction 0.
    """
    count, regions = transforms.shape[:2]
    device = frames[0].device if len(frames) else transforms.device
    crops = torch.zeros(count * regions, 3, size, size, dtype=torch.uint8, device=device)
    fraction = torch.zeros(count * regions)
    inverses = invert(transforms.detach().to("cpu", torch.float64)).reshape(-1, 2, 3)
    rows = (inverses.isfinite().all(2).all(1) & (_longest(inverses) <= FLATTEST)).nonzero()[:, 0]
    if not len(rows):
        return crops.reshape(count, regions, 3, size, size), fraction.reshape(count, regions)
    inverses = inverses[rows]
    home = frame_of.cpu().repeat_interleave(regions)[rows]
    sizes = torch.tensor([frame.shape[1:] for frame in frames])[home]  # (m, 2)
    fraction[rows] = fraction_inside(inverses, sizes, size)
    per_side = samples_per_side(inverses)
    widest = (WIDEST * sizes.amax(1)).clamp(min=WIDEST_PX)
    sparse = (per_side * size > widest + size) | (per_side > MOST_PER_SIDE)
    per_side[sparse] = -(-SPARSE // size)
    one_by_one = ~sparse & (device.type == "cpu")
    for at in one_by_one.nonzero()[:, 0].tolist():
        crops[rows[at]] = resample_crop(
            frames[int(home[at])], inverses[at], int(per_side[at]), size
        )
    rest = (~one_by_one).nonzero()[:, 0]
    if len(rest):
        flat = flatten(frames, sorted(set(home[rest].tolist())))
        for k in sorted(set(per_side[rest].tolist())):
            some = rest[per_side[rest] == k]
            crops[rows[some].to(device)] = resample_flat(flat, home[some], inverses[some], k, size)
    return crops.reshape(count, regions, 3, size, size), fraction.reshape(count, regions)


def flatten(frames: Sequence[Tensor], used: Sequence[int]) -> FlatFrames:
    """Put frames side by side; those that are not in `used` may be left out."""
    sizes = torch.tensor([frame.shape[1:] for frame in frames])
    area = 3 * sizes.prod(1)
    if isinstance(frames, Tensor):
        return FlatFrames(frames.reshape(-1), area.cumsum(0) - area, sizes)
    kept = torch.zeros(len(frames), dtype=torch.int64)
    kept[list(used)] = 1
    pixels = torch.cat([frames[position].reshape(-1) for position in used])
    return FlatFrames(pixels, (area * kept).cumsum(0) - area * kept, sizes)


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


def samples_per_side(inverses: Tensor) -> Tensor:
    """How many samples along each side of a crop pixel: its longest extent in the source.

    Args:
        inverses: (..., 2, 3), crop pixels -> source pixels.
    Returns: (...) int64, at least 1.
    """
    return (_longest(inverses) - 1e-3).ceil().clamp(min=1).to(torch.int64)


def _longest(inverses: Tensor) -> Tensor:
    """The larger singular value of the linear part: (...)."""
    a, b, c, d = inverses[..., :2].flatten(-2).unbind(-1)
    return (torch.hypot(a + d, c - b) + torch.hypot(a - d, c + b)) / 2
