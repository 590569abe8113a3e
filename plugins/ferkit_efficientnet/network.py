"""EfficientNet without its last layer."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.functional import silu

from ferkit.contracts.model import Features, FeatureSpec
from ferkit_efficientnet.layers import Block, convolution, draw

Normalisation = tuple[tuple[float, ...], tuple[float, ...]]


class Stage(NamedTuple):
    """A row of table 1: blocks of one kind; the first has the stride and changes the channels."""

    expand: int
    kernel: int
    stride: int
    channels: int
    blocks: int


STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)
"""Of B0 (Tan and Le, table 1)."""

STEM, LAST = 32, 1280


class Scale(NamedTuple):
    """Factors of B0's channels and blocks (section 3.3)."""

    width: float
    depth: float


SCALES = {"b0": Scale(1.0, 1.0), "b2": Scale(1.1, 1.2)}


def scaled(channels: int, width: float) -> int:
    """Channels times a factor, to the nearest multiple of 8, not below nine tenths."""
    wanted = channels * width
    nearest = max(8, int(wanted + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * wanted else nearest


class EfficientNet(nn.Module):
    """Stem, seven stages and the last convolution; the regions of a frame share the weights.

    Args:
        scale: of B0.
        tensorflow: pads and normalises as TensorFlow does.

    Attributes:
        normalisation, weight_notes: see `ferkit.contracts.model.Backbone`.
    """

    normalisation: Normalisation | None
    weight_notes: tuple[str, ...]

    def __init__(self, scale: Scale = SCALES["b0"], *, tensorflow: bool = True) -> None:
        super().__init__()
        eps = 1e-3 if tensorflow else 1e-5
        before = scaled(STEM, scale.width)
        self.conv_stem = convolution(3, before, 3, stride=2, tensorflow=tensorflow)
        self.bn1 = nn.BatchNorm2d(before, eps)
        self.blocks = nn.Sequential()
        widths: list[int] = []
        for stage in STAGES:
            after = scaled(stage.channels, scale.width)
            blocks = nn.Sequential()
            for number in range(ceil(stage.blocks * scale.depth)):
                blocks.append(
                    Block(
                        before,
                        after,
                        expand=stage.expand,
                        kernel=stage.kernel,
                        stride=stage.stride if number == 0 else 1,
                        eps=eps,
                        tensorflow=tensorflow,
                    )
                )
                before = after
            self.blocks.append(blocks)
            widths.append(after)
        last = scaled(LAST, scale.width)
        self.conv_head = nn.Conv2d(before, last, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(last, eps)
        # Of stages before one that halves the map, and of the last convolution.
        self._shown = [i for i in range(len(STAGES) - 1) if STAGES[i + 1].stride == 2]
        self.channels = (*(widths[i] for i in self._shown), last)
        self.normalisation, self.weight_notes = None, ()
        draw(self)

    def spec(self, regions: int) -> FeatureSpec:
        """D is 1280 or 1408; a map at each of five sizes, the last of which is of the features."""
        return FeatureSpec(self.channels[-1], self.channels, regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W) -> features and five maps."""
        batch, regions = images.shape[:2]
        hidden = silu(self.bn1(self.conv_stem(images.flatten(0, 1))))
        maps: list[Tensor] = []
        for number, stage in enumerate(self.blocks):
            hidden = stage(hidden)
            if number in self._shown:
                maps.append(hidden)
        hidden = silu(self.bn2(self.conv_head(hidden)))
        maps.append(hidden)
        return Features(
            hidden.mean((2, 3)).reshape(batch, regions, -1),
            tuple(one.reshape(batch, regions, *one.shape[1:]) for one in maps),
        )
