"""Which faces of a frame are cut, and why none is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit.faces.steps import Keep

NO_FACE, WEAK_FACE, DEGENERATE = "no face", "no certain face", "degenerate landmarks"
"""Kinds of failure of a frame."""


class Reason(NamedTuple):
    """Why a frame has no crops. kind: a fixed word. what: one sentence."""

    kind: str
    what: str


def choose_faces(
    faces: Faces, *, keep: Keep, min_score: float, frame_size: Sequence[int]
) -> tuple[list[int], Reason | None]:
    """Rows of the faces to cut, or why there are none.

    Args:
        keep: largest: the largest box (B1). most_central: the box whose middle is nearest to the
            frame's. all: every one, in the order given.
        min_score: faces below do not count.
        frame_size: H, W.
    """
    if not len(faces.score):
        return [], Reason(NO_FACE, "no face was found.")
    certain = (faces.score >= min_score).nonzero()[:, 0]
    if not len(certain):
        best = float(faces.score.max())
        return [], Reason(
            WEAK_FACE, f"the best face scores {best:.2f}, below min_score {min_score:g}."
        )
    if keep == "all":
        return certain.tolist(), None
    boxes = faces.box_xyxy[certain]
    if keep == "largest":
        best_of = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1).argmax()
    else:
        height, width = frame_size
        middle = torch.tensor([(width - 1) / 2, (height - 1) / 2])
        best_of = ((boxes[:, :2] + boxes[:, 2:]) / 2 - middle).square().sum(1).argmin()
    return [int(certain[int(best_of)])], None


def face_of_landmarks(landmarks: Sequence[Sequence[float]]) -> Faces:
    """One face by five given points; its box is the smallest that holds them."""
    points = torch.tensor(landmarks, dtype=torch.float32).reshape(5, 2)
    box = torch.cat([points.amin(0), points.amax(0)])
    return Faces(box[None], points[None], torch.ones(1))


def whole_image(height: int, width: int) -> Faces:
    """Stands for the face of an image that is a crop already; it has no landmarks."""
    box = torch.tensor([[-0.5, -0.5, width - 0.5, height - 0.5]])
    return Faces(box, torch.full((1, 5, 2), torch.nan), torch.ones(1))


def joined(faces: Sequence[Faces]) -> Faces:
    """Faces of several frames in one."""
    empty = Faces(torch.zeros(0, 4), torch.zeros(0, 5, 2), torch.zeros(0))
    return Faces(*(torch.cat(columns) for columns in zip(empty, *faces, strict=True)))


def rows_of(faces: Faces, rows: Sequence[int] | Tensor) -> Faces:
    """Some of the faces, in the order of `rows`."""
    chosen = torch.as_tensor(rows, dtype=torch.int64)
    return Faces(faces.box_xyxy[chosen], faces.landmarks[chosen], faces.score[chosen])
