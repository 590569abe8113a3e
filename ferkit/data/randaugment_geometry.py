"""Operations of the strong view that move pixels.

They take (M, 3, H, W) float32 images in [0, 1], one amount per image, and what lies outside. An
amount is a fraction of the side, an angle or a slope, so that crops of one face move alike.
"""

from __future__ import annotations

from itertools import groupby
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

Border = Literal["grey", "mirror"]

MIDDLE = 0.5
"""Value of grey."""


def flip(images: Tensor, amount: Tensor, border: Border) -> Tensor:
    """Mirror left and right. Neither `amount` nor `border` is used.

    Args:
        images: (M, 3, H, W) in [0, 1].
        amount: (M,), on the CPU.
        border: what comes from outside.
    Returns: the same shape, new memory.
    """
    return images.flip(-1)


def translate_x(images: Tensor, amount: Tensor, border: Border) -> Tensor:
    """Shift to the right by the fraction `amount` of the width, in whole pixels."""
    return _shifted(images, amount, border, axis=-1)


def translate_y(images: Tensor, amount: Tensor, border: Border) -> Tensor:
    """Shift down by the fraction `amount` of the height, in whole pixels."""
    return _shifted(images, amount, border, axis=-2)


def rotate(images: Tensor, amount: Tensor, border: Border) -> Tensor:
    """Turn by `amount` degrees about the centre, counter-clockwise; bilinear."""
    # In double precision: a vector instruction and its scalar remainder may differ in the last
    # bit, and then an image's answer would depend on its place among the others.
    angle = torch.deg2rad(amount.double())
    cos, sin = angle.cos().float(), angle.sin().float()
    return _resampled(images, (cos, -sin, sin, cos), border)


def shear_x(images: Tensor, amount: Tensor, border: Border) -> Tensor:
    """Shift each row by `amount` times its distance below the centre; bilinear."""
    one, none = torch.ones_like(amount), torch.zeros_like(amount)
    return _resampled(images, (one, -amount, none, one), border)


def shear_y(images: Tensor, amount: Tensor, border: Border) -> Tensor:
    """Shift each column by `amount` times its distance right of the centre; bilinear."""
    one, none = torch.ones_like(amount), torch.zeros_like(amount)
    return _resampled(images, (one, none, -amount, one), border)


def cut_out(images: Tensor, centre: Tensor, side: float) -> Tensor:
    """Paint a grey rectangle on each image; what of it lies outside is lost.

    Args:
        images: (M, 3, H, W); overwritten.
        centre: (M, 2) in [0, 1): x and y as fractions of width and height.
        side: of the rectangle, fraction of width and height.
    Returns: `images`.
    """
    height, width = images.shape[-2:]
    inside = [
        (_places(size, images) - centre[:, axis, None] * size + 0.5).abs() < side * size / 2
        for axis, size in enumerate((width, height))
    ]
    covered = inside[0][:, None, :] & inside[1][:, :, None]  # (M, H, W)
    return images.masked_fill_(covered[:, None], MIDDLE)


def _shifted(images: Tensor, amount: Tensor, border: Border, *, axis: int) -> Tensor:
    """Shift along an axis by whole pixels, less than the axis is long.

    Slices are copied, for each run of equal shifts: several times as fast as to gather pixels.
    """
    size = images.shape[axis]
    shifts = [max(1 - size, min(size - 1, round(by * size))) for by in amount.tolist()]
    moved = torch.empty_like(images)
    end = 0
    for shift, run in groupby(shifts):
        begin, end = end, end + len(list(run))
        old, new = images[begin:end], moved[begin:end]
        rest = size - abs(shift)
        new.narrow(axis, max(shift, 0), rest).copy_(old.narrow(axis, max(-shift, 0), rest))
        bare = new.narrow(axis, 0 if shift > 0 else rest, abs(shift))
        if border == "mirror":
            # The outermost pixel is not repeated: ... 2 1 0 1 2 ...
            beside = old.narrow(axis, 1 if shift > 0 else rest - 1, abs(shift))
            bare.copy_(beside.flip(axis))
        else:
            bare.fill_(MIDDLE)
    return moved


def _places(size: int, like: Tensor) -> Tensor:
    return torch.arange(size, device=like.device, dtype=like.dtype)


def _resampled(images: Tensor, linear: tuple[Tensor, ...], border: Border) -> Tensor:
    """Read every pixel at `linear` times its place, both from the centre.

    Args:
        linear: (M,) each, on the CPU: xx, xy, yx, yy of the map from new to old pixels.
    """
    height, width = images.shape[-2:]
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x, y = _places(width, images) - middle_x, _places(height, images) - middle_y
    xx, xy, yx, yy = (number[:, None].to(images.device) for number in linear)
    # What columns and rows add to a place, in grid_sample's units: half an image is 1.
    half_x, half_y = max(middle_x, 0.5), max(middle_y, 0.5)
    by_column = torch.stack([xx * x / half_x, yx * x / half_y], -1)  # (M, W, 2)
    by_row = torch.stack([xy * y / half_x, yy * y / half_y], -1)  # (M, H, 2)
    grid = by_column[:, None] + by_row[:, :, None]
    if border == "mirror":
        return grid_sample(images, grid, padding_mode="reflection", align_corners=True).clamp_(0, 1)
    # Outside are zeros: with grey as the zero, the edge blends into grey.
    moved = grid_sample(images - MIDDLE, grid, padding_mode="zeros", align_corners=True)
    return moved.add_(MIDDLE).clamp_(0, 1)
