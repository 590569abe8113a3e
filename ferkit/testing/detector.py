"""The contract of face detectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ferkit.contracts.faces import FaceRefiner, Faces
from ferkit.plugin import Context
from ferkit.testing.backbone import Make, seeded
from ferkit.testing.portrait import Portrait, portrait, portrait_in
from ferkit.testing.refiner import check_refiner
from ferkit.testing.results import asked, check_faces, check_fingerprint, overlap, same_faces

SAME_PLACE = 0.4
"""Intersection over union from which on a found face counts as the one that was drawn."""


def check_face_detector(make: Make, *, frames: Sequence[Tensor] = ()) -> int:
    """Hold a detector to `FaceDetector`, and to `FaceRefiner` if it has `refine`.

    It is shown a drawn face in frames of several sizes, noise, grey, and frames of one pixel, one
    row or one column.

    Args:
        make: context -> detector.
        frames: further frames (3, H, W) uint8 RGB, for a detector that does not find drawn faces.
    Returns: how many faces it found. Of one that finds none, little more than shapes is checked.
    Raises: AssertionError: says what is wrong.
    """
    detector = seeded(make, Context())
    drawn = _drawn()
    shown = [*(each.frame for each in drawn), *_without_faces(), *frames]
    kept = [frame.clone() for frame in shown]
    found = _detect(detector, shown)
    assert all(map(torch.equal, shown, kept)), "it changes the frames that it is given"
    for one, other in zip(found, _detect(detector, shown), strict=True):
        assert all(map(torch.equal, one, other)), "the same frames give other faces again"
    same_faces(found, _detect(seeded(make, Context(), seed=5), shown), "depend on the seed")
    _check_frames_apart(detector, shown, found)
    _check_layouts(detector, shown, found)
    for face, answer in zip(drawn, found, strict=False):
        _check_landmarks(face, answer)
    certain = getattr(detector, "certain_score", 0.9)
    assert isinstance(certain, float | int), f"certain_score is {certain!r}, not a number"
    assert 0 <= certain <= 1, f"certain_score is {certain}, not in [0, 1]"
    check_fingerprint(detector, seeded(make, Context()))
    if isinstance(detector, FaceRefiner):
        check_refiner(detector, shown, found, certain=float(certain))
    return sum(len(faces.score) for faces in found)


def _drawn() -> list[Portrait]:
    return [
        portrait(160),
        portrait(160, background=60),
        portrait_in(120, 200, side=110, left=70, top=6),
        portrait_in(230, 140, side=130, left=4, top=80),
    ]


def _without_faces() -> list[Tensor]:
    noise = torch.randint(
        0, 256, (3, 50, 90), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    sizes = ((160, 160), (1, 1), (1, 200), (200, 1), (2, 3))
    return [noise, *(torch.full((3, *size), 120, dtype=torch.uint8) for size in sizes)]


def _detect(detector: Any, frames: Sequence[Tensor] | Tensor) -> Sequence[Faces]:
    """What it finds, held to the form of results."""
    sizes = ", ".join(f"{frame.shape[2]} x {frame.shape[1]}" for frame in frames) or "none"
    found: Sequence[Faces] = asked(f"frames of sizes {sizes}", detector.detect, frames)
    assert len(found) == len(frames), f"{len(found)} results for {len(frames)} frames"
    for faces in found:
        check_faces(faces)
    return found


def _check_frames_apart(detector: Any, shown: Sequence[Tensor], found: Sequence[Faces]) -> None:
    depend = "depend on the other frames of the call"
    alone = [_detect(detector, [frame])[0] for frame in shown]
    same_faces(found, alone, depend)
    same_faces(found, _detect(detector, shown[::-1])[::-1], depend)
    _detect(detector, [])


def _check_layouts(detector: Any, shown: Sequence[Tensor], found: Sequence[Faces]) -> None:
    layout = "depend on how a frame lies in memory"
    by_pixel = [frame.permute(1, 2, 0).contiguous().permute(2, 0, 1) for frame in shown]
    same_faces(found, _detect(detector, by_pixel), layout)
    windows = []
    for frame in shown:
        larger = torch.full((3, frame.shape[1] + 4, frame.shape[2] + 6), 255, dtype=torch.uint8)
        windows.append(larger[:, 2:-2, 3:-3].copy_(frame))
    same_faces(found, _detect(detector, windows), layout)
    alike = [number for number, frame in enumerate(shown) if frame.shape[1:] == shown[0].shape[1:]]
    stacked = _detect(detector, torch.stack([shown[number] for number in alike]))
    same_faces([found[number] for number in alike], stacked, "of a tensor and of a list differ")
    _detect(detector, shown[0][None][:0])


def _check_landmarks(drawn: Portrait, found: Faces) -> None:
    """Where it found the drawn face, its points are that face's, in the right order."""
    interocular = (drawn.landmarks[1] - drawn.landmarks[0]).norm()
    for box, points in zip(found.box_xyxy, found.landmarks, strict=True):
        if overlap(box, drawn.box_xyxy) < SAME_PLACE:
            continue
        off = (points - drawn.landmarks).norm(dim=1).max() / interocular
        assert float(off) < 0.5, (
            "landmarks are not left eye, right eye, nose, left and right mouth corner (left is"
            f" the smaller x) in pixels of the frame: {points.round().int().tolist()} for"
            f" {drawn.landmarks.round().int().tolist()}"
        )
