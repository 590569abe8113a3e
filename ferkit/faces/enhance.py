"""Evening out the light: on whole frames, on the aligned face, or on each crop."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ferkit.contracts.faces import Enhancer
from ferkit.faces.steps import Enhance
from ferkit.faces.warp import invert, warp

FACE = "face"
"""Name of the region that the others are cut from; where there is none, the first one is."""


def enhanced(images: Tensor, enhancer: Enhancer | None) -> Tensor:
    """Images (..., 3, H, W) uint8 through the enhancer, uint8 again."""
    if enhancer is None or not images.numel():
        return images
    flat = images.reshape(-1, *images.shape[-3:])
    answer = enhancer(flat.to(torch.float32) / 255)
    return (answer * 255).round().clamp(0, 255).to(torch.uint8).reshape(images.shape)


def enhance_frames(frames: Sequence[Tensor], enhancer: Enhancer) -> list[Tensor]:
    """Frames (3, H, W) uint8, of any sizes, one by one: a large frame fills a batch by itself."""
    return [enhanced(frame[None], enhancer)[0] for frame in frames]


def enhance_crops(
    crops: Tensor,
    transforms: Tensor,
    *,
    enhancer: Enhancer | None,
    enhance: Enhance,
    regions: Sequence[str],
) -> Tensor:
    """Enhance crops that were cut from untouched frames.

    With `enhance` "face" the aligned face is enhanced and the other regions are cut out of it,
    a second resampling: the order of the paper (B5). With "crops" each region is enhanced as it
    was cut. With "frames" nothing is left to do.

    Args:
        crops: (n, R, 3, S, S) uint8.
        transforms: (n, R, 2, 3) float, source pixels -> crop pixels.
        regions: R names.
    Returns: (n, R, 3, S, S) uint8. A region that the enhanced face does not show (the face's own
        transform is not usable) keeps its own crop.
    """
    if enhancer is None or enhance == "frames" or not len(crops):
        return crops
    if enhance == "crops" or len(regions) == 1:
        return enhanced(crops, enhancer)
    first = list(regions).index(FACE) if FACE in regions else 0
    others = [region for region in range(len(regions)) if region != first]
    face = enhanced(crops[:, first], enhancer)  # (n, 3, S, S)
    between = _then(invert(transforms[:, first].to(torch.float64)), transforms[:, others])
    place = torch.arange(len(crops))
    cut, shown = warp(list(face), between.to(torch.float32), place, size=crops.shape[-1])
    result = crops.clone()
    result[:, first] = face
    there = (shown > 0).to(crops.device)[..., None, None, None]
    result[:, others] = torch.where(there, cut, crops[:, others])
    return result


def _then(before: Tensor, after: Tensor) -> Tensor:
    """Affine maps one after the other: (n, 2, 3), then (n, R, 2, 3)."""
    after = after.to(before)
    linear = after[..., :2] @ before[:, None, :, :2]
    shift = after[..., :2] @ before[:, None, :, 2:] + after[..., 2:]
    return torch.cat([linear, shift], -1)
