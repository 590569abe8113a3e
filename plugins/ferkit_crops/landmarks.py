"""The five landmarks: which is which, and where ArcFace wants them."""

from __future__ import annotations

import torch
from torch import Tensor

EYES, MOUTH_CORNERS = slice(0, 2), slice(3, 5)
"""Rows of the five landmarks."""

ARCFACE_SIDE = 112
ARCFACE_PX = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Left eye, right eye, nose, mouth corners in ArcFace's crop; the first pixel's centre is 0."""


def in_upright_order(landmarks: Tensor) -> Tensor:
    """Name left what is left once the face is upright, eyes above the mouth.

    Each pair, eyes and mouth corners, is put in the order in which the mouth comes to lie below the
    eyes when the pair is levelled. Upright landmarks keep theirs. So does a face turned by any
    angle whose landmarks turned with it; one whose points were sorted by x or named by the
    person's own left comes out upright as well, and not upside down.

    Args:
        landmarks: (n, 5, 2) float, px: eyes, nose, mouth corners.
    Returns: (n, 5, 2), the same points.
    """
    down = landmarks[:, MOUTH_CORNERS].mean(1) - landmarks[:, EYES].mean(1)  # (n, 2)
    order = torch.arange(5, device=landmarks.device).repeat(len(landmarks), 1)
    for pair in (EYES, MOUTH_CORNERS):
        across = landmarks[:, pair.stop - 1] - landmarks[:, pair.start]
        upside_down = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0] < 0
        order[:, pair] = torch.where(upside_down[:, None], order[:, pair].flip(1), order[:, pair])
    return landmarks.gather(1, order[..., None].expand(-1, -1, 2))


def arcface_template() -> Tensor:
    """The places as fractions of the crop's side, from its top left corner: (5, 2) float64."""
    return (torch.tensor(ARCFACE_PX, dtype=torch.float64) + 0.5) / ARCFACE_SIDE
