"""The backbone `resnet`."""

from __future__ import annotations

import torchvision
from torch import Tensor, nn

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.plugin import Context
from ferkit_torchvision.files import Normalisation, load_into, own_normalisation
from ferkit_torchvision.params import ResNetParams

STAGES = ("layer1", "layer2", "layer3", "layer4")
WIDTHS = (64, 128, 256, 512)


class ResNet(nn.Module):
    """A residual network without its last layer; the regions of a frame share the weights.

    Args:
        depth: 18, 34, 50, 101 or 152.
        small_input: a stem of stride 1 without max-pooling.
        normalisation: (mean, std) that the weights expect, or None.
    """

    def __init__(
        self, *, depth: int, small_input: bool, normalisation: Normalisation | None
    ) -> None:
        super().__init__()
        self.normalisation = normalisation
        network = getattr(torchvision.models, f"resnet{depth}")(weights=None)
        network.fc = nn.Identity()
        if small_input:
            network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
            nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
            network.maxpool = nn.Identity()
        self.network = network
        expansion = 1 if depth < 50 else 4
        self.channels = tuple(width * expansion for width in WIDTHS)

    def spec(self, regions: int) -> FeatureSpec:
        """D is the width of the last stage; a map after each of the four stages."""
        return FeatureSpec(dim=self.channels[-1], map_channels=self.channels, regions=regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W), H and W at least 32 -> features and four maps."""
        batch, regions = images.shape[:2]
        hidden = self.network.conv1(images.flatten(0, 1))
        hidden = self.network.maxpool(self.network.relu(self.network.bn1(hidden)))
        maps: list[Tensor] = []
        for stage in STAGES:
            hidden = getattr(self.network, stage)(hidden)
            maps.append(hidden.reshape(batch, regions, *hidden.shape[1:]))
        return Features(hidden.mean((2, 3)).reshape(batch, regions, -1), tuple(maps))


def make_resnet(params: ResNetParams, context: Context) -> ResNet:
    """Factory of the component `resnet`. Raises: FerkitError: the weights do not fit."""
    made = ResNet(
        depth=params.depth,
        small_input=params.small_input,
        normalisation=own_normalisation(params),
    )
    load_into(made.network, params, folder=context.folder, unused=("fc.",))
    return made
