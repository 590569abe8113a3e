"""A face found again from where it was a moment ago: the third network alone, on a few squares."""

from __future__ import annotations

import torch
from torch import Tensor

from ferkit.contracts.faces import Faces
from ferkit_mtcnn.area import sum_rows
from ferkit_mtcnn.boxes import square_boxes
from ferkit_mtcnn.networks import Network
from ferkit_mtcnn.stages import Candidates, Passes, output

SIDE = 48
"""Of what the third network sees, pixels."""
SEEDS = (0.9, 1.1)
"""Sides of the squares that are looked at, relative to the square around the given box."""


def faces_near(
    frame: Tensor,
    boxes: Tensor,
    network: Network,
    *,
    threshold: float,
    limits: Passes,
    device: torch.device,
) -> Faces:
    """At most one face for each box, on the CPU, in descending score.

    Args:
        frame: (3, H, W) uint8. It is looked at in its own pixels, whatever its size.
        boxes: (n, 4) float32 on the CPU, pixels.
        network: the third one.
    """
    none = Faces(torch.zeros(0, 4), torch.zeros(0, 5, 2), torch.zeros(0))
    usable = square_boxes(boxes)[torch.isfinite(boxes).all(1)]
    found = [
        _face_near(frame, box, network, threshold=threshold, limits=limits, device=device)
        for box in usable
    ]
    faces = Faces(*(torch.cat(columns) for columns in zip(none, *found, strict=True)))
    order = torch.argsort(faces.score, descending=True, stable=True)
    return Faces(*(column[order] for column in faces))


def _face_near(
    frame: Tensor,
    box: Tensor,
    network: Network,
    *,
    threshold: float,
    limits: Passes,
    device: torch.device,
) -> Faces:
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    seeds = torch.stack([torch.cat([middle - s * half, middle + s * half]) for s in SEEDS])
    height, width = frame.shape[1:]
    # Only the part of the frame that the squares cover is added up.
    left, top = (int(each) for each in seeds[:, :2].amin(0).floor() - 1)
    right, bottom = (int(each) for each in seeds[:, 2:].amax(0).ceil() + 1)
    left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    part = frame[:, top : max(top + 1, bottom), left : max(left + 1, right)]
    longest = -(-part.shape[1] // SIDE) + 1
    sums = sum_rows(part.to(device).permute(1, 2, 0)[None], longest=longest)
    shift = torch.tensor([left, top], dtype=torch.float32)
    places = (seeds - shift.repeat(2)).to(device)
    candidates = Candidates(
        places,
        places.new_ones(len(seeds)),
        torch.zeros(len(seeds), dtype=torch.int64, device=device),
    )
    found, landmarks = output(sums, candidates, network, threshold=threshold, limits=limits)
    best = torch.argsort(found.scores, descending=True)[:1]
    return Faces(found.boxes[best] + shift.repeat(2), landmarks[best] + shift, found.scores[best])
