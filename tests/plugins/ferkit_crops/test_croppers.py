"""Landmarks come to lie where the papers say, within half a pixel."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_crops.croppers import FaceCropper, FaceEyesMouthCropper
from ferkit_crops.params import FaceEyesMouthParams, FaceParams
from ferkit_crops.similarity import two_point_similarity
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit.faces.warp import warp
from ferkit.plugin import Context

UPRIGHT = torch.tensor([[80.0, 90.0], [140.0, 90.0], [110.0, 120.0], [88.0, 150.0], [132.0, 150.0]])


def turned(degrees: float, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> Tensor:
    angle = math.radians(degrees)
    c, s = math.cos(angle) * scale, math.sin(angle) * scale
    return UPRIGHT @ torch.tensor([[c, s], [-s, c]]) + torch.tensor(shift)


def faces(*landmarks: Tensor) -> Faces:
    count = len(landmarks)
    points = torch.stack(landmarks) if count else torch.zeros(0, 5, 2)
    return Faces(torch.zeros(count, 4), points, torch.ones(count))


def mapped(transform: Tensor, points: Tensor) -> Tensor:
    return points @ transform[:, :2].T + transform[:, 2]


def places(size: int, *fractions: tuple[float, float]) -> Tensor:
    """Fractions of the side as pixel coordinates: the crop's edge is at -0.5."""
    return torch.tensor(fractions) * size - 0.5


POSES = [
    turned(0),
    turned(25, 2.3, (40, -10)),
    turned(-50, 0.4, (5, 200)),
    turned(3, 11.0, (-300, 7)),
]


@pytest.mark.parametrize("size", [48, 224])
def test_face_has_its_eyes_level_and_a_fixed_distance_apart(size: int) -> None:
    cropper = FaceCropper(FaceParams(size=size), Context())
    transforms = cropper.transforms(faces(*POSES))
    assert transforms.shape == (4, 1, 2, 3)
    assert transforms.dtype == torch.float32
    assert (cropper.regions, cropper.size) == (("face",), size)
    for transform, points in zip(transforms[:, 0], POSES, strict=True):
        eyes = mapped(transform, points[:2])
        assert (eyes - places(size, (0.34, 0.37), (0.66, 0.37))).abs().max() < 0.01
        # No mirror image and no stretching: the other points stay in their relations.
        upright = mapped(transforms[0, 0], UPRIGHT)
        assert (mapped(transform, points) - upright).abs().max() < 0.05


def test_face_positions_are_parameters() -> None:
    params = FaceParams(size=100, interocular=0.5, eye_y=0.25)
    transform = FaceCropper(params, Context()).transforms(faces(POSES[1]))[0, 0]
    eyes = mapped(transform, POSES[1][:2])
    assert torch.allclose(eyes, places(100, (0.25, 0.25), (0.75, 0.25)), atol=0.01)


def test_eyes_and_mouth_crops_are_those_of_the_paper() -> None:
    cropper = FaceEyesMouthCropper(FaceEyesMouthParams(size=224), Context())
    assert cropper.regions == ("face", "eyes", "mouth")
    transforms = cropper.transforms(faces(*POSES))
    assert transforms.shape == (4, 3, 2, 3)
    alone = FaceCropper(FaceParams(size=224), Context()).transforms(faces(*POSES))
    assert torch.equal(transforms[:, :1], alone)
    for regions, points in zip(transforms, POSES, strict=True):
        eyes = mapped(regions[1], points[:2])  # B3
        assert (eyes - places(224, (0.2, 0.6), (0.8, 0.6))).abs().max() < 0.01
        mouth = mapped(regions[2], points[3:])  # B4
        assert (mouth - places(224, (0.2, 0.4), (0.8, 0.4))).abs().max() < 0.01


def test_warped_pixels_lie_where_the_transform_says() -> None:
    frame = torch.zeros(3, 300, 300)
    y, x = torch.meshgrid(torch.arange(300.0), torch.arange(300.0), indexing="ij")
    points = turned(20, 1.5, (60, -60))
    for px, py in points:
        frame += 250 * torch.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 3.0**2))
    cropper = FaceEyesMouthCropper(FaceEyesMouthParams(size=128), Context())
    transforms = cropper.transforms(faces(points))
    crops, _ = warp(
        frame.clamp(0, 255).to(torch.uint8)[None], transforms, torch.tensor([0]), size=128
    )
    for region, rows in ((0, (0, 1, 2, 3, 4)), (1, (0, 1)), (2, (3, 4))):
        for row in rows:
            u, v = mapped(transforms[0, region], points[row]).tolist()
            left, top = round(u) - 6, round(v) - 6
            blob = crops[0, region, 0, top : top + 13, left : left + 13].double()
            rows_at = torch.arange(13.0).double()
            seen_u = float((blob.sum(0) * rows_at).sum() / blob.sum()) + left
            seen_v = float((blob.sum(1) * rows_at).sum() / blob.sum()) + top
            assert abs(seen_u - u) < 0.5
            assert abs(seen_v - v) < 0.5


def test_coinciding_points_spoil_only_their_region() -> None:
    points = UPRIGHT.clone()
    points[4] = points[3]
    transforms = FaceEyesMouthCropper(FaceEyesMouthParams(), Context()).transforms(
        faces(points, UPRIGHT)
    )
    assert torch.isfinite(transforms[0, :2]).all()
    assert transforms[0, 2].isnan().all()
    assert torch.isfinite(transforms[1]).all()
    bad = two_point_similarity(torch.full((1, 2, 2), torch.inf), torch.eye(2))
    assert bad.isnan().all()


def test_no_faces() -> None:
    assert FaceCropper(FaceParams(), Context()).transforms(faces()).shape == (0, 1, 2, 3)
    cropper = FaceEyesMouthCropper(FaceEyesMouthParams(), Context())
    assert cropper.transforms(faces()).shape == (0, 3, 2, 3)


def test_similarity_by_hand() -> None:
    # (0, 0) -> (10, 10), (2, 0) -> (10, 14): scale 2, a quarter turn, shift 10.
    transform = two_point_similarity(
        torch.tensor([[[0.0, 0.0], [2.0, 0.0]]]), torch.tensor([[10.0, 10.0], [10.0, 14.0]])
    )
    assert torch.allclose(transform[0], torch.tensor([[0.0, -2.0, 10.0], [2.0, 0.0, 10.0]]))
