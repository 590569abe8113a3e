"""A face drawn so plainly that detectors of photographs find it, and frames to show them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

SKIN, HAIR, WHITE, IRIS = (225, 180, 150), (60, 40, 30), (245, 240, 235), (50, 35, 30)
BROW, NOSE, NOSTRIL, LIP, MOUTH = (
    (90, 60, 45),
    (240, 200, 170),
    (120, 80, 70),
    (180, 80, 80),
    (110, 40, 45),
)

_BLOBS = (
    # Middle and half axes as fractions of the side, colour, softness of the edge.
    (0.5, 0.42, 0.34, 0.42, HAIR, 0.15),
    (0.5, 0.52, 0.27, 0.36, SKIN, 0.15),
    *((x, 0.40, 0.075, 0.012, BROW, 0.15) for x in (0.39, 0.61)),
    *((x, 0.46, 0.065, 0.03, WHITE, 0.15) for x in (0.39, 0.61)),
    *((x, 0.46, 0.03, 0.03, IRIS, 0.15) for x in (0.39, 0.61)),
    (0.5, 0.57, 0.03, 0.08, NOSE, 0.5),
    *((x, 0.64, 0.014, 0.01, NOSTRIL, 0.15) for x in (0.47, 0.53)),
    (0.5, 0.735, 0.10, 0.025, LIP, 0.15),
    (0.5, 0.735, 0.09, 0.006, MOUTH, 0.15),
)

LANDMARKS = ((0.39, 0.46), (0.61, 0.46), (0.5, 0.62), (0.41, 0.735), (0.59, 0.735))
"""Left eye, right eye, nose, mouth corners: fractions of the side."""

BOX = (0.23, 0.16, 0.77, 0.88)
"""Of the face: x1, y1, x2, y2, fractions of the side."""


class Portrait(NamedTuple):
    """frame: (3, S, S) uint8 RGB. box_xyxy: (4,), landmarks: (5, 2), both float32 px."""

    frame: Tensor
    box_xyxy: Tensor
    landmarks: Tensor


def portrait(side: int, *, background: int = 150) -> Portrait:
    """An upright face on a grey ground that fills a frame.

    Args:
        side: S, pixels.
        background: grey level, 0 to 255.
    """
    place = (torch.arange(side) + 0.5) / side
    y, x = place[:, None], place[None]
    pixels = torch.full((3, side, side), float(background))
    for middle_x, middle_y, half_x, half_y, colour, soft in _BLOBS:
        inside = 1 - ((x - middle_x) / half_x) ** 2 - ((y - middle_y) / half_y) ** 2
        cover = torch.sigmoid(inside / soft)
        pixels = pixels * (1 - cover) + torch.tensor(colour)[:, None, None] * cover
    return Portrait(
        pixels.round().to(torch.uint8),
        torch.tensor(BOX) * side - 0.5,
        torch.tensor(LANDMARKS) * side - 0.5,
    )


def portrait_in(height: int, width: int, *, side: int, left: int, top: int) -> Portrait:
    """The same in a part of a larger grey frame; `left` and `top` are pixels."""
    inner = portrait(side)
    frame = torch.full((3, height, width), 150, dtype=torch.uint8)
    frame[:, top : top + side, left : left + side] = inner.frame
    shift = torch.tensor([float(left), float(top)])
    return Portrait(frame, inner.box_xyxy + shift.repeat(2), inner.landmarks + shift)
