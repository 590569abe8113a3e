"""`clahe` by kornia, on the lightness, so that skin keeps its hue."""

from __future__ import annotations

import torch
from kornia.color import lab_to_rgb, rgb_to_lab
from kornia.enhance import equalize_clahe
from torch import Tensor

from ferkit.plugin import Context
from ferkit_enhance.params import ClaheParams


def even_out(images: Tensor, *, clip_limit: float, grid: int) -> Tensor:
    """Equalise the lightness in tiles.

    Args:
        images: (B, 3, H, W) float in [0, 1].
        clip_limit: highest bin of a tile's histogram, multiples of the mean bin.
        grid: tiles along each side; fewer where a tile would be smaller than 4 pixels;
            images of a single row or column, or of one colour, stay as they are.
    Returns: the same shape and range.
    """
    if not len(images) or min(images.shape[2:]) < 2:
        return images
    tiles = max(1, min(grid, min(images.shape[2:]) // 4))
    lab = rgb_to_lab(images)
    lightness = lab[:, :1] / 100
    even: Tensor = equalize_clahe(lightness.clamp(0, 1), clip_limit, (tiles, tiles))
    result: Tensor = lab_to_rgb(torch.cat([even * 100, lab[:, 1:]], 1)).clamp(0, 1)
    # The histogram of a single value would only move it, most where tiles have few pixels.
    flat = images.amax((2, 3), keepdim=True) == images.amin((2, 3), keepdim=True)  # (B, 3, 1, 1)
    return torch.where(flat.all(1, keepdim=True), images, result)


class Clahe:
    """The enhancer `clahe`."""

    def __init__(self, params: ClaheParams, context: Context) -> None:
        self._params = params

    def __call__(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) float in [0, 1] -> the same shape and range."""
        return even_out(images, clip_limit=self._params.clip_limit, grid=self._params.grid)
