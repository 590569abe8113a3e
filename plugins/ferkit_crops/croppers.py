"""`face`, `eyes`, `mouth`, `face_eyes_mouth` and `five_point`."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit.plugin import Context
from ferkit_crops.landmarks import EYES, MOUTH_CORNERS, arcface_template, in_upright_order
from ferkit_crops.params import (
    EyesParams,
    FaceEyesMouthParams,
    FaceParams,
    FivePointParams,
    MouthParams,
)
from ferkit_crops.similarity import (
    least_squares_similarity,
    mirrored_places,
    two_point_similarity,
)


class FaceCropper:
    """The face with its eyes level, in a fixed place (A11, B2)."""

    regions: tuple[str, ...] = ("face",)

    def __init__(self, params: FaceParams, context: Context) -> None:
        self.size = params.size
        self._eyes = mirrored_places((1 - params.interocular) / 2, params.eye_y, params.size)

    def transforms(self, faces: Faces) -> Tensor:
        """(n, 1, 2, 3): source px -> crop px; nan where the eyes coincide."""
        landmarks = in_upright_order(faces.landmarks)
        return two_point_similarity(landmarks[:, EYES], self._eyes)[:, None]


class EyesCropper:
    """The eyes alone, as in `FaceEyesMouthCropper` (B3)."""

    regions: tuple[str, ...] = ("eyes",)

    def __init__(self, params: EyesParams, context: Context) -> None:
        self.size = params.size
        self._places = mirrored_places(params.eyes_x, params.eyes_y, params.size)

    def transforms(self, faces: Faces) -> Tensor:
        """(n, 1, 2, 3): source px -> crop px; nan where the eyes coincide."""
        landmarks = in_upright_order(faces.landmarks)
        return two_point_similarity(landmarks[:, EYES], self._places)[:, None]


class MouthCropper:
    """The mouth alone, as in `FaceEyesMouthCropper` (B4)."""

    regions: tuple[str, ...] = ("mouth",)

    def __init__(self, params: MouthParams, context: Context) -> None:
        self.size = params.size
        self._places = mirrored_places(params.mouth_x, params.mouth_y, params.size)

    def transforms(self, faces: Faces) -> Tensor:
        """(n, 1, 2, 3): source px -> crop px; nan where the mouth's corners coincide."""
        landmarks = in_upright_order(faces.landmarks)
        return two_point_similarity(landmarks[:, MOUTH_CORNERS], self._places)[:, None]


class FaceEyesMouthCropper:
    """The face as `FaceCropper`, the eyes by the eyes (B3), the mouth by its corners (B4)."""

    regions: tuple[str, ...] = ("face", "eyes", "mouth")

    def __init__(self, params: FaceEyesMouthParams, context: Context) -> None:
        self.size = params.size
        eyes = EyesParams(size=params.size, eyes_x=params.eyes_x, eyes_y=params.eyes_y)
        mouth = MouthParams(size=params.size, mouth_x=params.mouth_x, mouth_y=params.mouth_y)
        self._parts = (
            FaceCropper(params, context),
            EyesCropper(eyes, context),
            MouthCropper(mouth, context),
        )

    def transforms(self, faces: Faces) -> Tensor:
        """(n, 3, 2, 3): face, eyes, mouth; nan for a region whose two points coincide."""
        return torch.cat([part.transforms(faces) for part in self._parts], 1)


class FivePointCropper:
    """The face with all five landmarks as near to a template as turning and scaling gets them."""

    regions: tuple[str, ...] = ("face",)

    def __init__(self, params: FivePointParams, context: Context) -> None:
        self.size = params.size
        places = (
            arcface_template()
            if params.template is None
            else torch.tensor(params.template, dtype=torch.float64)
        )
        within = (places + params.margin) / (1 + 2 * params.margin)
        self._places = within * params.size - 0.5

    def transforms(self, faces: Faces) -> Tensor:
        """(n, 1, 2, 3): source px -> crop px; nan where the landmarks coincide."""
        landmarks = in_upright_order(faces.landmarks)
        return least_squares_similarity(landmarks, self._places)[:, None]
