"""From linear light to the bytes of a camera: exposure, gamma, blur, noise.

Blur and noise are properties of the raw frame. A crop that shows s output pixels per raw
pixel has the blur times s; its noise is that of the raw pixels it averages: times s where
s < 1. Where s >= 1 the noise has the full deviation in each output pixel.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ferkit_rendered.domains import Settings
from ferkit_rendered.keyed import Draws, combine

_STRIDES = (1, 2, 4)
"""Distances of the taps of three smoothing passes."""

_MOST = 0.25
"""Largest weight of an outer tap; a pass of stride d and weight w adds 2 w d^2 of variance."""


class Sensor(NamedTuple):
    """blur: (N,) deviation in raw pixels. noise: (N,) deviation, full scale 1. key: (N,) int64
    of the frame's noise.
    """

    blur: Tensor
    noise: Tensor
    key: Tensor


def sensor_of(draws: Draws, settings: Settings, *, frame_size: int, time: Tensor) -> Sensor:
    """Blur and noise of each frame; the noise is new in every frame."""
    share = draws.uniform("blur")
    return Sensor(
        share * settings.blur * frame_size,
        draws.uniform("sensor noise", 0.2, 1.0) * settings.sensor_noise,
        draws.child("grain", time.to(torch.int64)).key,
    )


def tap_weights(variance: Tensor) -> list[Tensor]:
    """Outer taps of the passes that together blur by `variance` (N,), in squared pixels.

    The widest pass takes what the narrower ones leave; what exceeds all three is cut off
    (a deviation of 3.2 pixels).
    """
    weights = []
    for stride in _STRIDES:
        most = 2.0 * _MOST * stride * stride
        part = torch.minimum(variance, torch.full_like(variance, most))
        weights.append(part * (0.5 / (stride * stride)))
        variance = variance - part
    return weights


def blur(image: Tensor, variance: Tensor) -> Tensor:
    """Smooth each image by its own variance.

    Args:
        image: (N, 3, H, W).
        variance: (N,) squared output pixels.
    """
    for stride, weight in zip(_STRIDES, tap_weights(variance), strict=True):
        rows = torch.nonzero(weight > 0).flatten()
        if len(rows) == 0:
            continue
        whole = len(rows) == len(image)
        part = image if whole else image[rows]
        outer = weight[rows][:, None, None, None]
        for axis in (2, 3):
            part = _smooth(part, outer, axis, stride)
        if whole:
            image = part
        else:
            image[rows] = part
    return image


def _smooth(image: Tensor, outer: Tensor, axis: int, stride: int) -> Tensor:
    """One pass along one axis; the border is continued."""
    length = image.shape[axis]
    places = torch.arange(length, device=image.device)
    before = image.index_select(axis, (places - stride).clamp(min=0))
    after = image.index_select(axis, (places + stride).clamp(max=length - 1))
    before.add_(after).mul_(outer)
    return before.add_(image * (1.0 - 2.0 * outer))


def grain(key: Tensor, height: int, width: int) -> Tensor:
    """(N, 3, H, W) noise of mean 0 and deviation 1, triangular."""
    places = torch.arange(height * width, device=key.device)
    base = combine(key[:, None], places)  # (N, H W)
    other = combine(base, 1)
    channels = []
    for shift in (2, 12, 22):
        first, second = (base >> shift) & 1023, (other >> shift) & 1023
        channels.append((first + second).to(torch.float32) - 1023.0)
    return (torch.stack(channels, 1) * (2.4494897 / 1024.0)).reshape(-1, 3, height, width)


def expose(image: Tensor, exposure: Tensor, warm: Tensor) -> Tensor:
    """Linear light to display values: exposure, white balance, gamma 2, a soft shoulder."""
    gain = torch.stack([1.0 + warm, torch.ones_like(warm), 1.0 - warm], 1) * exposure[:, None]
    image = (image * gain[:, :, None, None]).clamp_(min=0.0)
    # x (1 + x/4) / (1 + x/2) bends bright values instead of cutting them.
    image = image * (1.0 + 0.25 * image) / (1.0 + 0.4 * image)
    return torch.sqrt(image)


def record(image: Tensor, sensor: Sensor, pixel: Tensor) -> Tensor:
    """Blur, noise and rounding.

    Args:
        image: (N, 3, H, W) display values.
        sensor: (N,) each.
        pixel: (N,) side of an output pixel in raw pixels.
    Returns: (N, 3, H, W) uint8.
    """
    sigma = sensor.blur / pixel
    image = blur(image, sigma * sigma)
    noise = grain(sensor.key, image.shape[2], image.shape[3])
    strength = sensor.noise / pixel.clamp(min=1.0)
    image = image + noise * strength[:, None, None, None]
    return (image * 255.0 + 0.5).clamp_(0.0, 255.0).to(torch.uint8)
