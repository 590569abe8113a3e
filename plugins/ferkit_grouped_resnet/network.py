"""ResNet-18 and 34 whose convolutions have a group for each region."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.errors import FerkitError
from ferkit_grouped_resnet.streams import (
    Form,
    Streams,
    convolve,
    fastest,
    join_regions,
    normalise,
    split_regions,
)

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
"""Residual blocks of each stage (He et al., table 1)."""

STAGES = ("layer1", "layer2", "layer3", "layer4")

Normalisation = tuple[tuple[float, ...], tuple[float, ...]]


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm, and the input added to them.

    Args:
        regions: R.
        before, channels: per region, of the input and of the output.
        stride: of the first convolution. The input is brought to the output's shape by a 1x1
            convolution where the two differ.
    """

    def __init__(self, regions: int, before: int, channels: int, *, stride: int) -> None:
        super().__init__()
        self.conv1 = convolution(regions, before, channels, side=3, stride=stride)
        self.bn1 = nn.BatchNorm2d(regions * channels)
        self.conv2 = convolution(regions, channels, channels, side=3)
        self.bn2 = nn.BatchNorm2d(regions * channels)
        self.downsample: nn.ModuleList | None = None
        if stride != 1 or before != channels:
            shortcut = convolution(regions, before, channels, side=1, stride=stride)
            self.downsample = nn.ModuleList([shortcut, nn.BatchNorm2d(regions * channels)])

    def forward(self, streams: Streams) -> Streams:
        """Streams of (B, C, H, W) -> as many, of (B, C', H / stride, W / stride)."""
        hidden = _relu(normalise(self.bn1, convolve(self.conv1, streams)))
        hidden = normalise(self.bn2, convolve(self.conv2, hidden))
        if self.downsample is not None:
            shortcut, norm = self.downsample
            streams = convolve(cast(nn.Conv2d, shortcut), streams)
            streams = normalise(cast(nn.BatchNorm2d, norm), streams)
        return _relu([own.add_(given) for own, given in zip(hidden, streams, strict=True)])


class GroupedResNet(nn.Module):
    """A residual network for each region of a frame, computed together; they never mix.

    Parameters have torchvision's names, those of the regions one after the other along the first
    axis. Activations lie channels-last in memory.

    Args:
        regions: R.
        depth: 18 or 34.
        width: channels per region of the first stage; each further stage doubles them.
        form: how it is computed; None: what is fastest on the images' device.
        zero_init_residual: the last scale of each block begins as 0 instead of 1.
    """

    def __init__(
        self,
        *,
        regions: int,
        depth: int = 18,
        width: int = 32,
        form: Form | None = None,
        zero_init_residual: bool = False,
    ) -> None:
        super().__init__()
        self.regions = regions
        self.form = form
        self.memory_format = torch.channels_last
        self.normalisation: Normalisation | None = None
        self.weight_notes: tuple[str, ...] = ()
        self.channels = tuple(width * 2**stage for stage in range(len(STAGES)))
        self.conv1 = convolution(regions, 3, width, side=7, stride=2)
        self.bn1 = nn.BatchNorm2d(regions * width)
        before = width
        for number, name in enumerate(STAGES):
            channels, stage = self.channels[number], nn.ModuleList()
            for place in range(BLOCKS[depth][number]):
                stride = 2 if number > 0 and place == 0 else 1
                stage.append(Block(regions, before, channels, stride=stride))
                before = channels
            self.add_module(name, stage)
        if zero_init_residual:
            for module in self.modules():
                if isinstance(module, Block):
                    nn.init.zeros_(module.bn2.weight)
        self.to(memory_format=self.memory_format)

    def spec(self, regions: int) -> FeatureSpec:
        """D is the width of the last stage; a map after each of the four stages.

        Raises: FerkitError: the network was built for another number of regions.
        """
        self._hold_to(regions)
        return FeatureSpec(dim=self.channels[-1], map_channels=self.channels, regions=regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W), H and W at least 32 -> features and four maps.

        Raises: FerkitError: another number of regions than the network was built for.
        """
        self._hold_to(images.shape[1])
        form = self.form or fastest(images.device)
        hidden = split_regions(images, form, memory_format=self.memory_format)
        hidden = _relu(normalise(self.bn1, convolve(self.conv1, hidden)))
        hidden = [functional.max_pool2d(stream, 3, stride=2, padding=1) for stream in hidden]
        maps: list[Tensor] = []
        for name in STAGES:
            for block in self.get_submodule(name).children():
                hidden = block(hidden)
            maps.append(join_regions(hidden, self.regions))
        pooled = join_regions([stream.mean((2, 3)) for stream in hidden], self.regions)
        return Features(pooled, tuple(maps))

    def _hold_to(self, regions: int) -> None:
        if regions != self.regions:
            raise FerkitError(
                f"grouped_resnet was built for {self.regions} regions per frame and is given "
                f"{regions}.",
                where="model.backbone",
                hint="Its weights are apart for each region: use the same cropper throughout.",
            )


def convolution(
    regions: int, before: int, channels: int, *, side: int, stride: int = 1
) -> nn.Conv2d:
    """A convolution without bias that keeps regions apart, drawn after He et al. (fan out).

    Args:
        regions: R, its groups.
        before, channels: per region, of the input and of the output.
        side: of the kernel, odd; padding keeps the image's size.
    """
    layer = nn.Conv2d(
        regions * before,
        regions * channels,
        side,
        stride=stride,
        padding=side // 2,
        groups=regions,
        bias=False,
    )
    # Region by region: torch would count the channels of all groups as one fan.
    for weight in layer.weight.detach().chunk(regions):
        nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")
    return layer


def _relu(streams: Streams) -> Streams:
    return [functional.relu_(stream) for stream in streams]
