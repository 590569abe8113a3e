"""The face detector `centre_face`: for portraits, where there is nothing to search."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit.plugin import Context
from ferkit_example.params import CentreFaceParams

TEMPLATE = ((-0.5, 0.0), (0.5, 0.0), (0.0, 0.6), (-0.4, 1.1), (0.4, 1.1))
"""Eyes, nose and mouth corners: distances between the eyes, from the middle of the eye line."""


def centred_square(height: int, width: int) -> Tensor:
    """The largest square in the middle of a frame: x1, y1, x2, y2 (4,) px."""
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    # The centre of the first pixel is 0, so the frame's left edge is at -0.5.
    return torch.tensor([left, top, left + side, top + side]) - 0.5


class CentreFace:
    """Says of every frame that one face fills its middle; the score is 1."""

    def __init__(self, *, eye_y: float, interocular: float) -> None:
        # Landmarks as fractions of the square, (5, 2).
        self.places = torch.tensor(TEMPLATE) * interocular + torch.tensor([0.5, eye_y])

    def detect(self, frames: Sequence[Tensor]) -> Sequence[Faces]:
        """B frames (3, H, W) uint8 -> B results of one face each."""
        return [self._one(height, width) for _, height, width in (each.shape for each in frames)]

    def _one(self, height: int, width: int) -> Faces:
        box = centred_square(height, width)
        landmarks = box[:2] + self.places * (box[2] - box[0])
        return Faces(box[None], landmarks[None], torch.ones(1))


def make_centre_face(params: CentreFaceParams, context: Context) -> CentreFace:
    """Factory of the component `centre_face`."""
    return CentreFace(eye_y=params.eye_y, interocular=params.interocular)
