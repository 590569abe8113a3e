"""MobileFaceNet: inverted bottlenecks with PReLU, and a depthwise layer over the whole last map."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.model.grid import pool_to
from ferkit_face_networks.ir50 import Normalisation
from ferkit_face_networks.layers import GRID, by_region, conv_norm, draw

EXPANDED = (128, 256, 512)
"""Channels within the bottlenecks that halve the map; within the others: 128, 256, 256."""

RESIDUAL = ((4, 128), (6, 256), (2, 256))
"""Bottlenecks with a shortcut after each of those: how many, and their channels within."""

LAST = 512


class Kind(NamedTuple):
    """channels: of the maps of 56 and 28 px, and of those of 14 and 7 px, for crops of 112 px.
    groups: of the second convolution, which is depthwise in the paper."""

    channels: tuple[int, int]
    groups: int


KINDS = {"paper": Kind((64, 128), 64), "insightface": Kind((128, 256), 64)}


class Bottleneck(nn.Module):
    """1x1, depthwise 3x3 with the stride, 1x1 without PReLU; plus what it got, where it can."""

    def __init__(
        self, before: int, after: int, inside: int, *, stride: int = 1, residual: bool = False
    ) -> None:
        super().__init__()
        self.conv = conv_norm(before, inside)
        self.conv_dw = conv_norm(inside, inside, 3, stride=stride, groups=inside)
        self.project = conv_norm(inside, after, prelu=False)
        self.residual = residual

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        made: Tensor = self.project(self.conv_dw(self.conv(images)))
        return images + made if self.residual else made


class MobileFaceNet(nn.Module):
    """Stem, three stages, the last convolution and, if wanted, the embedding.

    Args:
        kind: whose network.
        embedding: keep the layers that make it; else features are the mean of the last map.
        dim: of the embedding.

    Attributes:
        normalisation, weight_notes: see `ferkit.contracts.model.Backbone`.
    """

    normalisation: Normalisation | None
    weight_notes: tuple[str, ...]

    def __init__(self, kind: Kind, *, embedding: bool = True, dim: int = 512) -> None:
        super().__init__()
        low, high = kind.channels
        self.dim = dim if embedding else LAST
        self.stem = nn.Sequential(
            conv_norm(3, low, 3, stride=2), conv_norm(low, low, 3, groups=kind.groups)
        )
        self.stages = nn.ModuleList()
        before = low
        for after, inside, (count, within) in zip(
            (low, high, high), EXPANDED, RESIDUAL, strict=True
        ):
            stage = nn.Sequential(Bottleneck(before, after, inside, stride=2))
            for _ in range(count):
                stage.append(Bottleneck(after, after, within, residual=True))
            self.stages.append(stage)
            before = after
        self.last = conv_norm(before, LAST)
        self.head: nn.ModuleDict | None = None
        if embedding:
            self.head = nn.ModuleDict(
                {
                    "global": conv_norm(LAST, LAST, GRID, padding=0, groups=LAST, prelu=False),
                    "linear": nn.Linear(LAST, dim, bias=False),
                    "features": nn.BatchNorm1d(dim),
                }
            )
        self.channels = (low, low, high, LAST)
        self.normalisation, self.weight_notes = None, ()
        draw(self)

    def spec(self, regions: int) -> FeatureSpec:
        """D is 512 or 128; a map at each of four sizes, the last one of 512 channels."""
        return FeatureSpec(self.dim, self.channels, regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W), H and W at least 16 -> features and four maps."""
        batch, regions = images.shape[:2]
        hidden = self.stem(images.flatten(0, 1))
        found: list[Tensor] = [hidden]
        for stage in self.stages:
            hidden = stage(hidden)
            found.append(hidden)
        hidden = self.last(hidden)
        found[-1] = hidden
        if self.head is None:
            pooled = hidden.mean((2, 3))
        else:
            pooled = self.head["global"](pool_to(hidden, GRID)).flatten(1)
            pooled = self.head["features"](self.head["linear"](pooled))
        maps = tuple(by_region(one, batch, regions) for one in found)
        return Features(by_region(pooled, batch, regions), maps)
