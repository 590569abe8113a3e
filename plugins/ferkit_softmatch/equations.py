"""SoftMatch's equations, on tensors."""

from __future__ import annotations

import torch
from torch import Tensor


def truncated_gaussian(
    confidence: Tensor, mean: Tensor, variance: Tensor, *, sigmas: float
) -> Tensor:
    """exp(-n^2 min(c - mean, 0)^2 / (2 variance)): 1 from the mean on, less below it.

    Args:
        confidence: (n,), c. mean, variance: (). sigmas: n.
    Returns: (n,) in [0, 1].
    Source: Chen et al. (arXiv:2301.10921), section 3.1, with lambda_max 1.
    """
    below = (confidence - mean).clamp(max=0) * sigmas
    return torch.exp(-below.square() / (2 * variance).clamp(min=torch.finfo(below.dtype).tiny))
