"""YuNet's network.

A backbone of depthwise separable convolutions, a top-down neck that adds each coarser level to
the next finer one, and four heads at strides 8, 16 and 32: is it a face, how well does the box
fit, the box, and five landmarks. Batch normalisation is folded into the convolutions, as in the
published file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

from ferkit_yunet.onnx_file import Convolution

STRIDES = (8, 16, 32)
"""Pixels of the frame between two cells of each level."""
STAGES = ((16, 16), (16, 32), (32, 64), (64, 64), (64, 64), (64, 64))
"""Channels that enter and leave the stages of the backbone; the first one after its stem."""
POOLED = (0, 2, 3, 4)
"""Stages whose output is halved before the next one."""
LEVELS = (3, 4, 5)
"""Stages that the neck takes, from fine to coarse."""


class Level(NamedTuple):
    """What the network says at one stride, (B, ..., h, w), before any activation.

    face: 1 channel. fit: 1. box: 4, offset of the middle and logarithm of width and height, in
    strides. points: 10, x and y of five offsets, in strides.
    """

    face: Tensor
    fit: Tensor
    box: Tensor
    points: Tensor


class Separable(nn.Module):
    """Mixes channels pixel by pixel, then looks around in each channel."""

    def __init__(self, entering: int, leaving: int, *, last: bool = False) -> None:
        super().__init__()
        self.point = nn.Conv2d(entering, leaving, 1)
        self.depth = nn.Conv2d(leaving, leaving, 3, padding=1, groups=leaving)
        self.last = last

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C', h, w); rectified unless it is the last of its branch."""
        out: Tensor = self.depth(self.point(maps))
        return out if self.last else torch.relu_(out)


class Yunet(nn.Module):
    """The whole network; submodules stand in the order of the published file's graph."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.stages = nn.ModuleList(
            Separable(16, 16)
            if number == 0
            else nn.Sequential(Separable(entering, entering), Separable(entering, leaving))
            for number, (entering, leaving) in enumerate(STAGES)
        )
        self.neck = nn.ModuleList(Separable(64, 64) for _ in LEVELS)  # from coarse to fine
        self.face = _head(1)
        self.box = _head(4)
        self.fit = _head(1)
        self.points = _head(10)

    def forward(self, pixels: Tensor) -> list[Level]:
        """What is seen at each stride.

        Args:
            pixels: (B, 3, H, W) float, 0 to 255, BGR; H and W divisible by 32.
        """
        maps = torch.relu_(self.stem(pixels))
        kept: list[Tensor] = []
        for number, stage in enumerate(self.stages):
            maps = stage(maps)
            if number in LEVELS:
                kept.append(maps)
            if number in POOLED:
                maps = max_pool2d(maps, 2)
        levels: list[Tensor] = []  # from coarse to fine
        for fine, lateral in zip(reversed(kept), self.neck, strict=True):
            if levels:
                fine = fine + interpolate(levels[-1], scale_factor=2.0, mode="nearest")
            levels.append(lateral(fine))
        return [
            Level(face(maps), fit(maps), box(maps), points(maps))
            for maps, face, fit, box, points in zip(
                reversed(levels), self.face, self.fit, self.box, self.points, strict=True
            )
        ]


def _head(channels: int) -> nn.ModuleList:
    return nn.ModuleList(Separable(64, channels, last=True) for _ in STRIDES)


def with_weights(convolutions: Sequence[Convolution]) -> Yunet:
    """The network with weights, in evaluation mode, without gradients.

    Args:
        convolutions: of the published file, in its order.
    Raises: ValueError: their number or shapes are not YuNet's.
    """
    network = Yunet()
    own = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    shapes = [module.weight.shape for module in own]
    if [each.weight.shape for each in convolutions] != shapes:
        raise ValueError("not the convolutions of YuNet")
    with torch.no_grad():
        for module, given in zip(own, convolutions, strict=True):
            assert module.bias is not None
            module.weight.copy_(given.weight)
            module.bias.copy_(given.bias)
    return network.eval().requires_grad_(False)
