"""The backbone `torchvision`: networks that are a list of layers, by their names."""

from __future__ import annotations

from typing import NamedTuple

import torchvision
from torch import Tensor, nn

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.plugin import Context
from ferkit_torchvision.files import Normalisation, load_into, own_normalisation
from ferkit_torchvision.params import NamedParams


class Stages(NamedTuple):
    """shown: the last layers before the map is halved, and the very last one, by their numbers
    in `features`. channels: of their maps."""

    shown: tuple[int, ...]
    channels: tuple[int, ...]


_CONVNEXT = Stages((1, 3, 5, 7), (96, 192, 384, 768))

NETWORKS = {
    "mobilenet_v3_small": Stages((0, 1, 3, 8, 12), (16, 16, 24, 48, 576)),
    "mobilenet_v3_large": Stages((1, 3, 6, 12, 16), (16, 24, 40, 112, 960)),
    "efficientnet_b0": Stages((1, 2, 3, 5, 8), (16, 24, 40, 112, 1280)),
    "efficientnet_v2_s": Stages((1, 2, 3, 5, 7), (24, 48, 64, 160, 1280)),
    "convnext_tiny": _CONVNEXT,
    "convnext_small": _CONVNEXT,
}


class Named(nn.Module):
    """All but the classifier of such a network; the regions of a frame share the weights.

    Args:
        name: torchvision's.
        normalisation: (mean, std) that the weights expect, or None.
    """

    def __init__(self, name: str, *, normalisation: Normalisation | None) -> None:
        super().__init__()
        self.normalisation = normalisation
        self.stages = NETWORKS[name]
        made = getattr(torchvision.models, name)(weights=None)
        self.network = nn.ModuleDict({"features": made.features})

    def spec(self, regions: int) -> FeatureSpec:
        """D is the width of the last map; a map at each size, four or five."""
        channels = self.stages.channels
        return FeatureSpec(dim=channels[-1], map_channels=channels, regions=regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W), H and W at least 32 -> features and the maps."""
        batch, regions = images.shape[:2]
        hidden = images.flatten(0, 1)
        maps: list[Tensor] = []
        for number, layer in enumerate(self.network["features"].children()):
            hidden = layer(hidden)
            if number in self.stages.shown:
                maps.append(hidden.reshape(batch, regions, *hidden.shape[1:]))
        return Features(hidden.mean((2, 3)).reshape(batch, regions, -1), tuple(maps))


def make_named(params: NamedParams, context: Context) -> Named:
    """Factory of the component `torchvision`. Raises: FerkitError: the weights do not fit."""
    made = Named(params.name, normalisation=own_normalisation(params))
    load_into(made.network, params, folder=context.folder, unused=("classifier.",))
    return made
