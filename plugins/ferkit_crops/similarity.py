"""The one map without shear that takes two points to two places."""

from __future__ import annotations

import torch
from torch import Tensor


def two_point_similarity(points: Tensor, places: Tensor) -> Tensor:
    """Rotation, scale and shift that take each pair of points to the pair of places.

    Args:
        points: (n, 2, 2) float, px of the source: first and second point, x and y.
        places: (2, 2) float, px of the crop.
    Returns: (n, 2, 3) float32. Points that coincide (closer than 1e-3 px) or are not finite
        have no such map: their row is nan.
    """
    points, places = points.to(torch.float64), places.to(points.device, torch.float64)
    across = points[:, 1] - points[:, 0]  # (n, 2)
    wanted = places[1] - places[0]  # (2,)
    square = across.square().sum(1)
    # As complex numbers, wanted / across: scale times rotation, real and imaginary part.
    real = (wanted[0] * across[:, 0] + wanted[1] * across[:, 1]) / square
    imaginary = (wanted[1] * across[:, 0] - wanted[0] * across[:, 1]) / square
    linear = torch.stack([real, -imaginary, imaginary, real], 1).reshape(-1, 2, 2)
    shift = places[0] - (linear @ points[:, 0, :, None])[..., 0]
    transforms = torch.cat([linear, shift[..., None]], 2)
    usable = (square > 1e-6) & torch.isfinite(points).all(2).all(1)
    return torch.where(usable[:, None, None], transforms, torch.nan).to(torch.float32)


def mirrored_places(x: float, y: float, size: int) -> Tensor:
    """(x, y) and (1 - x, y), fractions of a crop of `size`, as pixel coordinates (2, 2).

    The centre of the first pixel is 0, so the crop's left edge is at -0.5.
    """
    return torch.tensor([[x, y], [1 - x, y]], dtype=torch.float64) * size - 0.5
