"""MTCNN: the same faces as facenet-pytorch's own pipeline, and no trouble with odd frames."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from pydantic import ValidationError

from ferkit.faces.decode import decode_photo
from ferkit.plugin import Context


@pytest.fixture(scope="module")
def detector() -> MtcnnDetector:
    return MtcnnDetector(MtcnnParams(), Context())


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (39, 39), (40, 40), (64, 33)])
def test_small_and_empty_frames_have_no_faces(
    detector: MtcnnDetector, shape: tuple[int, int]
) -> None:
    found = detector.detect(torch.full((3, 3, *shape), 128, dtype=torch.uint8))
    assert len(found) == 3
    for faces in found:
        assert faces.box_xyxy.shape == (0, 4)
        assert faces.landmarks.shape == (0, 5, 2)
        assert faces.score.shape == (0,)
        assert {part.dtype for part in faces} == {torch.float32}


def test_no_frames(detector: MtcnnDetector) -> None:
    assert list(detector.detect(torch.zeros(0, 3, 64, 64, dtype=torch.uint8))) == []


def test_parameters_are_checked() -> None:
    for wrong in ({"min_face_px": 5}, {"factor": 1.0}, {"thresholds": (0.5, 2, 0.5)}, {"size": 3}):
        with pytest.raises(ValidationError):
            MtcnnParams.model_validate(wrong)


def iou(one: torch.Tensor, other: torch.Tensor) -> float:
    low, high = torch.maximum(one[:2], other[:2]), torch.minimum(one[2:], other[2:])
    shared = float((high - low).clamp(min=0).prod())
    areas = [float((box[2:] - box[:2]).prod()) for box in (one, other)]
    return shared / (sum(areas) - shared)


@pytest.mark.parametrize(
    "name", ["photos/multi_face.jpg", "photos/multiface.jpg", "poses/lisa2.jpg"]
)
def test_same_faces_as_facenet_pytorch(real_data: Path, name: str) -> None:
    from facenet_pytorch import MTCNN

    frame = decode_photo(real_data / name)
    own = MtcnnDetector(MtcnnParams(largest_side=None), Context()).detect(frame[None])[0]
    theirs: Any = MTCNN(min_face_size=40, device="cpu", select_largest=False)
    boxes, scores, points = theirs.detect(frame.permute(1, 2, 0).numpy()[None], landmarks=True)
    assert len(own.score) == len(boxes[0]) >= 1
    assert own.score.tolist() == sorted(own.score.tolist(), reverse=True)
    order = np.argsort(-scores[0].astype(float))
    for place, theirs_at in enumerate(order):
        box = torch.from_numpy(boxes[0][theirs_at].astype(np.float32))
        assert iou(own.box_xyxy[place], box) > 0.9
        assert float(own.score[place]) == pytest.approx(float(scores[0][theirs_at]), abs=1e-3)
        landmarks = torch.from_numpy(points[0][theirs_at].astype(np.float32))
        interocular = float((landmarks[1] - landmarks[0]).norm())
        away = (own.landmarks[place] - landmarks).norm(dim=1).max()
        assert float(away) < 0.02 * interocular


def test_landmarks_agree_with_marked_pupils(real_data: Path, detector: MtcnnDetector) -> None:
    with (real_data / "london" / "labels.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["eye1_x"]][:6]
    errors = []
    for row in rows:
        found = detector.detect(decode_photo(real_data / "london" / row["path"])[None])[0]
        assert len(found.score) == 1
        pupils = torch.tensor([[float(row[f"eye{n}_{axis}"]) for axis in "xy"] for n in (1, 2)])
        interocular = (pupils[1] - pupils[0]).norm()
        errors.append(float((found.landmarks[0, :2] - pupils).norm(dim=1).mean() / interocular))
        left, right, nose, mouth_left, mouth_right = found.landmarks[0].tolist()
        assert left[0] < nose[0] < right[0]
        assert mouth_left[0] < mouth_right[0]
        assert left[1] < nose[1] < mouth_left[1]
    assert float(np.median(errors)) < 0.06


def test_a_large_frame_is_scaled_down_and_boxes_mapped_back(real_data: Path) -> None:
    frame = decode_photo(real_data / "photos" / "single_face.jpg")
    whole = MtcnnDetector(MtcnnParams(largest_side=None), Context()).detect(frame[None])[0]
    limited = MtcnnDetector(MtcnnParams(largest_side=200), Context()).detect(frame[None])[0]
    assert len(whole.score) == len(limited.score) == 1
    assert iou(whole.box_xyxy[0], limited.box_xyxy[0]) > 0.8
    interocular = (whole.landmarks[0, 1] - whole.landmarks[0, 0]).norm()
    away = (whole.landmarks - limited.landmarks).norm(dim=2).max()
    assert away < 0.1 * interocular


def test_a_batch_answers_as_single_frames_do(real_data: Path, detector: MtcnnDetector) -> None:
    names = ["neutral/001.jpg", "happy/002.jpg"]
    frames = [decode_photo(real_data / "london" / name) for name in names]
    blank = torch.full_like(frames[0], 128)
    together = detector.detect(torch.stack([frames[0], blank, frames[1]]))
    assert [len(faces.score) for faces in together] == [1, 0, 1]
    for faces, frame in zip((together[0], together[2]), frames, strict=True):
        alone = detector.detect(frame[None])[0]
        assert torch.allclose(faces.box_xyxy, alone.box_xyxy, atol=0.01)
        assert torch.allclose(faces.landmarks, alone.landmarks, atol=0.01)
