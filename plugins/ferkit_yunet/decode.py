"""From what the network says to faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torchvision.ops import batched_nms, box_iou

from ferkit_yunet.network import STRIDES, Level

SAME_FACE = 0.5
"""Cells whose boxes overlap the strongest one's by this much (IoU) speak of the same face."""


class Found(NamedTuple):
    """Faces of several frames, n in all.

    box_xyxy: (n, 4) px. landmarks: (n, 5, 2) px. score: (n,). frame: (n,) int64.
    """

    box_xyxy: Tensor
    landmarks: Tensor
    score: Tensor
    frame: Tensor


def decode_levels(levels: Sequence[Level], *, threshold: float) -> Found:
    """All cells that see a face, at all strides.

    A cell's score is the geometric mean of the probability of a face and of the fit of its box.
    The box's middle and the landmarks count in strides from the cell's upper left corner, its
    extent is the exponential, in strides.

    Source: Wu, Peng, Yu; the encoding is that of OpenCV's FaceDetectorYN.
    """
    said = torch.cat([torch.cat(level, 1).flatten(2) for level in levels], 2)  # (B, 16, cells)
    scores = (said[:, 0].sigmoid() * said[:, 1].sigmoid()).sqrt_()
    frame, cell = (scores >= threshold).nonzero(as_tuple=True)
    corners = torch.cat(
        [cell_corners(level, stride) for level, stride in zip(levels, STRIDES, strict=True)]
    )
    column, row, stride = corners[cell].to(said.dtype).unbind(1)
    corner, stride = torch.stack([column, row], 1), stride[:, None]
    chosen = said[frame, :, cell]  # (n, 16)
    middle, extent = (corner + chosen[:, 2:4]) * stride, chosen[:, 4:6].exp() * stride
    points = chosen[:, 6:].reshape(-1, 5, 2)
    return Found(
        torch.cat([middle - extent / 2, middle + extent / 2], 1),
        (corner[:, None] + points) * stride[:, None],
        scores[frame, cell],
        frame,
    )


def cell_corners(level: Level, stride: int) -> Tensor:
    """Column, row and stride of every cell of a level: (h * w, 3) int64."""
    height, width = level.face.shape[2:]
    cell = torch.arange(height * width, device=level.face.device)
    return torch.stack([cell % width, cell // width, torch.full_like(cell, stride)], 1)


def one_each(found: Found, *, overlap: float, average: bool) -> Found:
    """One answer per face, the best first: non-maximum suppression within each frame.

    Args:
        found: cells that see a face, many for each.
        overlap: intersection over union above which the weaker of two boxes goes.
        average: box and landmarks are the mean over all cells that see the same face, weighted
            by their score, instead of the strongest cell's alone; as in BlazeFace
            (arXiv:1907.05047, section 4.2). The score stays the strongest cell's.
    """
    if not len(found.score):
        return found
    # Frames are told apart by shifting their boxes. From zero on, so that no box that juts out
    # of one frame touches those of another; in double, so that the shift rounds nothing.
    boxes = found.box_xyxy.double()
    kept: Tensor = batched_nms(boxes - boxes.min(), found.score.double(), found.frame, overlap)
    strongest = Found(*(column[kept] for column in found))
    if not average:
        return strongest
    same = box_iou(strongest.box_xyxy, found.box_xyxy) >= SAME_FACE  # (kept, n)
    same &= strongest.frame[:, None] == found.frame
    weights = same * found.score
    weights = weights / weights.sum(1, keepdim=True)
    return strongest._replace(
        box_xyxy=weights @ found.box_xyxy,
        landmarks=(weights @ found.landmarks.flatten(1)).reshape(-1, 5, 2),
    )
