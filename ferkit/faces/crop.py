"""From decoded frames to the crops of one face each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.faces import Enhancer, FaceDetector, Faces, RegionCropper
from ferkit.faces.warp import warp

NO_FACE, WEAK_FACE, DEGENERATE = "no face", "no certain face", "degenerate landmarks"
"""Kinds of failure of a frame."""


class Reason(NamedTuple):
    """Why a frame has no crops. kind: a fixed word. what: one sentence."""

    kind: str
    what: str


class FaceCrops(NamedTuple):
    """The crops of a batch of frames, n of them with a usable face.

    frame: (n,) int64, position in the batch, ascending. crops: (n, R, 3, S, S) uint8 on the
    CPU. valid_fraction: (n, R) float32, 0 for a region that can't be cut. faces: box,
    landmarks and score of each. found: faces that each frame of the batch shows, (B,).
    reasons: of the frames without crops, by position.
    """

    frame: Tensor
    crops: Tensor
    valid_fraction: Tensor
    faces: Faces
    found: tuple[int, ...]
    reasons: dict[int, Reason]


def crop_faces(
    frames: Tensor,
    *,
    cropper: RegionCropper,
    detector: FaceDetector | None,
    known: Sequence[Faces | None] | None = None,
    enhancer: Enhancer | None = None,
    min_score: float = 0.0,
) -> FaceCrops:
    """Find the largest face of each frame and cut its regions.

    Args:
        frames: (B, 3, H, W) uint8.
        detector: None: a frame without known faces is a crop already (one region only).
        known: faces that need no detection, or None, for each frame.
        enhancer: of the crops.
        min_score: faces below are not used.
    """
    given: list[Faces | None] = [None] * len(frames) if known is None else list(known)
    faces = _with_detected(frames, given, detector)
    picked: list[Faces] = []
    positions: list[int] = []
    reasons: dict[int, Reason] = {}
    whole: list[int] = []
    for position, own in enumerate(faces):
        if own is None:
            whole.append(position)
            continue
        face, reason = largest_face(own, min_score=min_score)
        if face is None:
            reasons[position] = reason or Reason(NO_FACE, "no face was found.")
        else:
            positions.append(position)
            picked.append(face)
    chosen = _joined(picked)
    transforms = cropper.transforms(chosen).to(torch.float32)
    if whole:
        height, width = frames.shape[2:]
        fit = fit_transform(height, width, cropper.size).expand(len(whole), 1, 2, 3)
        transforms = torch.cat([transforms.reshape(-1, len(cropper.regions), 2, 3), fit])
        chosen = _joined([chosen, *(_whole_image(height, width) for _ in whole)])
        positions += whole
    frame = torch.tensor(positions, dtype=torch.int64)
    crops, fraction = warp(frames, transforms, frame, size=cropper.size)
    usable = (fraction > 0).any(1)
    for position in frame[~usable].tolist():
        reasons[position] = Reason(DEGENERATE, "the landmarks coincide or lie off the image.")
    order = torch.argsort(frame[usable])
    kept = usable.nonzero()[:, 0][order]
    return FaceCrops(
        frame[kept],
        enhanced(crops[kept.to(crops.device)], enhancer).cpu(),
        fraction[kept],
        Faces(chosen.box_xyxy[kept], chosen.landmarks[kept], chosen.score[kept]),
        tuple(1 if own is None else len(own.score) for own in faces),
        reasons,
    )


def largest_face(faces: Faces, *, min_score: float) -> tuple[Faces | None, Reason | None]:
    """The face with the largest box (B1) of those with at least `min_score`, or why none."""
    if not len(faces.score):
        return None, Reason(NO_FACE, "no face was found.")
    certain = (faces.score >= min_score).nonzero()[:, 0]
    if not len(certain):
        best = float(faces.score.max())
        return None, Reason(
            WEAK_FACE, f"the best face scores {best:.2f}, below min_score {min_score:g}."
        )
    extent = faces.box_xyxy[certain, 2:] - faces.box_xyxy[certain, :2]
    largest = certain[int(extent.clamp(min=0).prod(1).argmax())]
    chosen = slice(largest, largest + 1)
    return Faces(faces.box_xyxy[chosen], faces.landmarks[chosen], faces.score[chosen]), None


def face_of_landmarks(landmarks: Sequence[Sequence[float]]) -> Faces:
    """One face by five given points; its box is the smallest that holds them."""
    points = torch.tensor(landmarks, dtype=torch.float32).reshape(5, 2)
    box = torch.cat([points.amin(0), points.amax(0)])
    return Faces(box[None], points[None], torch.ones(1))


def fit_transform(height: int, width: int, size: int) -> Tensor:
    """The map that makes a whole image a crop: scaled to cover the square, its middle kept."""
    scale = size / min(height, width)
    shift_x = (size - 1) / 2 - scale * (width - 1) / 2
    shift_y = (size - 1) / 2 - scale * (height - 1) / 2
    return torch.tensor([[scale, 0.0, shift_x], [0.0, scale, shift_y]])


def enhanced(crops: Tensor, enhancer: Enhancer | None) -> Tensor:
    """Crops (n, R, 3, S, S) uint8 through the enhancer, uint8 again."""
    if enhancer is None or not len(crops):
        return crops
    images = enhancer(crops.flatten(0, 1).to(torch.float32) / 255)
    return (images * 255).round().clamp(0, 255).to(torch.uint8).reshape(crops.shape)


def _with_detected(
    frames: Tensor, given: list[Faces | None], detector: FaceDetector | None
) -> list[Faces | None]:
    missing = [position for position, own in enumerate(given) if own is None]
    if detector is not None and missing:
        everything = len(missing) == len(frames)
        found = detector.detect(list(frames if everything else frames[missing]))
        for position, own in zip(missing, found, strict=True):
            given[position] = own
    return given


def _joined(faces: Sequence[Faces]) -> Faces:
    empty = Faces(torch.zeros(0, 4), torch.zeros(0, 5, 2), torch.zeros(0))
    return Faces(*(torch.cat(columns) for columns in zip(empty, *faces, strict=True)))


def _whole_image(height: int, width: int) -> Faces:
    """Stands for the face of an image that is a crop already; it has no landmarks."""
    box = torch.tensor([[-0.5, -0.5, width - 0.5, height - 0.5]])
    return Faces(box, torch.full((1, 5, 2), torch.nan), torch.ones(1))
