"""A plain ResNet of torchvision's own blocks, at any width."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock

DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


@pytest.fixture(scope="session")
def plain() -> Callable[..., nn.Sequential]:
    """Makes one: stem and four stages, named as in torchvision."""

    def make(width: int, depth: int = 18) -> nn.Sequential:
        layers = OrderedDict[str, nn.Module](
            conv1=nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False),
            bn1=nn.BatchNorm2d(width),
            relu=nn.ReLU(),
            maxpool=nn.MaxPool2d(3, stride=2, padding=1),
        )
        before = width
        for stage, blocks in enumerate(DEPTHS[depth]):
            channels, row = width * 2**stage, []
            for place in range(blocks):
                stride = 2 if stage and not place else 1
                shortcut = None
                if stride == 2:
                    shortcut = nn.Sequential(
                        nn.Conv2d(before, channels, 1, stride=2, bias=False),
                        nn.BatchNorm2d(channels),
                    )
                row.append(BasicBlock(before, channels, stride, shortcut))
                before = channels
            layers[f"layer{stage + 1}"] = nn.Sequential(*row)
        return nn.Sequential(layers)

    return make


@pytest.fixture(scope="session")
def stages_of() -> Callable[[nn.Sequential, Tensor], list[Tensor]]:
    """The four maps of a plain network for (B, 3, H, W)."""

    def run(network: nn.Sequential, images: Tensor) -> list[Tensor]:
        maps, hidden = [], images
        for name, layer in network.named_children():
            hidden = layer(hidden)
            if name.startswith("layer"):
                maps.append(hidden)
        return maps

    return run


@pytest.fixture(scope="session")
def part_of() -> Callable[..., dict[str, Tensor]]:
    """The part of a mapping by name that belongs to one of R regions."""

    def part(values: dict[str, Tensor], region: int, regions: int) -> dict[str, Tensor]:
        return {
            name: value.chunk(regions)[region] if value.ndim else value
            for name, value in values.items()
        }

    return part


@pytest.fixture
def shaken() -> Callable[[nn.Module], nn.Module]:
    """Moves batch norms' scales, shifts and statistics off their plain first values."""

    def shake(network: nn.Module) -> nn.Module:
        generator = torch.Generator().manual_seed(3)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                for values in (module.weight, module.running_var):
                    values.data.uniform_(0.5, 1.5, generator=generator)
                for values in (module.bias, module.running_mean):
                    values.data.normal_(0, 0.3, generator=generator)
        return network

    return shake
