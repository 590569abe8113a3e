"""Faces found again from boxes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from torch import Tensor

from ferkit.contracts.faces import FaceRefiner, Faces
from ferkit.faces.decode import decode_photo
from ferkit.plugin import Context


@pytest.fixture(scope="module")
def detector() -> MtcnnDetector:
    return MtcnnDetector(MtcnnParams(), Context())


@pytest.fixture
def photograph(real_data: Path) -> Tensor:
    return decode_photo(real_data / "photos" / "multi_face.jpg")


@pytest.fixture
def faces(detector: MtcnnDetector, photograph: Tensor) -> Faces:
    return detector.detect([photograph])[0]


def interocular(landmarks: Tensor) -> Tensor:
    return (landmarks[:, 1] - landmarks[:, 0]).norm(dim=1)


def test_a_face_is_found_again_from_a_box_that_is_off(
    detector: MtcnnDetector, photograph: Tensor, faces: Faces
) -> None:
    assert isinstance(detector, FaceRefiner)
    sides = faces.box_xyxy[:, 2:] - faces.box_xyxy[:, :2]
    for across, down, scale in ((0, 0, 1), (0.1, -0.1, 1), (-0.1, 0.05, 1.1), (0.05, 0.1, 0.9)):
        moved = faces.box_xyxy + torch.cat([sides, sides], 1) * torch.tensor(
            [across, down, across, down]
        )
        grown = torch.cat([-sides, sides], 1) * (scale - 1) / 2
        (found,) = detector.refine([photograph], [moved + grown])
        assert len(found.score) == len(faces.score)
        assert (found.score.diff() <= 0).all()
        off = (found.landmarks[:, None] - faces.landmarks[None]).norm(dim=3).mean(2)
        nearest = off.argmin(1)
        assert sorted(nearest.tolist()) == list(range(len(faces.score)))
        share = off.amin(1) / interocular(faces.landmarks)[nearest]
        assert float(share.max()) < 0.2


def test_boxes_without_a_face_give_none(detector: MtcnnDetector) -> None:
    frame = torch.full((3, 60, 80), 90, dtype=torch.uint8)
    nan = float("nan")
    boxes = torch.tensor(
        [[10, 10, 50, 50], [-90, -90, -50, -50], [70, 50, 300, 300], [5, 5, 5, 5], [nan] * 4]
    )
    (found,) = detector.refine([frame], [boxes])
    assert found.box_xyxy.shape == (0, 4)
    assert found.landmarks.shape == (0, 5, 2)
    assert detector.refine([], []) == []
    (none,) = detector.refine([frame], [torch.zeros(0, 4)])
    assert len(none.score) == 0


def test_frames_do_not_depend_on_each_other(
    detector: MtcnnDetector, photograph: Tensor, faces: Faces
) -> None:
    blank = torch.zeros_like(photograph)
    boxes = faces.box_xyxy
    together = detector.refine([blank, photograph], [boxes, boxes])
    (alone,) = detector.refine([photograph], [boxes])
    assert len(together[0].score) == 0
    assert all(torch.equal(a, b) for a, b in zip(together[1], alone, strict=True))
