"""Maps without shear or reflection that take points to places."""

from __future__ import annotations

import torch
from torch import Tensor

COINCIDE_PX = 1e-3
"""Points closer than this have no direction."""


def two_point_similarity(points: Tensor, places: Tensor) -> Tensor:
    """Rotation, scale and shift that take each pair of points to the pair of places.

    Args:
        points: (n, 2, 2) float, px of the source: first and second point, x and y.
        places: (2, 2) float, px of the crop.
    Returns: (n, 2, 3) float32. Points that coincide (closer than 1e-3 px) or are not finite
        have no such map: their row is nan.
    """
    return least_squares_similarity(points, places)


def least_squares_similarity(points: Tensor, places: Tensor) -> Tensor:
    """Rotation, scale and shift for which the squared distances to the places are least.

    In the plane it needs no decomposition. With points and places as complex numbers p and q, the
    map is q = w p + t, linear in w (scale times rotation) and t: of p and q about their means,
    w = sum(conj(p) q) / sum(|p|^2).

    Args:
        points: (n, k, 2) float, px of the source, k >= 2.
        places: (k, 2) float, px of the crop.
    Returns: (n, 2, 3) float32. Points that coincide (all within 1e-3 px) or are not finite, and
        those that tell no rotation, have no such map: their row is nan.
    Source: Umeyama 1991, "Least-squares estimation of transformation parameters between two
        point patterns", in two dimensions.
    """
    points, places = points.to(torch.float64), places.to(points.device, torch.float64)
    middle, aim = points.mean(1), places.mean(0)  # (n, 2), (2,)
    (x, y), (u, v) = (points - middle[:, None]).unbind(2), (places - aim).unbind(1)
    square = (x * x + y * y).sum(1)
    real = (x * u + y * v).sum(1) / square
    imaginary = (x * v - y * u).sum(1) / square
    linear = torch.stack([real, -imaginary, imaginary, real], 1).reshape(-1, 2, 2)
    shift = aim - (linear @ middle[..., None])[..., 0]
    transforms = torch.cat([linear, shift[..., None]], 2)
    apart = torch.isfinite(square) & (square > COINCIDE_PX**2 / 2) & (real.hypot(imaginary) > 0)
    return torch.where(apart[:, None, None], transforms, torch.nan).to(torch.float32)


def mirrored_places(x: float, y: float, size: int) -> Tensor:
    """(x, y) and (1 - x, y), fractions of a crop of `size`, as pixel coordinates (2, 2).

    The centre of the first pixel is 0, so the crop's left edge is at -0.5.
    """
    return torch.tensor([[x, y], [1 - x, y]], dtype=torch.float64) * size - 0.5
