"""The generator: a U-Net whose features are weighed by how dark the image is.

Layers are in the order of the public code: convolution, leaky ReLU, batch norm. In evaluation the
norm uses stored statistics, so every output pixel depends on its neighbourhood alone.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (32, 64, 128, 256, 512)
"""Channels of the five levels; each is half as large as the one before."""

STRIDE = 2 ** (len(WIDTHS) - 1)
"""Sides of the images must be multiples of this, pixels."""

REACH = 137
"""An output pixel depends on no input pixel further away than this along either axis.

From the inputs to the lowest level, two 3 x 3 convolutions on each: 2 (1 + 2 + 4 + 8 + 16) = 62.
On the way up, bilinear sampling at a level of cells of s pixels reads s pixels (16 + 8 + 4 + 2,
counted from the coarser cells) and three 3 x 3 convolutions 3 s (s = 8, 4, 2, 1): 30 + 45.
"""

LUMINANCE = (0.299, 0.587, 0.114)
"""Rec. 601 weights of red, green and blue."""


def darkness(images: Tensor) -> Tensor:
    """The attention map: how much is to be done at each pixel, 1 - luminance.

    Args:
        images: (B, 3, H, W) float in [-1, 1].
    Returns: (B, 1, H, W) in [0, 1].
    """
    # In the public code's order, so that the last bit is the same, too.
    red, green, blue = ((images + 1) * images.new_tensor(LUMINANCE)[:, None, None]).unbind(1)
    return (1 - (red + green + blue) / 2)[:, None]


class Convolution(nn.Module):
    """A 3 x 3 convolution, a leaky ReLU and, but for the very last one, a batch norm."""

    def __init__(self, channels_in: int, channels_out: int, *, norm: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels_out) if norm else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C', h, w)."""
        active = functional.leaky_relu(self.conv(features), 0.2, inplace=True)
        normed: Tensor = self.norm(active)
        return normed


class Level(nn.Module):
    """Two convolutions; `norm` is about the second."""

    def __init__(self, channels_in: int, channels_out: int, *, norm: bool = True) -> None:
        super().__init__()
        self.first = Convolution(channels_in, channels_out)
        self.second = Convolution(channels_out, channels_out, norm=norm)

    def forward(self, features: Tensor, shade: Tensor | None = None) -> Tensor:
        """(B, C, h, w) -> (B, C', h, w); `shade` (B, 1, h, w) weighs what lies between."""
        between: Tensor = self.first(features)
        answer: Tensor = self.second(between if shade is None else between * shade)
        return answer


class Generator(nn.Module):
    """EnlightenGAN's generator as its released test script configures it: self-attention,
    batch norm, bilinear upsampling, residual weighed by the attention map.

    Source: Jiang et al., arXiv:1906.06972, section III-A and fig. 2.
    """

    def __init__(self) -> None:
        super().__init__()
        sinking = list(pairwise((4, *WIDTHS)))  # (4, 32), (32, 64), ..., (256, 512)
        rising = list(pairwise(reversed(WIDTHS)))  # (512, 256), ..., (64, 32)
        self.down = nn.ModuleList(Level(*widths) for widths in sinking)
        self.narrow = nn.ModuleList(nn.Conv2d(*widths, 3, padding=1) for widths in rising)
        self.up = nn.ModuleList(
            Level(*widths, norm=number + 1 < len(rising)) for number, widths in enumerate(rising)
        )
        self.last = nn.Conv2d(WIDTHS[0], 3, 1)

    def forward(self, images: Tensor, attention: Tensor) -> Tensor:
        """What is to be added to the images.

        Args:
            images: (B, 3, H, W) in [-1, 1]; H and W multiples of `STRIDE`.
            attention: (B, 1, H, W) in [0, 1].
        Returns: (B, 3, H, W), in the units of `images`, unbounded.
        """
        weighed: list[Tensor] = []  # features of each level, for the way up
        features, shade = torch.cat([images, attention], 1), attention
        for level in self.down[:-1]:
            features = level(features)
            weighed.append(features * shade)
            features = functional.max_pool2d(features, 2)
            shade = functional.max_pool2d(shade, 2)
        features = self.down[-1](features, shade)
        for narrow, level in zip(self.narrow, self.up, strict=True):
            larger = functional.interpolate(
                features, scale_factor=2.0, mode="bilinear", align_corners=False
            )
            features = level(torch.cat([narrow(larger), weighed.pop()], 1))
        residual: Tensor = self.last(features)
        return residual * attention
