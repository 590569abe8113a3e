"""Operations of the strong view that change colours and leave every pixel in its place.

They take (M, 3, H, W) float32 images in [0, 1] and one amount per image, and work in the memory
of the images where they can. Each image's answer is the same to the bit whatever images lie
beside it: sums run within an image, and no step is a fused multiplication and addition, which a
vector instruction and its scalar remainder round differently.
"""

from __future__ import annotations

import torch
from torch import Tensor

GREY = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in the lightness (ITU-R BT.601)."""


def brightness(images: Tensor, amount: Tensor) -> Tensor:
    """Multiply by 1 + amount.

    Args:
        images: (M, 3, H, W) in [0, 1]; overwritten.
        amount: (M,) >= -1.
    Returns: the same shape, in [0, 1].
    """
    images.flatten(1).mul_((1 + amount)[:, None])
    return images.clamp_(0, 1)


def contrast(images: Tensor, amount: Tensor) -> Tensor:
    """Spread the values by 1 + amount about the mean lightness of each image."""
    means = images.sum(-1).sum(-1) / (images.shape[-2] * images.shape[-1])  # (M, 3)
    lightness = means[:, 0] * GREY[0] + means[:, 1] * GREY[1] + means[:, 2] * GREY[2]
    rows = images.flatten(1)
    rows.mul_((1 + amount)[:, None]).add_((lightness * -amount)[:, None])
    return images.clamp_(0, 1)


def colour(images: Tensor, amount: Tensor) -> Tensor:
    """Spread the colours of each pixel by 1 + amount about its lightness; -1 is grey."""
    lightness = images[:, 0] * GREY[0]  # (M, H, W)
    lightness += images[:, 1] * GREY[1]
    lightness += images[:, 2] * GREY[2]
    lightness.flatten(1).mul_(-amount[:, None])
    images.flatten(1).mul_((1 + amount)[:, None])
    return images.add_(lightness[:, None]).clamp_(0, 1)


def sharpness(images: Tensor, amount: Tensor) -> Tensor:
    """Spread each pixel by 1 + amount about the mean of its surroundings; -1 is that mean.

    The mean is over 3 x 3 pixels, of which the middle one counts five times. The outermost
    pixels stay as they are, and so do images with a side below 3.
    """
    height, width = images.shape[-2:]
    if height < 3 or width < 3:
        return images
    flat = images.flatten(2)  # (M, 3, H W)
    left, right = images[..., 0].clone(), images[..., -1].clone()
    # Sums along the flattened image run over its right edge into the next row. Such sums lie
    # under the outermost columns, which are put back in the end.
    tall = flat[..., : -2 * width] + flat[..., width:-width]
    tall += flat[..., 2 * width :]
    box = tall[..., :-2] + tall[..., 1:-1]
    box += tall[..., 2:]
    box *= (-amount / 13)[:, None, None]
    inner = flat[..., width + 1 : -width - 1]
    inner *= (1 + amount - amount * (4 / 13))[:, None, None]
    inner += box
    inner.clamp_(0, 1)
    images[..., 0], images[..., -1] = left, right
    return images


def posterise(images: Tensor, amount: Tensor) -> Tensor:
    """Clear the `amount` lowest of the eight bits of each value, rounded to a whole number."""
    step = torch.bitwise_left_shift(1, amount.round().to(torch.int64)).to(images.dtype)[:, None]
    rows = images.flatten(1)
    rows.mul_(255).round_().div_(step).floor_().mul_(step).div_(255)
    return images


def solarise(images: Tensor, amount: Tensor) -> Tensor:
    """Invert the values in the brightest share `amount`, (M,) in [0, 1], of the 256 levels."""
    threshold = (1 - amount) * 256 / 255
    rows = images.flatten(1)
    # By arithmetic, that is exact here: torch.where takes several times as long on a CPU.
    inverted = rows.clone().ge_(threshold[:, None])  # 1 or 0
    rows.mul_(1 - 2 * inverted).add_(inverted)
    return images


def auto_contrast(images: Tensor, amount: Tensor) -> Tensor:
    """Stretch each channel to [0, 1]; one of a single value stays. `amount` is not used."""
    values = images.flatten(2)
    least, most = values.amin(-1, keepdim=True), values.amax(-1, keepdim=True)
    span = most - least
    alone = span == 0
    values.sub_(least.masked_fill(alone, 0)).div_(span.masked_fill(alone, 1))
    return images


def equalise(images: Tensor, amount: Tensor) -> Tensor:
    """Make the levels of each channel equally frequent, as Pillow does. `amount` is not used.

    Values are rounded to 256 levels; a channel with too few different values stays so.
    """
    channels, pixels = images.shape[0] * 3, images[0, 0].numel()
    level = torch.arange(256, device=images.device)
    own = torch.arange(channels, device=images.device)[:, None] * 256
    places = images.mul(255).round_().view(channels, -1).to(torch.int64).add_(own).flatten()
    found = torch.bincount(places, minlength=channels * 256).view(channels, 256)
    brightest = torch.where(found > 0, level, 0).amax(1, keepdim=True)
    step = (pixels - found.gather(1, brightest)) // 255  # (3 M, 1)
    below = found.cumsum(1) - found
    equal = ((below + step // 2) // step.clamp(min=1)).clamp_(max=255)
    table = torch.where(step > 0, equal, level).to(images.dtype) / 255
    return table.flatten().index_select(0, places).view_as(images)
