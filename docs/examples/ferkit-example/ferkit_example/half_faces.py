"""The region cropper `half_faces`: one crop for the eyes and brows, one for the mouth."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit.plugin import Context
from ferkit_example.params import HalfFacesParams


def upright_square(landmarks: Tensor, centre: Tensor, *, extent: float, size: int) -> Tensor:
    """The map that turns the eye line level and cuts a square around `centre`.

    Args:
        landmarks: (n, 5, 2) source px. centre: (n, 2) source px.
        extent: side of the square, distances between the eyes. size: side of the crop, px.
    Returns: (n, 2, 3), source px -> crop px; nan where the eyes coincide.
    """
    across = landmarks[:, 1] - landmarks[:, 0]  # left eye to right eye, (n, 2)
    interocular = across.norm(dim=1, keepdim=True)
    cos, sin = (across / interocular).unbind(1)
    turn = torch.stack([cos, sin, -sin, cos], 1).view(-1, 2, 2)
    linear = turn * (size / (extent * interocular))[:, :, None]
    shift = (size - 1) / 2 - (linear @ centre[:, :, None])  # the centre goes to the middle
    return torch.cat([linear, shift], 2)


class HalfFaces:
    """R = 2: the middle of the eyes, and the middle of the mouth, in squares of one scale."""

    regions: tuple[str, ...] = ("upper", "lower")

    def __init__(self, *, size: int, extent: float) -> None:
        self.size = size
        self.extent = extent

    def transforms(self, faces: Faces) -> Tensor:
        """(n, 2, 2, 3) float32: upper and lower half."""
        points = faces.landmarks.float()
        centres = (points[:, 0:2].mean(1), points[:, 3:5].mean(1))
        halves = [upright_square(points, c, extent=self.extent, size=self.size) for c in centres]
        return torch.stack(halves, 1)


def make_half_faces(params: HalfFacesParams, context: Context) -> HalfFaces:
    """Factory of the component `half_faces`."""
    return HalfFaces(size=params.size, extent=params.extent)
