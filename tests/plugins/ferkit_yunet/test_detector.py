"""YuNet over frames: where faces are, whatever the frames' sizes and neighbours."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from ferkit_mtcnn.detector import MtcnnDetector
from ferkit_mtcnn.params import MtcnnParams
from ferkit_yunet.detector import YunetDetector, prepare_pixels, seen_size
from ferkit_yunet.params import YunetParams
from pydantic import ValidationError
from torch import Tensor
from torchvision.ops import box_iou

from ferkit.contracts.faces import Faces
from ferkit.faces.decode import decode_photo
from ferkit.plugin import Context

SeeingWhite = Callable[..., YunetDetector]


def white_cell(height: int, width: int, top: int, left: int, side: int = 8) -> Tensor:
    frame = torch.zeros(3, height, width, dtype=torch.uint8)
    frame[:, top : top + side, left : left + side] = 255
    return frame


def largest(faces: Faces) -> int:
    return int((faces.box_xyxy[:, 2:] - faces.box_xyxy[:, :2]).prod(1).argmax())


def test_frames_of_any_sizes_answer_in_order(seeing_white: SeeingWhite) -> None:
    detector = seeing_white()
    frames = [
        white_cell(64, 64, 16, 24),
        torch.zeros(3, 1, 1, dtype=torch.uint8),
        white_cell(40, 72, 8, 40),
        torch.zeros(3, 64, 64, dtype=torch.uint8),
        white_cell(64, 64, 48, 0),
    ]
    found = detector.detect(frames)
    assert [len(faces.score) for faces in found] == [1, 0, 1, 0, 1]
    # Middle of the white cell; landmarks from there to the right, pixel by pixel.
    for faces, (x, y) in zip(found[::2], [(28, 20), (44, 12), (4, 52)], strict=True):
        box = torch.tensor([[x - 16.0, y - 24, x + 16, y + 24]])
        assert torch.allclose(faces.box_xyxy, box, atol=1e-3)
        points = torch.tensor([[x + n, float(y)] for n in range(5)])
        assert torch.allclose(faces.landmarks[0], points, atol=1e-3)
        assert torch.allclose(faces.score, torch.ones(1), atol=1e-3)


def test_a_frame_that_is_scaled_down_answers_in_its_own_pixels(seeing_white: SeeingWhite) -> None:
    # Three times as wide and high as what is seen; the cell is 24 pixels, its middle at 83.5 and
    # 59.5, counted from the middle of the first pixel.
    frame = white_cell(192, 288, 48, 72, side=24)
    (faces,) = seeing_white(largest_side=96).detect([frame])
    # Seen, the landmarks start at 28 (see above), which is 3 * 28.5 - 0.5 here.
    assert torch.allclose(faces.landmarks[0, 0], torch.tensor([85.0, 61.0]), atol=1e-3)
    assert torch.allclose(faces.landmarks[0, 4], torch.tensor([97.0, 61.0]), atol=1e-3)
    extent = faces.box_xyxy[0, 2:] - faces.box_xyxy[0, :2]
    assert torch.allclose(extent, torch.tensor([96.0, 144.0]), atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (31, 33), (2, 1500)])
def test_small_and_thin_frames_have_no_faces(
    seeing_white: SeeingWhite, shape: tuple[int, int]
) -> None:
    found = seeing_white().detect(torch.full((3, 3, *shape), 40, dtype=torch.uint8))
    assert len(found) == 3
    for faces in found:
        assert [part.shape for part in faces] == [(0, 4), (0, 5, 2), (0,)]
        assert {part.dtype for part in faces} == {torch.float32}


def test_no_frames(seeing_white: SeeingWhite) -> None:
    assert list(seeing_white().detect([])) == []
    assert list(seeing_white().detect(torch.zeros(0, 3, 64, 64, dtype=torch.uint8))) == []


def test_pixels_are_blue_first_and_padded_with_black() -> None:
    frame = torch.tensor([10, 20, 30], dtype=torch.uint8)[:, None, None].expand(3, 33, 20)
    pixels = prepare_pixels([frame, frame], (33, 20), torch.device("cpu"))
    assert pixels.shape == (2, 3, 64, 32)
    assert pixels[1, :, 32, 19].tolist() == [30, 20, 10]
    assert float(pixels[:, :, 33:].max()) == float(pixels[:, :, :, 20:].max()) == 0


def test_scaling_counts_every_pixel() -> None:
    stripes = (torch.arange(640) % 2 * 255).to(torch.uint8).expand(3, 64, 640)
    pixels = prepare_pixels([stripes], (16, 160), torch.device("cpu"))
    assert float((pixels[:, :, :16, 8:152] - 127.5).abs().max()) < 2


@pytest.mark.parametrize(
    ("size", "limit", "seen"),
    [
        ((480, 640), 640, (480, 640)),
        ((1080, 1920), 640, (360, 640)),
        ((3000, 1), 640, (640, 1)),
        ((3000, 2000), None, (3000, 2000)),
    ],
)
def test_seen_size(size: tuple[int, int], limit: int | None, seen: tuple[int, int]) -> None:
    assert seen_size(size, limit) == seen


def test_parameters_are_checked() -> None:
    for wrong in ({"largest_side": 16}, {"threshold": 0}, {"overlap": -0.1}, {"min_face_px": 3}):
        with pytest.raises(ValidationError):
            YunetParams.model_validate(wrong)


PHOTOS = (
    "photos/single_face.jpg",
    "photos/multi_face.jpg",
    *(f"poses/{name}.jpg" for name in ("lisa1", "lisa2", "lisa3", "lisa4", "15cm", "60cm")),
    *(f"london/{name}.jpg" for name in ("neutral/001", "happy/002", "neutral/016", "happy/041")),
)


@pytest.mark.parametrize("name", PHOTOS)
def test_the_same_face_as_mtcnn(real_data: Path, detector: YunetDetector, name: str) -> None:
    frame = decode_photo(real_data / name)
    own = detector.detect([frame])[0]
    other = MtcnnDetector(MtcnnParams(), Context()).detect([frame])[0]
    assert own.score.tolist() == sorted(own.score.tolist(), reverse=True)
    face = other.box_xyxy[largest(other), None]
    overlap = box_iou(own.box_xyxy, face)[:, 0]
    at = int(overlap.argmax())
    assert float(overlap[at]) > 0.5
    # In the group, several faces are equally large.
    assert at == largest(own) or name == "photos/multi_face.jpg"
    theirs = other.landmarks[largest(other)]
    away = (own.landmarks[at] - theirs).norm(dim=1) / (theirs[1] - theirs[0]).norm()
    assert float(away.mean()) < 0.10


def test_a_face_behind_a_hand_and_a_profile(real_data: Path, detector: YunetDetector) -> None:
    hand, profile = (
        detector.detect([decode_photo(real_data / "photos" / name)])[0]
        for name in ("Image_with_alpha.png", "BWPictureHuman.jpg")
    )
    assert [len(faces.score) for faces in (hand, profile)] == [1, 1]
    assert float(profile.score) < float(hand.score) < 0.9


@pytest.mark.parametrize("turn", [-15.0, 0.0, 15.0])
def test_order_of_landmarks(real_data: Path, detector: YunetDetector, turn: float) -> None:
    from torchvision.transforms.functional import InterpolationMode, rotate

    frame = decode_photo(real_data / "london" / "neutral" / "001.jpg")
    turned = rotate(frame, turn, interpolation=InterpolationMode.BILINEAR)
    points = detector.detect([turned])[0].landmarks[0]
    # Turned back; the image's y points down, so a positive turn is against the clock.
    angle = math.radians(turn)
    back = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    left, right, nose, mouth_left, mouth_right = (points @ back.T).tolist()
    assert left[0] < nose[0] < right[0]
    assert mouth_left[0] < nose[0] < mouth_right[0]
    assert max(left[1], right[1]) < nose[1] < min(mouth_left[1], mouth_right[1])


def test_landmarks_agree_with_marked_pupils(real_data: Path, detector: YunetDetector) -> None:
    with (real_data / "london" / "labels.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["eye1_x"]][:12]
    errors = []
    for row in rows:
        (faces,) = detector.detect([decode_photo(real_data / "london" / row["path"])])
        assert len(faces.score) == 1
        pupils = torch.tensor([[float(row[f"eye{n}_{axis}"]) for axis in "xy"] for n in (1, 2)])
        interocular = (pupils[1] - pupils[0]).norm()
        errors.append(float((faces.landmarks[0, :2] - pupils).norm(dim=1).mean() / interocular))
    assert float(np.median(errors)) < 0.06


def test_the_mean_over_cells_is_nearer_to_the_pupils(real_data: Path, network: object) -> None:
    with (real_data / "london" / "labels.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["eye1_x"]][:20]
    frames = [decode_photo(real_data / "london" / row["path"]) for row in rows]
    away: dict[bool, list[float]] = {}
    for average in (True, False):
        found = YunetDetector(YunetParams(average=average), Context()).detect(frames)
        for row, faces in zip(rows, found, strict=True):
            pupils = torch.tensor([[float(row[f"eye{n}_{axis}"]) for axis in "xy"] for n in (1, 2)])
            error = (faces.landmarks[0, :2] - pupils).norm(dim=1).mean()
            away.setdefault(average, []).append(float(error))
    assert np.mean(away[True]) < 0.85 * np.mean(away[False])


def test_neighbours_do_not_matter(real_data: Path, detector: YunetDetector) -> None:
    names = ["london/neutral/001.jpg", "photos/multi_face.jpg", "london/happy/002.jpg"]
    frames = [decode_photo(real_data / name) for name in names]
    blank = torch.full_like(frames[0], 128)
    together = detector.detect([frames[0], frames[1], blank, frames[2]])
    assert [len(faces.score) for faces in together] == [1, 5, 0, 1]
    for faces, frame in zip((together[0], together[1], together[3]), frames, strict=True):
        (alone,) = detector.detect([frame])
        for one, other in zip(faces, alone, strict=True):
            assert torch.allclose(one, other, atol=0.01)


@pytest.mark.gpu
def test_same_faces_on_a_gpu(real_data: Path, detector: YunetDetector) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    frames = [decode_photo(real_data / name) for name in PHOTOS]
    device = YunetDetector(YunetParams(), Context(device="cuda"))
    for own, other in zip(detector.detect(frames), device.detect(frames), strict=True):
        assert other.box_xyxy.device.type == "cpu"
        interocular = float((own.landmarks[0, 1] - own.landmarks[0, 0]).norm())
        away = (own.landmarks[0] - other.landmarks[0]).norm(dim=1).max()
        assert float(away) < 0.02 * interocular
