"""Geometry of MTCNN's candidate boxes: (n, 4) float, x and y of two corners, pixels."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.ops import nms

STRIDE = 2
"""Pixels of a pyramid level between two cells of the proposal network."""
CELL = 12
"""Side of what one cell sees, pixels of the pyramid level."""


def pyramid_scales(height: int, width: int, *, min_face_px: float, factor: float) -> list[float]:
    """Scales at which a face of at least `min_face_px` is 12 pixels large; [] if none fits."""
    scale = CELL / min_face_px
    scales = []
    while min(height, width) * scale >= CELL:
        scales.append(scale)
        scale *= factor
    return scales


def cell_boxes(rows: Tensor, columns: Tensor, scale: Tensor | float) -> Tensor:
    """Boxes, in pixels of the frame, that cells of the proposal network saw.

    The cell's extent counts one pixel less in each direction than it covers, as in the
    original Matlab code; the networks were trained with that.

    Args:
        rows, columns: (n,) whole numbers.
        scale: of the pyramid level, one for all or (n,).
    """
    corner = torch.stack([columns, rows]) * STRIDE
    first = torch.floor((corner + 1) / scale)
    last = torch.floor((corner + CELL) / scale)
    return torch.cat([first, last]).T


def shift_boxes(boxes: Tensor, shift: Tensor, *, inclusive: bool) -> Tensor:
    """Move each side by a fraction of the box's extent.

    Args:
        shift: (n, 4) fractions.
        inclusive: whether the last pixel counts to the extent; the later two stages do so.
    """
    extent = boxes[:, 2:] - boxes[:, :2] + (1 if inclusive else 0)
    return boxes + shift * extent.repeat(1, 2)


def square_boxes(boxes: Tensor) -> Tensor:
    """Extend the shorter side on both ends, so that the centre stays."""
    extent = boxes[:, 2:] - boxes[:, :2]
    side = extent.amax(1, keepdim=True)
    first = boxes[:, :2] + extent * 0.5 - side * 0.5
    return torch.cat([first, first + side], 1)


def pixel_ranges(boxes: Tensor, height: int, width: int) -> Tensor:
    """Rows and columns to cut: (n, 4) int64, left, top, right, bottom, ends exclusive.

    Clipped to the frame. A box that lies wholly outside gives the nearest row or column.
    """
    whole = boxes.trunc().to(torch.int64)
    left, top = whole[:, 0].clamp(1, width) - 1, whole[:, 1].clamp(1, height) - 1
    right = torch.maximum(whole[:, 2].clamp(max=width), left + 1)
    bottom = torch.maximum(whole[:, 3].clamp(max=height), top + 1)
    return torch.stack([left, top, right, bottom], 1)


def suppress_overlapping(boxes: Tensor, scores: Tensor, group: Tensor, overlap: float) -> Tensor:
    """Non-maximum suppression within each group: positions kept, in descending score.

    Args:
        group: (n,) whole numbers.
        overlap: intersection over union above which the lower score goes.
    """
    if not len(boxes):
        return group.new_zeros(0, dtype=torch.int64)
    # Groups are moved apart, in double precision so that no box changes its shape by that.
    apart = boxes.double()
    low, high = apart.aminmax()
    apart = apart + ((high - low + 1) * group)[:, None]
    kept: Tensor = nms(apart, scores.double(), overlap)
    return kept


def suppress_covered(boxes: Tensor, scores: Tensor, *, overlap: float) -> list[int]:
    """Keep the best of boxes that cover each other: intersection over the smaller area.

    Plain intersection over union would keep a small box inside a large one.

    Returns: positions kept, best first.
    """
    corners = boxes.tolist()
    areas = [(x1 - x0 + 1) * (y1 - y0 + 1) for x0, y0, x1, y1 in corners]
    kept: list[int] = []
    for candidate in torch.argsort(scores, descending=True, stable=True).tolist():
        x0, y0, x1, y1 = corners[candidate]
        for other in kept:
            a0, b0, a1, b1 = corners[other]
            across = max(0.0, min(x1, a1) - max(x0, a0) + 1)
            down = max(0.0, min(y1, b1) - max(y0, b0) + 1)
            if across * down > overlap * min(areas[candidate], areas[other]):
                break
        else:
            kept.append(candidate)
    return kept
