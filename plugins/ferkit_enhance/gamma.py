"""`gamma`: one exponent per image, so that its median brightness comes to a target."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ferkit.plugin import Context
from ferkit_enhance.params import GammaParams

DARKEST = 1 / 1024
"""Brightness below which the curve is a straight line through 0: under an 8-bit step, and its
slope stays finite."""


def fitting_gamma(brightness: Tensor, *, target: float, limits: tuple[float, float]) -> Tensor:
    """The exponent that brings each image's median to the target, within limits.

    A rising curve takes the median to the new median, so it is log target / log median.

    Args:
        brightness: (B, N) float in [0, 1].
        target: in (0, 1).
        limits: lowest and highest exponent; below 1 brightens.
    Returns: (B,).
    """
    # Black and white have no exponent of their own; they get the limits.
    median = brightness.median(1).values.clamp(1e-6, 1 - 1e-6)
    return (math.log(target) / median.log()).clamp(*limits)


def brighten(images: Tensor, gamma: Tensor) -> Tensor:
    """Raise the brightness, the largest of red, green and blue, to a power.

    All three channels are multiplied by the same factor, so hue and saturation (of HSV) stay, and
    nothing leaves the range.

    Args:
        images: (B, 3, H, W) float in [0, 1].
        gamma: (B,) > 0.
    Returns: the same shape and range.
    """
    brightness = images.amax(1, keepdim=True).clamp_min(DARKEST)  # (B, 1, H, W)
    factor = brightness ** (gamma[:, None, None, None] - 1)
    return (images * factor).clamp(0, 1)


class Gamma:
    """The enhancer `gamma`."""

    def __init__(self, params: GammaParams, context: Context) -> None:
        self._params = params

    def __call__(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) float in [0, 1] -> the same shape and range."""
        if not images.numel():
            return images
        exact = images.to(torch.float32)
        gamma = fitting_gamma(
            exact.amax(1).flatten(1), target=self._params.target, limits=self._params.limits
        )
        return brighten(exact, gamma).to(images.dtype)
