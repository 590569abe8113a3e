"""Which face of a frame is cut, and why none is."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ferkit.contracts.faces import Faces
from ferkit.faces.crop import (
    crop_faces,
    enhanced,
    face_of_landmarks,
    fit_transform,
    largest_face,
)
from ferkit.faces.steps import Steps


def faces(*boxes: tuple[float, float, float, float], scores: tuple[float, ...]) -> Faces:
    return Faces(torch.tensor(boxes), torch.zeros(len(boxes), 5, 2), torch.tensor(scores))


def test_largest_box_wins_not_the_best_score() -> None:
    found = faces((0, 0, 10, 10), (0, 0, 20, 30), (0, 0, 40, 5), scores=(0.99, 0.95, 0.91))
    chosen, reason = largest_face(found, min_score=0.9)
    assert reason is None
    assert chosen is not None
    assert chosen.box_xyxy.tolist() == [[0, 0, 20, 30]]
    assert chosen.landmarks.shape == (1, 5, 2)


def test_faces_below_min_score_do_not_count() -> None:
    found = faces((0, 0, 10, 10), (0, 0, 99, 99), scores=(0.95, 0.5))
    chosen, _ = largest_face(found, min_score=0.9)
    assert chosen is not None
    assert chosen.box_xyxy.tolist() == [[0, 0, 10, 10]]
    chosen, reason = largest_face(found, min_score=0.99)
    assert chosen is None
    assert reason is not None
    assert reason.kind == "no certain face"
    assert reason.what == "the best face scores 0.95, below min_score 0.99."


def test_frames_and_crops_stay_together(steps: Steps) -> None:
    frames = torch.zeros(5, 3, 40, 40, dtype=torch.uint8)
    for number, level in enumerate([255, 0, 250, 210, 255]):
        frames[number, :, 10:30, 10:30] = level
    result = crop_faces(frames, cropper=steps.cropper, detector=steps.detector, min_score=0.9)
    assert result.frame.tolist() == [0, 2, 4]
    assert result.crops.shape == (3, 1, 3, 16, 16)
    assert result.crops.amax((1, 2, 3, 4)).tolist() == [255, 250, 255]
    assert {key: reason.kind for key, reason in result.reasons.items()} == {
        1: "no face",
        3: "no certain face",
    }
    assert result.found == (1, 0, 1, 1, 1)
    assert (result.valid_fraction == 1).all()


def test_known_faces_are_not_detected(steps: Steps) -> None:
    frames = torch.randint(0, 200, (3, 3, 40, 40), dtype=torch.uint8)
    frames[1, :, 10:30, 10:30] = 255
    known = [face_of_landmarks([(20, 20)] * 5), None, face_of_landmarks([(8, 8)] * 5)]
    result = crop_faces(frames, cropper=steps.cropper, detector=steps.detector, known=known)
    assert steps.detector.calls == [(1, 3, 40, 40)]  # type: ignore[union-attr]
    assert result.frame.tolist() == [0, 1, 2]
    assert torch.equal(result.crops[0, 0], frames[0, :, 12:28, 12:28])
    assert torch.equal(result.crops[2, 0], frames[2, :, :16, :16])


def test_landmarks_off_the_image_or_not_finite_are_a_reason(steps: Steps) -> None:
    frames = torch.zeros(2, 3, 40, 40, dtype=torch.uint8)
    known = [face_of_landmarks([(999, 999)] * 5), face_of_landmarks([(torch.nan, 0)] * 5)]
    result = crop_faces(frames, cropper=steps.cropper, detector=None, known=known)
    assert len(result.frame) == 0
    assert [reason.kind for reason in result.reasons.values()] == ["degenerate landmarks"] * 2


def test_without_detector_the_whole_image_is_the_crop(steps: Steps) -> None:
    frames = torch.randint(0, 256, (2, 3, 48, 32), dtype=torch.uint8)
    result = crop_faces(frames, cropper=steps.cropper, detector=None)
    middle = frames[:, :, 8:40].float()
    expected = torch.nn.functional.avg_pool2d(middle, 2)
    assert result.frame.tolist() == [0, 1]
    assert (result.crops[:, 0].float() - expected).abs().max() <= 0.51


def test_fit_keeps_corner_to_corner() -> None:
    transform = fit_transform(32, 32, 8)
    corner = transform[:, :2] @ torch.tensor([-0.5, 31.5]) + transform[:, 2]
    assert corner.tolist() == pytest.approx([-0.5, 7.5])


def test_enhancer_sees_floats_and_answers_pixels(steps: Steps) -> None:
    crops = torch.randint(0, 256, (2, 3, 3, 8, 8), dtype=torch.uint8)
    seen: list[torch.Tensor] = []

    def invert(images: torch.Tensor) -> torch.Tensor:
        seen.append(images)
        return 1 - images

    assert torch.equal(enhanced(crops, invert), 255 - crops)
    assert seen[0].shape == (6, 3, 8, 8)
    assert float(seen[0].max()) <= 1
    frames = torch.full((1, 3, 40, 40), 255, dtype=torch.uint8)
    dark = replace(steps, enhancer=invert)
    result = crop_faces(
        frames, cropper=dark.cropper, detector=dark.detector, enhancer=dark.enhancer
    )
    assert not result.crops.any()
