"""The contract of detectors that find faces again from where they were."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ferkit.contracts.faces import FaceRefiner, Faces
from ferkit.testing.results import asked, check_faces, overlap, same_faces

FOUND_AGAIN = 0.3
"""Intersection over union from which on a face counts as the one whose box was given."""


def check_refiner(
    refiner: FaceRefiner, frames: Sequence[Tensor], found: Sequence[Faces], *, certain: float
) -> None:
    """Hold a detector to `FaceRefiner`.

    Args:
        refiner: a detector with `refine`.
        frames: (3, H, W) uint8 RGB.
        found: its faces in each of them, as `detect` found them.
        certain: least score of a face to rely on; those must be found again from their own box.
    Raises: AssertionError: says what is wrong.
    """
    boxes = [
        torch.cat([faces.box_xyxy, _astray(frame)])
        for frame, faces in zip(frames, found, strict=True)
    ]
    kept = [(frame.clone(), own.clone()) for frame, own in zip(frames, boxes, strict=True)]
    again = _refine(refiner, frames, boxes)
    for (frame, own), now, own_now in zip(kept, frames, boxes, strict=True):
        assert torch.equal(frame, now), "refine changes the frames that it is given"
        assert torch.equal(own, own_now), "refine changes the boxes that it is given"
    alone = [_refine(refiner, [frame], [own])[0] for frame, own in zip(frames, boxes, strict=True)]
    same_faces(again, alone, "that refine finds depend on the other frames of the call")
    nothing = [torch.zeros(0, 4)] * len(frames)
    for faces in _refine(refiner, frames, nothing):
        assert not len(faces.score), "refine finds faces in a frame without a box"
    _refine(refiner, [], [])
    for before, after in zip(found, again, strict=True):
        for box in before.box_xyxy[before.score >= certain]:
            assert any(overlap(box, other) >= FOUND_AGAIN for other in after.box_xyxy), (
                "refine does not find a face from the very box that detect gave"
            )


def _astray(frame: Tensor) -> Tensor:
    """Boxes partly and wholly outside a frame, (4, 4)."""
    height, width = frame.shape[1:]
    across, down = torch.tensor([width, 0, width, 0]), torch.tensor([0, height, 0, height])
    whole = torch.tensor([0, 0, width, height])
    return torch.stack(
        [whole + 0.5 * across, whole - 0.5 * down, whole - 2 * across - 60, whole + 3 * down + 60]
    )


def _refine(
    refiner: FaceRefiner, frames: Sequence[Tensor], boxes: Sequence[Tensor]
) -> Sequence[Faces]:
    """What it finds, held to the form of results."""
    sizes = ", ".join(f"{frame.shape[2]} x {frame.shape[1]}" for frame in frames) or "none"
    what = f"frames of sizes {sizes} to refine"
    found: Sequence[Faces] = asked(what, refiner.refine, frames, boxes)
    assert len(found) == len(frames), f"refine gives {len(found)} results for {len(frames)} frames"
    for faces, own in zip(found, boxes, strict=True):
        check_faces(faces)
        assert len(faces.score) <= len(own), "refine finds more faces than it was given boxes"
    return found
