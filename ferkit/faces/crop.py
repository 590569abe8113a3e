"""From frames and the faces in them to crops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.faces import FaceDetector, Faces
from ferkit.faces.choose import DEGENERATE, Reason, choose_faces, joined, rows_of, whole_image
from ferkit.faces.enhance import enhance_crops
from ferkit.faces.steps import Steps
from ferkit.faces.track import TrackedFaces
from ferkit.faces.warp import warp


class FaceCrops(NamedTuple):
    """The crops of a batch of frames, n in all.

    frame: (n,) int64, position in the batch, ascending; once for each face that was cut.
    crops: (n, R, 3, S, S) uint8 on the CPU. valid_fraction: (n, R) float32, 0 for a region that
    can't be cut. faces: box, landmarks and score of each. track: (n,) int64. found: faces that
    each frame of the batch shows, (B,). reasons: of the frames without crops, by position.
    """

    frame: Tensor
    crops: Tensor
    valid_fraction: Tensor
    faces: Faces
    track: Tensor
    found: tuple[int, ...]
    reasons: dict[int, Reason]


def find_faces(
    frames: Sequence[Tensor],
    known: Sequence[Faces | None],
    detector: FaceDetector | None,
) -> list[TrackedFaces | None]:
    """The faces of photographs: the known ones, or else what the detector finds.

    Args:
        frames: B of them, (3, H, W) uint8.
        known: faces that need no detection, or None, for each frame.
        detector: None: a frame without known faces has None, it is a crop already.
    """
    faces = list(known)
    missing = [position for position, own in enumerate(faces) if own is None]
    if detector is not None and missing:
        found = detector.detect([frames[position] for position in missing])
        for position, own in zip(missing, found, strict=True):
            faces[position] = own
    return [
        None if own is None else TrackedFaces(own, torch.arange(len(own.score))) for own in faces
    ]


def crop_faces(
    frames: Sequence[Tensor], faces: Sequence[TrackedFaces | None], steps: Steps
) -> FaceCrops:
    """Cut the regions of the faces that `steps.keep` names.

    Args:
        frames: B of them, (3, H, W) uint8, of any sizes, on the device of `steps`.
        faces: of each frame; None: the frame is a crop already, scaled to cover the square, its
            middle kept (one region only).
    """
    positions: list[int] = []
    picked: list[Faces] = []
    tracks: list[Tensor] = [torch.zeros(0, dtype=torch.int64)]
    whole: dict[int, Tensor] = {}  # rows that are crops already -> their transform
    reasons: dict[int, Reason] = {}
    for position, (frame, own) in enumerate(zip(frames, faces, strict=True)):
        height, width = frame.shape[1:]
        if own is None:
            whole[len(positions)] = fit_transform(height, width, steps.cropper.size)
            picked.append(whole_image(height, width))
            tracks.append(torch.zeros(1, dtype=torch.int64))
            positions.append(position)
            continue
        rows, reason = choose_faces(
            own.faces, keep=steps.keep, min_score=steps.least_score, frame_size=(height, width)
        )
        if reason is not None:
            reasons[position] = reason
        picked.append(rows_of(own.faces, rows))
        tracks.append(own.track[rows])
        positions += [position] * len(rows)
    everything, track = joined(picked), torch.cat(tracks)
    frame_of = torch.tensor(positions, dtype=torch.int64)
    transforms = steps.cropper.transforms(everything).to("cpu", torch.float32)
    for row, fit in whole.items():
        transforms[row] = fit
    crops, fraction = _cut(frames, transforms, frame_of, steps)
    usable = (fraction > 0).any(1)
    cut = set(frame_of[usable].tolist())
    for position in frame_of[~usable].tolist():
        if position not in cut:
            what = "the landmarks coincide or lie off the image."
            reasons[position] = Reason(DEGENERATE, what)
    kept = usable.nonzero()[:, 0]
    return FaceCrops(
        frame_of[kept],
        crops[kept],
        fraction[kept],
        rows_of(everything, kept),
        track[kept],
        tuple(1 if own is None else len(own.track) for own in faces),
        reasons,
    )


def fit_transform(height: int, width: int, size: int) -> Tensor:
    """The map that makes a whole image a crop: scaled to cover the square, its middle kept."""
    scale = size / min(height, width)
    shift_x = (size - 1) / 2 - scale * (width - 1) / 2
    shift_y = (size - 1) / 2 - scale * (height - 1) / 2
    return torch.tensor([[scale, 0.0, shift_x], [0.0, scale, shift_y]])


def _cut(
    frames: Sequence[Tensor], transforms: Tensor, frame_of: Tensor, steps: Steps
) -> tuple[Tensor, Tensor]:
    size, regions = steps.cropper.size, steps.cropper.regions
    if not len(frame_of):
        empty = torch.zeros(0, len(regions), 3, size, size, dtype=torch.uint8)
        return empty, torch.zeros(0, len(regions))
    crops, fraction = warp(frames, transforms, frame_of, size=size)
    crops = enhance_crops(
        crops, transforms, enhancer=steps.enhancer, enhance=steps.enhance, regions=regions
    )
    return crops.cpu(), fraction.cpu()
