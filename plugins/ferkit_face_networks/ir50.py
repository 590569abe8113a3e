"""IR-50: a residual network with PReLU, whose blocks begin with batch norm."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.functional import dropout

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.model.grid import pool_to
from ferkit_face_networks.layers import GRID, by_region, conv_norm, draw

Normalisation = tuple[tuple[float, ...], tuple[float, ...]]


class Widths(NamedTuple):
    """channels: of the stages. blocks: in each. dim: of the embedding."""

    channels: tuple[int, ...] = (64, 128, 256, 512)
    blocks: tuple[int, ...] = (3, 4, 14, 3)
    dim: int = 512


FULL = Widths()


class Kind(NamedTuple):
    """What differs between the authors' networks.

    middle_norm: batch norm between a block's first convolution and PReLU.
    convolved_stride: a convolution on the way past a block that halves the map and keeps the
        channels; else every other pixel is taken.
    affine: the last batch norm scales and shifts.
    """

    middle_norm: bool
    convolved_stride: bool
    affine: bool


KINDS = {
    "insightface": Kind(True, True, True),
    "evolve": Kind(False, False, True),
    "adaface": Kind(True, False, False),
    "poster": Kind(False, False, True),
}


class Block(nn.Module):
    """Batch norm, 3x3, PReLU, 3x3 with the stride, batch norm, plus what it got."""

    def __init__(self, before: int, after: int, stride: int, kind: Kind) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(after) if kind.middle_norm else nn.Identity()
        self.prelu = nn.PReLU(after)
        self.conv2 = nn.Conv2d(after, after, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(after)
        self.stride = stride
        self.downsample: nn.Module | None = None
        if before != after or (stride > 1 and kind.convolved_stride):
            self.downsample = conv_norm(before, after, stride=stride, prelu=False)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        hidden = self.prelu(self.bn2(self.conv1(self.bn1(images))))
        hidden = self.bn3(self.conv2(hidden))
        if self.downsample is not None:
            images = self.downsample(images)
        elif self.stride > 1:
            images = images[..., :: self.stride, :: self.stride]
        made: Tensor = hidden + images
        return made


class Ir50(nn.Module):
    """Stem, the stages and, if wanted, the embedding; regions of a frame share the weights.

    Args:
        kind: whose network.
        embedding: keep the layers that make it; else features are the mean of the last map.
        drop: probability of dropout before the embedding.
        widths: narrower ones make a small network of the same layout.

    Attributes:
        normalisation, weight_notes: see `ferkit.contracts.model.Backbone`.
    """

    normalisation: Normalisation | None
    weight_notes: tuple[str, ...]

    def __init__(
        self, kind: Kind, *, embedding: bool = True, drop: float = 0.0, widths: Widths = FULL
    ) -> None:
        super().__init__()
        self.widths, self.drop = widths, drop
        before = widths.channels[0]
        self.stem = conv_norm(3, before, 3)
        self.stages = nn.ModuleList()
        for after, blocks in zip(widths.channels, widths.blocks, strict=True):
            stage = nn.Sequential()
            for number in range(blocks):
                stage.append(Block(before, after, 2 if number == 0 else 1, kind))
                before = after
            self.stages.append(stage)
        self.head: nn.ModuleDict | None = None
        if embedding:
            self.head = nn.ModuleDict(
                {
                    "norm": nn.BatchNorm2d(before),
                    "linear": nn.Linear(before * GRID * GRID, widths.dim),
                    "features": nn.BatchNorm1d(widths.dim, affine=kind.affine),
                }
            )
        self.normalisation, self.weight_notes = None, ()
        draw(self)

    def spec(self, regions: int) -> FeatureSpec:
        """D is 512, of three stages 256; a map after each stage."""
        channels = self.widths.channels
        dim = channels[-1] if self.head is None else self.widths.dim
        return FeatureSpec(dim, channels, regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W), H and W at least 16 -> features and a map of each stage."""
        batch, regions = images.shape[:2]
        hidden = self.stem(images.flatten(0, 1))
        maps: list[Tensor] = []
        for stage in self.stages:
            hidden = stage(hidden)
            maps.append(by_region(hidden, batch, regions))
        if self.head is None:
            pooled = hidden.mean((2, 3))
        else:
            pooled = pool_to(self.head["norm"](hidden), GRID).flatten(1)
            pooled = self.head["linear"](dropout(pooled, self.drop, self.training))
            pooled = self.head["features"](pooled)
        return Features(by_region(pooled, batch, regions), tuple(maps))
