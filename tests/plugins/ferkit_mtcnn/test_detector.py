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

from ferkit.contracts.faces import Faces
from ferkit.errors import FerkitError
from ferkit.faces.decode import decode_photo
from ferkit.plugin import Context


@pytest.fixture(scope="module")
def detector() -> MtcnnDetector:
    return MtcnnDetector(MtcnnParams(), Context())


@pytest.mark.parametrize(
    "shape",
    [(1, 1), (1, 700), (700, 1), (11, 11), (5, 300), (39, 39), (40, 40), (64, 33), (41, 2000)],
)
def test_small_and_empty_frames_have_no_faces(
    detector: MtcnnDetector, shape: tuple[int, int]
) -> None:
    found = detector.detect(list(torch.full((3, 3, *shape), 128, dtype=torch.uint8)))
    assert len(found) == 3
    for faces in found:
        assert faces.box_xyxy.shape == (0, 4)
        assert faces.landmarks.shape == (0, 5, 2)
        assert faces.score.shape == (0,)
        assert {part.dtype for part in faces} == {torch.float32}


def test_no_frames(detector: MtcnnDetector) -> None:
    assert list(detector.detect([])) == []


def test_parameters_are_checked() -> None:
    for wrong in (
        {"min_face_px": 5},
        {"min_face_fraction": 1.5},
        {"factor": 1.0},
        {"thresholds": (0.5, 2, 0.5)},
        {"half": 2},
        {"size": 3},
    ):
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
    params = MtcnnParams(min_face_px=20, largest_side=None)
    own = MtcnnDetector(params, Context()).detect([frame])[0]
    theirs: Any = MTCNN(min_face_size=20, device="cpu", select_largest=False)
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
        found = detector.detect([decode_photo(real_data / "london" / row["path"])])[0]
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
    whole = MtcnnDetector(MtcnnParams(largest_side=None), Context()).detect([frame])[0]
    limited = MtcnnDetector(MtcnnParams(largest_side=200), Context()).detect([frame])[0]
    assert len(whole.score) == len(limited.score) == 1
    assert iou(whole.box_xyxy[0], limited.box_xyxy[0]) > 0.8
    interocular = (whole.landmarks[0, 1] - whole.landmarks[0, 0]).norm()
    away = (whole.landmarks - limited.landmarks).norm(dim=2).max()
    assert away < 0.1 * interocular


def equal(one: Faces, other: Faces) -> bool:
    return all(torch.equal(mine, its) for mine, its in zip(one, other, strict=True))


def test_frames_of_all_sizes_answer_as_each_does_alone(
    real_data: Path, detector: MtcnnDetector
) -> None:
    names = ["london/neutral/001.jpg", "photos/multi_face.jpg", "london/happy/002.jpg"]
    frames = [decode_photo(real_data / name) for name in names]
    frames.insert(1, torch.full((3, 1, 1), 128, dtype=torch.uint8))
    frames.append(torch.full_like(frames[0], 128))
    together = detector.detect(frames)
    assert [min(1, len(faces.score)) for faces in together] == [1, 0, 1, 1, 0]
    for faces, frame in zip(together, frames, strict=True):
        assert equal(faces, detector.detect([frame])[0])
        assert equal(faces, detector.detect([frame.contiguous()])[0])  # planes, not pixels


def test_faces_at_the_border(real_data: Path) -> None:
    from facenet_pytorch import MTCNN

    whole = decode_photo(real_data / "london" / "neutral" / "001.jpg")
    detector = MtcnnDetector(MtcnnParams(largest_side=None), Context())
    box = detector.detect([whole])[0].box_xyxy[0].round().int().tolist()
    frame = whole[:, box[1] + 20 : box[3] - 5, box[0] + 15 : box[2]].contiguous()
    theirs: Any = MTCNN(min_face_size=40, device="cpu", keep_all=True)
    boxes, scores, _ = theirs.detect(frame.permute(1, 2, 0).numpy(), landmarks=True)
    found = detector.detect([frame])[0]
    assert len(found.score) == len(boxes) >= 1
    assert iou(found.box_xyxy[0], torch.from_numpy(boxes[0].astype(np.float32))) > 0.99
    assert float(found.score[0]) == pytest.approx(float(scores[0]), abs=1e-3)


def test_the_larger_of_both_smallest_faces_holds(real_data: Path) -> None:
    frame = decode_photo(real_data / "photos" / "multi_face.jpg")
    shorter = min(frame.shape[1:])

    def found(**settings: float) -> Faces:
        params = MtcnnParams.model_validate({"largest_side": None, **settings})
        return MtcnnDetector(params, Context()).detect([frame])[0]

    everything = found(min_face_px=20)
    assert equal(found(min_face_px=20, min_face_fraction=30 / shorter), found(min_face_px=30))
    assert equal(found(min_face_px=20, min_face_fraction=5 / shorter), everything)
    assert len(found(min_face_px=20, min_face_fraction=1.0).score) < len(everything.score)


def test_a_very_large_frame(real_data: Path) -> None:
    portrait = decode_photo(real_data / "london" / "neutral" / "001.jpg")
    frame = torch.full((3, 2160, 3840), 90, dtype=torch.uint8)
    frame[:, 1600:2112, 3200:3712] = portrait
    params = MtcnnParams(min_face_px=150, largest_side=None)
    found = MtcnnDetector(params, Context()).detect([frame])[0]
    alone = MtcnnDetector(params, Context()).detect([portrait])[0]
    moved = alone.box_xyxy[0] + torch.tensor([3200.0, 1600.0, 3200.0, 1600.0])
    assert iou(found.box_xyxy[0], moved) > 0.8


def test_half_precision_is_refused_on_a_cpu() -> None:
    with pytest.raises(FerkitError, match="half: 16-bit floats need a GPU"):
        MtcnnDetector(MtcnnParams(half=True), Context())


@pytest.mark.parametrize(
    ("device", "half", "told"),
    [
        ("cpu", None, "float32"),
        ("cuda", None, "float16"),
        ("cuda", True, "float16"),
        ("cuda", False, "float32"),
    ],
)
def test_stores_tell_the_precision_in_force_apart(
    monkeypatch: pytest.MonkeyPatch, device: str, half: bool | None, told: str
) -> None:
    monkeypatch.setattr("ferkit_mtcnn.detector.load_networks", lambda *_, rough: None)
    assert MtcnnDetector(MtcnnParams(half=half), Context(device=device)).fingerprint == told


@pytest.mark.gpu
@pytest.mark.parametrize("half", [False, True])
def test_a_gpu_finds_the_faces_that_a_cpu_finds(real_data: Path, half: bool) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    names = ["london/neutral/001.jpg", "photos/multi_face.jpg", "london/happy/002.jpg"]
    frames = [decode_photo(real_data / name) for name in names]
    frames.append(torch.full((3, 1, 1), 128, dtype=torch.uint8))
    expected = MtcnnDetector(MtcnnParams(), Context()).detect(frames)
    gpu = MtcnnDetector(MtcnnParams(half=half), Context(device="cuda"))
    for frames_there in (frames, [frame.cuda() for frame in frames]):
        for found, faces in zip(gpu.detect(frames_there), expected, strict=True):
            assert {part.device.type for part in found} == {"cpu"}
            # Of boxes that cover each other nearly equal scores keep another one now and then.
            for box, score in zip(faces.box_xyxy, faces.score, strict=True):
                if score > 0.95:
                    assert max(iou(box, other) for other in found.box_xyxy) > 0.8
