"""Operations of the strong view that move pixels.

They take (M, 3, H, W) float32 images in [0, 1], one amount per image, and what lies outside. An
amount is a fraction of the side, an angle or a slope, so that crops of one face move alike.
"""

from __future__ import annotations

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
        amount: (M,).
        border: what comes from outside.
    Returns: the same shape.
    """
    return images.flip(-1)


def translate_x(images: Tensor, amount: Tensor, border: Border) -> Tensor:
    """Shift to the right by the fraction `amount` of the width, in whole pixels."""
    source, outside = _sources(images.shape[-1], amount, border)
    moved = images.gather(-1, source[:, None, None].expand_as(images))
    return moved if outside is None else moved.masked_fill_(outside[:, None, None], MIDDLE)


def translate_y(images: Tensor, amount: Tensor, border: Border) -> Tensor:
    """Shift down by the fraction `amount` of the height, in whole pixels."""
    m, colours, height, width = images.shape
    source, outside = _sources(height, amount, border)
    first = torch.arange(m * colours, device=images.device).view(m, colours, 1) * height
    rows = (first + source[:, None]).flatten()
    # Whole rows are copied, which is several times as fast as pixel by pixel.
    moved = images.view(-1, width).index_select(0, rows).view_as(images)
    return moved if outside is None else moved.masked_fill_(outside[:, None, :, None], MIDDLE)


def rotate(images: Tensor, amount: Tensor, border: Border) -> Tensor:
    """Turn by `amount` degrees about the centre, counter-clockwise; bilinear."""
    # In double precision: a vector instruction and its scalar remainder may differ in the last
    # bit, and then an image's answer would depend on its place among the others.
    angle = torch.deg2rad(amount.double())
    cos, sin = angle.cos().to(amount.dtype), angle.sin().to(amount.dtype)
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


def _sources(size: int, amount: Tensor, border: Border) -> tuple[Tensor, Tensor | None]:
    """Where each pixel of an axis comes from.

    Returns: (M, size) int64 within the axis; and (M, size) bool, True for what is to be grey, or
        None where nothing is.
    """
    shift = (amount * size).round().to(torch.int64)
    source = torch.arange(size, device=amount.device) - shift[:, None]
    if border == "mirror":
        # The outermost pixel is not repeated: ... 2 1 0 1 2 ...
        period = max(2 * (size - 1), 1)
        source = source.remainder(period)
        return torch.minimum(source, period - source).clamp_(0, size - 1), None
    inside = source.clamp(0, size - 1)
    return inside, inside != source


def _places(size: int, like: Tensor) -> Tensor:
    return torch.arange(size, device=like.device, dtype=like.dtype)


def _resampled(images: Tensor, linear: tuple[Tensor, ...], border: Border) -> Tensor:
    """Read every pixel at `linear` times its place, both from the centre.

    Args:
        linear: (M,) each: xx, xy, yx, yy of the map from new to old pixels.
    """
    height, width = images.shape[-2:]
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x, y = _places(width, images) - middle_x, _places(height, images) - middle_y
    xx, xy, yx, yy = (number[:, None] for number in linear)
    old_x = (xx * x)[:, None, :] + (xy * y)[:, :, None]  # (M, H, W)
    old_y = (yx * x)[:, None, :] + (yy * y)[:, :, None]
    grid = torch.stack([old_x / max(middle_x, 0.5), old_y / max(middle_y, 0.5)], -1)
    if border == "mirror":
        return grid_sample(images, grid, padding_mode="reflection", align_corners=True).clamp_(0, 1)
    # Outside are zeros: with grey as the zero, the edge blends into grey.
    moved = grid_sample(images - MIDDLE, grid, padding_mode="zeros", align_corners=True)
    return moved.add_(MIDDLE).clamp_(0, 1)
