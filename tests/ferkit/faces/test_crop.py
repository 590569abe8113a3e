"""Which face of a frame is cut, and why none is."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ferkit.contracts.faces import Faces
from ferkit.faces.choose import choose_faces, face_of_landmarks
from ferkit.faces.crop import FaceCrops, crop_faces, find_faces, fit_transform
from ferkit.faces.steps import Steps
from ferkit.faces.track import TrackedFaces


def faces(*boxes: tuple[float, float, float, float], scores: tuple[float, ...]) -> Faces:
    return Faces(torch.tensor(boxes), torch.zeros(len(boxes), 5, 2), torch.tensor(scores))


def crop(frames: torch.Tensor, steps: Steps, known: list[Faces | None] | None = None) -> FaceCrops:
    own = list(frames)
    return crop_faces(own, find_faces(own, known or [None] * len(own), steps.detector), steps)


def test_largest_box_wins_not_the_best_score() -> None:
    found = faces((0, 0, 10, 10), (0, 0, 20, 30), (0, 0, 40, 5), scores=(0.99, 0.95, 0.91))
    assert choose_faces(found, keep="largest", min_score=0.9, frame_size=(99, 99)) == ([1], None)


def test_most_central_is_by_the_middle_of_the_box() -> None:
    found = faces((0, 0, 60, 60), (45, 40, 65, 60), (80, 80, 99, 99), scores=(0.99, 0.95, 0.91))
    chosen = choose_faces(found, keep="most_central", min_score=0.9, frame_size=(100, 100))
    assert chosen == ([1], None)


def test_all_are_those_with_min_score() -> None:
    found = faces((0, 0, 9, 9), (0, 0, 20, 30), (0, 0, 40, 5), scores=(0.99, 0.5, 0.91))
    assert choose_faces(found, keep="all", min_score=0.9, frame_size=(99, 99)) == ([0, 2], None)


def test_faces_below_min_score_do_not_count() -> None:
    found = faces((0, 0, 10, 10), (0, 0, 99, 99), scores=(0.95, 0.5))
    assert choose_faces(found, keep="largest", min_score=0.9, frame_size=(99, 99)) == ([0], None)
    chosen, reason = choose_faces(found, keep="largest", min_score=0.99, frame_size=(99, 99))
    assert chosen == []
    assert reason is not None
    assert reason.kind == "no certain face"
    assert reason.what == "the best face scores 0.95, below min_score 0.99."


def test_frames_and_crops_stay_together(steps: Steps) -> None:
    frames = torch.zeros(5, 3, 40, 40, dtype=torch.uint8)
    for number, level in enumerate([255, 0, 250, 210, 255]):
        frames[number, :, 10:30, 10:30] = level
    result = crop(frames, steps)
    assert result.frame.tolist() == [0, 2, 4]
    assert result.crops.shape == (3, 1, 3, 16, 16)
    assert result.crops.amax((1, 2, 3, 4)).tolist() == [255, 250, 255]
    assert {key: reason.kind for key, reason in result.reasons.items()} == {
        1: "no face",
        3: "no certain face",
    }
    assert result.found == (1, 0, 1, 1, 1)
    assert (result.valid_fraction == 1).all()


def test_every_face_of_a_frame(steps: Steps) -> None:
    frames = torch.randint(0, 256, (2, 3, 40, 60), dtype=torch.uint8)
    points = [face_of_landmarks([(x, 20)] * 5) for x in (12, 30, 48)]
    both = Faces(*(torch.cat(columns) for columns in zip(*points[:2], strict=True)))
    own = [TrackedFaces(both, torch.tensor([7, 2])), TrackedFaces(points[2], torch.tensor([2]))]
    result = crop_faces(list(frames), own, replace(steps, keep="all"))
    assert result.frame.tolist() == [0, 0, 1]
    assert result.track.tolist() == [7, 2, 2]
    assert torch.equal(result.crops[0, 0], frames[0, :, 12:28, 4:20])
    assert torch.equal(result.crops[1, 0], frames[0, :, 12:28, 22:38])
    assert torch.equal(result.crops[2, 0], frames[1, :, 12:28, 40:56])


def test_known_faces_are_not_detected(steps: Steps) -> None:
    frames = torch.randint(0, 200, (3, 3, 40, 40), dtype=torch.uint8)
    frames[1, :, 10:30, 10:30] = 255
    known = [face_of_landmarks([(20, 20)] * 5), None, face_of_landmarks([(8, 8)] * 5)]
    result = crop(frames, steps, known)
    assert steps.detector.calls == [(1, 3, 40, 40)]  # type: ignore[union-attr]
    assert result.frame.tolist() == [0, 1, 2]
    assert torch.equal(result.crops[0, 0], frames[0, :, 12:28, 12:28])
    assert torch.equal(result.crops[2, 0], frames[2, :, :16, :16])


def test_landmarks_off_the_image_or_not_finite_are_a_reason(steps: Steps) -> None:
    frames = torch.zeros(2, 3, 40, 40, dtype=torch.uint8)
    known = [face_of_landmarks([(999, 999)] * 5), face_of_landmarks([(torch.nan, 0)] * 5)]
    result = crop(frames, replace(steps, detector=None), known)
    assert len(result.frame) == 0
    assert [reason.kind for reason in result.reasons.values()] == ["degenerate landmarks"] * 2


def test_without_detector_the_whole_image_is_the_crop(steps: Steps) -> None:
    frames = torch.randint(0, 256, (2, 3, 48, 32), dtype=torch.uint8)
    result = crop(frames, replace(steps, detector=None))
    middle = frames[:, :, 8:40].float()
    expected = torch.nn.functional.avg_pool2d(middle, 2)
    assert result.frame.tolist() == [0, 1]
    assert (result.crops[:, 0].float() - expected).abs().max() <= 0.51


def test_fit_keeps_corner_to_corner() -> None:
    transform = fit_transform(32, 32, 8)
    corner = transform[:, :2] @ torch.tensor([-0.5, 31.5]) + transform[:, 2]
    assert corner.tolist() == pytest.approx([-0.5, 7.5])
