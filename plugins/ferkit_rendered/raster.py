"""Small building blocks of drawing: edges, bumps, blending, textures.

Maps are (N, H, W) float32, values per face (N, 1, 1), images (N, 3, H, W). Only exactly
rounded operations are used (see `keyed`).
"""

from __future__ import annotations

import torch
from torch import Tensor

LATTICE = 32
"""Side of the periodic lattice of random values that a texture is interpolated from."""


def cover(distance: Tensor, width: Tensor) -> Tensor:
    """How much of a pixel lies inside an edge.

    Args:
        distance: signed distance to the edge, negative inside.
        width: over which the edge fades, in the same unit.
    Returns: in [0, 1], 1 inside.
    """
    return (0.5 - distance / width).clamp_(0.0, 1.0)


def bump(q: Tensor) -> Tensor:
    """(1 - q)^2 for q < 1, else 0; with q a squared distance, a smooth hill of radius 1."""
    hill = (1.0 - q).clamp_(min=0.0)
    return hill * hill


def ease(value: Tensor) -> Tensor:
    """Smooth step: 0 up to 0, 1 from 1 on, flat at both ends."""
    part = value.clamp(0.0, 1.0)
    return part * part * (3.0 - 2.0 * part)


def ellipse(x: Tensor, y: Tensor, half_x: Tensor | float, half_y: Tensor | float) -> Tensor:
    """Squared radius in units of the half axes."""
    a, b = x / half_x, y / half_y
    return a * a + b * b


def capsule(x: Tensor, y: Tensor, end_x: Tensor, end_y: Tensor, radius: Tensor | float) -> Tensor:
    """Signed distance to a thick line from the origin to (end_x, end_y)."""
    share = (x * end_x + y * end_y) / (end_x * end_x + end_y * end_y)
    share = share.clamp(0.0, 1.0)
    dx, dy = x - share * end_x, y - share * end_y
    return torch.sqrt(dx * dx + dy * dy) - radius


def over(image: Tensor, colour: Tensor, mask: Tensor) -> Tensor:
    """Lay a colour over the image, in place.

    Args:
        image: (N, 3, H, W), changed and returned.
        colour: (N, 3, 1, 1) or (N, 3, H, W).
        mask: (N, H, W) opacity in [0, 1].
    """
    return image.add_((colour - image).mul_(mask[:, None]))


def texture(table: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Smooth periodic noise: lattice values in between which it eases.

    Args:
        table: (N, LATTICE^2) values in [-1, 1].
        x, y: (N, H, W) coordinates in lattice cells.
    Returns: (N, H, W) in [-1, 1].
    """
    shape = x.shape
    x, y = x.reshape(shape[0], -1), y.reshape(shape[0], -1)
    floor_x, floor_y = torch.floor(x), torch.floor(y)
    left, top = floor_x.to(torch.int64), floor_y.to(torch.int64)
    part_x, part_y = x - floor_x, y - floor_y
    part_x = part_x * part_x * (3.0 - 2.0 * part_x)
    part_y = part_y * part_y * (3.0 - 2.0 * part_y)
    column, right = left & (LATTICE - 1), (left + 1) & (LATTICE - 1)
    row, below = (top & (LATTICE - 1)) * LATTICE, ((top + 1) & (LATTICE - 1)) * LATTICE
    a, b = table.gather(1, row + column), table.gather(1, row + right)
    c, d = table.gather(1, below + column), table.gather(1, below + right)
    upper = a + (b - a) * part_x
    lower = c + (d - c) * part_x
    return (upper + (lower - upper) * part_y).reshape(shape)
