"""The oval of a face from its five landmarks, and how much of each cell of a map it covers."""

from __future__ import annotations

import torch
from torch import Tensor

HALF_WIDTH = 1.1
"""Half the width of a face from ear to ear, in interocular distances."""

HALF_HEIGHT = 1.25
CENTRE = 0.35
"""Half its height from hairline to chin, and how far its middle lies below the eyes, both in
distances from the eyes to the mouth."""

_FINE = 32
"""Points along a side of a map at which the oval is looked up, about; finer maps have one each."""


def face_coverage(landmarks: Tensor, image_size: int, height: int, width: int) -> Tensor:
    """Share of each cell that lies within the face's oval.

    The oval is that of an upright face, moved, turned, scaled and sheared as the lines from eye
    to eye and from the eyes to the mouth are. Its proportions are those of an average adult face;
    hair, ears and neck are outside.

    Args:
        landmarks: (..., 5, 2) px of the crop: eyes, nose, mouth corners; NaN where unknown.
        image_size: side of the crop, px. height, width: cells of the map over the crop.
    Returns: (..., height, width) float32 in [0, 1]; NaN where a landmark is.
    """
    points = landmarks.to(torch.float32)
    eyes = points[..., 0:2, :].mean(-2)
    across = points[..., 1, :] - points[..., 0, :]
    down = points[..., 3:5, :].mean(-2) - eyes
    # How often across and down lead from the eyes to each point: the inverse of a 2 x 2 matrix.
    determinant = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    steps = [max(1, round(_FINE / cells)) for cells in (height, width)]
    y = _places(height * steps[0], image_size, points)[:, None] - eyes[..., 1, None, None]
    x = _places(width * steps[1], image_size, points) - eyes[..., 0, None, None]
    (ax, ay), (dx, dy) = (
        [vector[..., axis, None, None] for axis in (0, 1)] for vector in (across, down)
    )
    whole = determinant[..., None, None]
    along = (x * dy - y * dx) / whole / HALF_WIDTH
    below = ((y * ax - x * ay) / whole - CENTRE) / HALF_HEIGHT
    inside = (along.square() + below.square() <= 1).to(torch.float32)
    fine = inside.shape[:-2]
    inside = inside.reshape(*fine, height, steps[0], width, steps[1]).mean((-3, -1))
    known = torch.isfinite(landmarks).flatten(-2).all(-1) & (determinant != 0)
    return torch.where(known[..., None, None], inside, torch.nan)


def _places(count: int, image_size: int, like: Tensor) -> Tensor:
    """Middles of `count` equal parts of the crop's side; its first pixel's centre is 0."""
    step = image_size / count
    return (torch.arange(count, device=like.device) + 0.5) * step - 0.5
