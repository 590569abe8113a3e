"""Landmarks come to lie where the papers say, within half a pixel."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_crops.croppers import (
    EyesCropper,
    FaceCropper,
    FaceEyesMouthCropper,
    FivePointCropper,
    MouthCropper,
)
from ferkit_crops.params import (
    EyesParams,
    FaceEyesMouthParams,
    FaceParams,
    FivePointParams,
    MouthParams,
)
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


def bumps(points: Tensor, side: int) -> Tensor:
    """A dark frame (3, side, side) with a bright smooth bump at each point."""
    reach = (points[1] - points[0]).norm() / 14
    y, x = torch.meshgrid(torch.arange(float(side)), torch.arange(float(side)), indexing="ij")
    frame = torch.zeros(side, side)
    for px, py in points.tolist():
        frame += 250 * torch.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * reach**2))
    return frame.clamp(0, 255).to(torch.uint8).expand(3, -1, -1)


def brightest(crop: Tensor, near: Tensor, reach: int) -> Tensor:
    """Centre of the light of a crop (3, S, S) within `reach` px of the pixel `near`, (x, y)."""
    column, row = (max(0, round(each) - reach) for each in near.tolist())
    part = crop[0, row : row + 2 * reach + 1, column : column + 2 * reach + 1].double()
    rows, columns = part.sum(1), part.sum(0)
    x = (columns * torch.arange(len(columns))).sum() / part.sum() + column
    y = (rows * torch.arange(len(rows))).sum() / part.sum() + row
    return torch.stack([x, y])


@pytest.mark.parametrize("size", [96, 224])
@pytest.mark.parametrize("seed", range(6))
def test_landmarks_that_are_drawn_are_found_where_they_are_promised(size: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    angle, scale = (float(torch.rand((), generator=generator)) for _ in range(2))
    points = turned(360 * angle - 180, 0.6 + 2.2 * scale)
    side = 520
    points += side / 2 - points.mean(0) + 20 * torch.rand(2, generator=generator)
    frame = bumps(points, side)
    promised = {
        "face": {0: (0.34, 0.37), 1: (0.66, 0.37)},
        "eyes": {0: (0.2, 0.6), 1: (0.8, 0.6)},
        "mouth": {3: (0.2, 0.4), 4: (0.8, 0.4)},
    }
    cropper = FaceEyesMouthCropper(FaceEyesMouthParams(size=size), Context())
    crops, _ = warp([frame], cropper.transforms(faces(points)), torch.tensor([0]), size=size)
    for crop, region in zip(crops[0], cropper.regions, strict=True):
        for fractions in promised[region].values():
            place = places(size, fractions)[0]
            found = brightest(crop, place, size // 12)
            assert (found - place).abs().max() < 0.5
    alone = FaceCropper(FaceParams(size=size), Context())
    crop, _ = warp([frame], alone.transforms(faces(points)), torch.tensor([0]), size=size)
    assert torch.equal(crop[0, 0], crops[0, 0])


@pytest.mark.parametrize("degrees", [0, 90, 135, 180, 181, 270, -45])
def test_a_face_comes_out_upright_whichever_way_it_was(degrees: float) -> None:
    points = turned(degrees, 1.4, (300, 300))
    by_x = points.clone()  # sorted by x in the image, as a table may have them
    for first, second in ((0, 1), (3, 4)):
        if by_x[first, 0] > by_x[second, 0]:
            by_x[[first, second]] = by_x[[second, first]]
    for params, cropper in (
        (FaceEyesMouthParams(size=100), FaceEyesMouthCropper),
        (FivePointParams(size=100), FivePointCropper),
    ):
        upright = cropper(params, Context()).transforms(faces(UPRIGHT))
        expected = [mapped(each, UPRIGHT) for each in upright[0]]
        for given in (points, by_x):
            transforms = cropper(params, Context()).transforms(faces(given))
            for transform, shown in zip(transforms[0], expected, strict=True):
                assert (mapped(transform, points) - shown).abs().max() < 0.05
                assert torch.linalg.det(transform[:, :2]) > 0  # no mirror image


@pytest.mark.parametrize("size", [112, 224])
def test_five_points_of_the_template_itself_stay(size: int) -> None:
    cropper = FivePointCropper(FivePointParams(size=size), Context())
    assert (cropper.regions, cropper.size) == (("face",), size)
    # The published crop is 112 px wide. In a larger one the same picture is seen.
    template = torch.tensor(
        [
            [38.2946, 51.6963],
            [73.5318, 51.5014],
            [56.0252, 71.7366],
            [41.5493, 92.3655],
            [70.7299, 92.2041],
        ]
    )
    transform = cropper.transforms(faces(template))[0, 0]
    ratio = size / 112
    expected = torch.tensor([[ratio, 0, (ratio - 1) / 2], [0, ratio, (ratio - 1) / 2]])
    assert torch.allclose(transform, expected, atol=1e-4)
    back = cropper.transforms(faces(turned(0), template @ torch.tensor([[0.0, 3], [-3, 0]])))[1, 0]
    assert (
        mapped(back, template @ torch.tensor([[0.0, 3], [-3, 0]])) - mapped(expected, template)
    ).abs().max() < 0.01


def test_five_point_margin_and_template() -> None:
    square = ((0.3, 0.3), (0.7, 0.3), (0.5, 0.5), (0.3, 0.7), (0.7, 0.7))
    points = torch.tensor(square) * 300 + 20
    tight = FivePointCropper(FivePointParams(size=100, template=square), Context())
    assert torch.allclose(
        mapped(tight.transforms(faces(points))[0, 0], points), places(100, *square), atol=0.01
    )
    wide = FivePointCropper(FivePointParams(size=100, template=square, margin=0.5), Context())
    within = [(0.25 + x / 2, 0.25 + y / 2) for x, y in square]  # twice as wide
    assert torch.allclose(
        mapped(wide.transforms(faces(points))[0, 0], points), places(100, *within), atol=0.01
    )
    with pytest.raises(ValueError, match="two of the five places are the same"):
        FivePointParams(template=(square[0], *square[:4]))


def test_five_points_that_say_nothing_give_no_transform() -> None:
    bad = UPRIGHT.clone()
    bad[2, 1] = torch.nan
    cropper = FivePointCropper(FivePointParams(), Context())
    transforms = cropper.transforms(faces(torch.full((5, 2), 7.0), bad, UPRIGHT))
    assert transforms.shape == (3, 1, 2, 3)
    assert transforms[:2].isnan().all()
    assert transforms[2].isfinite().all()
    assert cropper.transforms(faces()).shape == (0, 1, 2, 3)


def test_coinciding_points_spoil_only_their_region() -> None:
    points = UPRIGHT.clone()
    points[4] = points[3]
    transforms = FaceEyesMouthCropper(FaceEyesMouthParams(), Context()).transforms(
        faces(points, UPRIGHT)
    )
    assert torch.isfinite(transforms[0, :2]).all()
    assert transforms[0, 2].isnan().all()
    assert torch.isfinite(transforms[1]).all()


def test_no_faces() -> None:
    assert FaceCropper(FaceParams(), Context()).transforms(faces()).shape == (0, 1, 2, 3)
    cropper = FaceEyesMouthCropper(FaceEyesMouthParams(), Context())
    assert cropper.transforms(faces()).shape == (0, 3, 2, 3)


def test_eyes_and_mouth_alone_are_the_crops_of_all_three() -> None:
    whole = FaceEyesMouthCropper(
        FaceEyesMouthParams(size=96, eyes_x=0.25, mouth_y=0.45), Context()
    ).transforms(faces(*POSES))
    eyes = EyesCropper(EyesParams(size=96, eyes_x=0.25), Context())
    mouth = MouthCropper(MouthParams(size=96, mouth_y=0.45), Context())
    assert (eyes.regions, mouth.regions) == (("eyes",), ("mouth",))
    assert torch.equal(eyes.transforms(faces(*POSES)), whole[:, 1:2])
    assert torch.equal(mouth.transforms(faces(*POSES)), whole[:, 2:])
