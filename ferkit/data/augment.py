"""The views of a clip that are made on the device: clean, and weakly augmented (A12).

Pixel coordinates as everywhere: the centre of the first pixel is (0, 0).
"""

from __future__ import annotations

import math

import torch
from kornia.geometry.transform import warp_affine
from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.data import keyed
from ferkit.sections import AugmentationSection


def clean_view(clips: Clips) -> Clips:
    """uint8 frames as float32 in [0, 1]; frames that are float already stay as they are."""
    frames = clips.frames
    if not frames.is_floating_point():
        frames = frames.to(torch.float32) / 255
    return Clips(frames, clips.valid)


def weak_view(
    clips: Clips,
    *,
    settings: AugmentationSection,
    seed: int,
    epoch: int,
    ids: Tensor,
    view: int = 0,
) -> Clips:
    """Move each clip by one random affine map, the same for all its frames and regions.

    Flip, zoom, shift and rotation are one map and one bilinear resampling; what comes from
    outside is the mirror image. The map depends on (seed, epoch, id, view) alone.

    Args:
        clips: (N, T, R, 3, H, W) uint8, or float in [0, 1].
        settings: ranges; all zero gives exactly `clean_view`, a flip alone exact mirror images.
        ids: (N,) int64, on the device of the clips or on the CPU.
        view: number of the view, where a step wants several.
    Returns: float32 in [0, 1], same shape.
    Source: Happy et al., "Semi-supervised Emotion Recognition using Inconsistently Annotated
        Data", section IV (A12).
    """
    frames, valid = clean_view(clips)
    n, *_, height, width = frames.shape
    if n == 0:
        return Clips(frames, valid)
    draws = keyed.uniform(seed, "weak", epoch, ids.to(frames.device), view, count=5)
    if settings.zoom == 0 and settings.shift == 0 and settings.rotation == 0:
        # Mirror images and identities need no resampling, and are then exact.
        mirrored = _flipped(draws, settings)[:, None, None, None, None, None]
        return Clips(torch.where(mirrored, frames.flip(-1), frames), valid)
    matrices = weak_matrices(draws, settings, size=(height, width))
    # One map per clip: frames, regions and colours are all channels of it.
    warped = warp_affine(
        frames.reshape(n, -1, height, width),
        matrices,
        (height, width),
        mode="bilinear",
        padding_mode="reflection",
        align_corners=True,
    )
    return Clips(warped.reshape(frames.shape), valid)


def weak_matrices(draws: Tensor, settings: AugmentationSection, *, size: tuple[int, int]) -> Tensor:
    """The random maps of A12, about the centre of the image.

    Args:
        draws: (N, 5) in [0, 1): flip, zoom, shift to the right and down, rotation.
        size: (H, W) in pixels.
    Returns: (N, 2, 3) float32, from pixels of the given image to pixels of the new one: mirror,
        then scale and rotate about the centre, then shift.
    """
    height, width = size
    signed = draws * 2 - 1
    scale = 1 + settings.zoom * signed[:, 1]
    angle = math.radians(settings.rotation) * signed[:, 4]
    mirror = torch.where(_flipped(draws, settings), -1.0, 1.0)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    linear = torch.stack(  # (N, 2, 2)
        [torch.stack([cos * mirror, -sin], -1), torch.stack([sin * mirror, cos], -1)], -2
    )
    centre = draws.new_tensor([(width - 1) / 2, (height - 1) / 2])
    shift = settings.shift * signed[:, 2:4] * draws.new_tensor([width, height])
    offset = centre + shift - (linear * centre).sum(-1)
    return torch.cat([linear, offset[..., None]], -1)


def _flipped(draws: Tensor, settings: AugmentationSection) -> Tensor:
    return draws[:, 0] < settings.flip
