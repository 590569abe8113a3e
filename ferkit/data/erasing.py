"""Random erasing of a rectangle, the same in all frames and regions of a clip."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.data import keyed
from ferkit.data.augment import clean_view

RATIO = (0.3, 3.3)
"""Least and greatest height over width."""

GREY = 0.5


def erased_view(
    clips: Clips,
    *,
    seed: int,
    turn: int,
    ids: Tensor,
    probability: float = 0.5,
    area: tuple[float, float] = (0.02, 0.25),
    view: int = 0,
) -> Clips:
    """Paint a grey rectangle over some clips, at the same place in all their frames and regions.

    The draw depends on (seed, turn, id, view) alone.

    Args:
        clips: (N, T, R, 3, H, W) uint8, or float in [0, 1].
        turn: number of the draw, such as that of the step.
        ids: (N,) int64; on the CPU nothing waits for the device.
        probability: of a clip to lose something.
        area: least and greatest share of the image.
        view: number of the view, where a step wants several.
    Returns: float32 in [0, 1], same shape.
    Source: Zhong et al., Random Erasing Data Augmentation (arXiv:1708.04896).
    """
    frames, valid = clean_view(clips)
    if frames.numel() == 0:
        return Clips(frames, valid)
    height, width = frames.shape[-2:]
    draws = keyed.uniform(seed, "erased", turn, ids.cpu(), view, count=5)
    boxes = rectangles(draws, probability=probability, area=area, size=(height, width))
    top, left, bottom, right = boxes.to(frames.device).T[..., None]  # (N, 1) each
    rows = torch.arange(height, device=frames.device)
    columns = torch.arange(width, device=frames.device)
    down = (rows >= top) & (rows < bottom)  # (N, H)
    across = (columns >= left) & (columns < right)  # (N, W)
    inside = down[:, :, None] & across[:, None, :]
    return Clips(frames.masked_fill(inside[:, None, None, None], GREY), valid)


def rectangles(
    draws: Tensor, *, probability: float, area: tuple[float, float], size: tuple[int, int]
) -> Tensor:
    """Where to erase.

    Args:
        draws: (N, 5) in [0, 1): whether, area, height over width, top, left.
        size: (H, W) in pixels.
    Returns: (N, 4) int64: top, left, and the first row and column behind; equal for those that
        lose nothing. Areas are drawn evenly, ratios evenly in their logarithm; a side that would
        be longer than the image's is as long.
    """
    pixels = (area[0] + (area[1] - area[0]) * draws[:, 1]) * size[0] * size[1]
    flat, steep = (math.log(end) for end in RATIO)
    ratio = (flat + (steep - flat) * draws[:, 2]).exp()
    chosen = (draws[:, 0] < probability).long()
    tall = (pixels * ratio).sqrt().round().long().clamp(max=size[0]) * chosen
    wide = (pixels / ratio).sqrt().round().long().clamp(max=size[1]) * chosen
    top = (draws[:, 3] * (size[0] - tall + 1)).floor().long()
    left = (draws[:, 4] * (size[1] - wide + 1)).floor().long()
    return torch.stack([top, left, top + tall, left + wide], 1)
