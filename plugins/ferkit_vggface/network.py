"""VGG-16 in the face layout, without its last layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn.functional import dropout, max_pool2d, relu

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.model.grid import pool_to
from ferkit_vggface.blocks import CONVOLUTIONS, FULLY_CONNECTED

GRID = 7
"""Side of the last map that fc6 takes, that of crops of 224 px."""

Normalisation = tuple[tuple[float, ...], tuple[float, ...]]


class Widths(NamedTuple):
    """channels: of the five blocks' maps. hidden: of fc6 and fc7."""

    channels: tuple[int, ...] = (64, 128, 256, 512, 512)
    hidden: int = 4096


FULL = Widths()


class VggFace(nn.Module):
    """13 convolutions and, if wanted, fc6 and fc7; the regions of a frame share the weights.

    Args:
        fully_connected: features are those of fc7.
        dropout: probability, after each of fc6 and fc7.
        widths: of the layers.

    Attributes:
        normalisation, rate_factors, weight_notes: see `ferkit.contracts.model.Backbone`.
    """

    normalisation: Normalisation | None
    rate_factors: Mapping[str, float]
    weight_notes: tuple[str, ...]

    def __init__(
        self, *, fully_connected: bool = True, dropout: float = 0.5, widths: Widths = FULL
    ) -> None:
        super().__init__()
        self.fully_connected, self.dropout, self.widths = fully_connected, dropout, widths
        self.layers = nn.ModuleDict()
        before = 3
        for names, channels in zip(CONVOLUTIONS.values(), widths.channels, strict=True):
            for name in names:
                self.layers[name] = nn.Conv2d(before, channels, 3, padding=1)
                before = channels
        before *= GRID * GRID
        for name in FULLY_CONNECTED if fully_connected else ():
            self.layers[name] = nn.Linear(before, widths.hidden)
            before = widths.hidden
        self.normalisation, self.rate_factors, self.weight_notes = None, {}, ()

    def spec(self, regions: int) -> FeatureSpec:
        """D is 4096 or 512; a map after each of the five blocks."""
        dim = self.widths.hidden if self.fully_connected else self.widths.channels[-1]
        return FeatureSpec(dim=dim, map_channels=self.widths.channels, regions=regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W), H and W at least 32 -> features and five maps."""
        batch, regions = images.shape[:2]
        hidden = images.flatten(0, 1)
        maps: list[Tensor] = []
        for names in CONVOLUTIONS.values():
            for name in names:
                hidden = relu(self.layers[name](hidden), inplace=True)
            hidden = max_pool2d(hidden, 2)
            maps.append(hidden.reshape(batch, regions, *hidden.shape[1:]))
        if self.fully_connected:
            pooled = pool_to(hidden, GRID).flatten(1)
            for name in FULLY_CONNECTED:
                pooled = relu(self.layers[name](pooled), inplace=True)
                pooled = dropout(pooled, self.dropout, self.training)
        else:
            pooled = hidden.mean((2, 3))
        return Features(pooled.reshape(batch, regions, -1), tuple(maps))


def draw(network: VggFace) -> None:
    """First weights from torch's global generator: He et al. (arXiv:1502.01852), eq. 10.

    Not the original's deviation of 0.01, which lets the signal of 16 layers die out.
    """
    for layer in network.layers.values():
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        assert layer.bias is not None
        nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
        nn.init.zeros_(layer.bias)
