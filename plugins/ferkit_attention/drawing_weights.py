"""First weights of a layer."""

from __future__ import annotations

import torch
from torch import Tensor


def draw_linear(*shape: int) -> Tensor:
    """Weights of linear layers from torch's generator, uniform within 1/sqrt(inputs) of 0.

    Args:
        shape: the last number is that of the inputs; what stands before the last two is layers
            side by side.
    """
    bound = shape[-1] ** -0.5
    return torch.empty(shape).uniform_(-bound, bound)
