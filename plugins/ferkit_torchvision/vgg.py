"""The backbone `vgg`."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d
from torchvision.models import vgg

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.plugin import Context
from ferkit_torchvision.files import Normalisation, load_into, own_normalisation
from ferkit_torchvision.params import VggParams

CHANNELS = (64, 128, 256, 512, 512)
HIDDEN = 4096
LAYOUTS = {11: "A", 13: "B", 16: "D", 19: "E"}
"""Columns of the paper's table 1, as torchvision names them."""


class Vgg(nn.Module):
    """A VGG network without its last layer; the regions of a frame share the weights.

    Args:
        depth: 11, 13, 16 or 19.
        batch_norm: after each convolution.
        fully_connected: features are those of the two layers of 4096.
        normalisation: (mean, std) that the weights expect, or None.
    """

    def __init__(
        self,
        *,
        depth: int,
        batch_norm: bool,
        fully_connected: bool,
        normalisation: Normalisation | None,
    ) -> None:
        super().__init__()
        self.normalisation = normalisation
        # Not torchvision's own class: it would draw 120 million weights that are not used here.
        self.network = nn.ModuleDict(
            {"features": vgg.make_layers(vgg.cfgs[LAYOUTS[depth]], batch_norm=batch_norm)}
        )
        if fully_connected:
            self.network["classifier"] = _fully_connected_layers()
        self.fully_connected = fully_connected
        self.apply(_draw)

    def spec(self, regions: int) -> FeatureSpec:
        """D is 4096 or 512; a map after each of the five blocks."""
        dim = HIDDEN if self.fully_connected else CHANNELS[-1]
        return FeatureSpec(dim=dim, map_channels=CHANNELS, regions=regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W), H and W at least 32 -> features and five maps."""
        batch, regions = images.shape[:2]
        hidden = images.flatten(0, 1)
        maps: list[Tensor] = []
        for layer in self.network["features"].children():
            hidden = layer(hidden)
            if isinstance(layer, nn.MaxPool2d):
                maps.append(hidden.reshape(batch, regions, *hidden.shape[1:]))
        if self.fully_connected:
            pooled = self.network["classifier"](adaptive_avg_pool2d(hidden, 7).flatten(1))
        else:
            pooled = hidden.mean((2, 3))
        return Features(pooled.reshape(batch, regions, -1), tuple(maps))


def _fully_connected_layers() -> nn.Sequential:
    """The two layers of 4096 under their numbers in torchvision."""
    return nn.Sequential(
        nn.Linear(CHANNELS[-1] * 7 * 7, HIDDEN),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(inplace=True),
        nn.Dropout(),
    )


def _draw(module: nn.Module) -> None:
    """Draw a layer's first weights."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def make_vgg(params: VggParams, context: Context) -> Vgg:
    """Factory of the component `vgg`. Raises: FerkitError: the weights do not fit."""
    made = Vgg(
        depth=params.depth,
        batch_norm=params.batch_norm,
        fully_connected=params.fully_connected,
        normalisation=own_normalisation(params),
    )
    unused = ("classifier.6.",) if params.fully_connected else ("classifier.",)
    load_into(made.network, params, folder=context.folder, unused=unused)
    return made
