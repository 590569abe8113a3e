"""The backbone `conv_mixer` (Trockman and Kolter, arXiv:2201.09792)."""

from __future__ import annotations

from torch import Tensor, nn

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.plugin import Context
from ferkit_example.params import ConvMixerParams


class Block(nn.Module):
    """Mixes over places (a residual depthwise convolution), then over channels."""

    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        over_places = nn.Conv2d(width, width, reach, groups=width, padding="same")
        self.places = nn.Sequential(over_places, nn.GELU(), nn.BatchNorm2d(width))
        self.channels = nn.Sequential(nn.Conv2d(width, width, 1), nn.GELU(), nn.BatchNorm2d(width))

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, h, w) -> the same shape."""
        mixed: Tensor = self.channels(hidden + self.places(hidden))
        return mixed


class ConvMixer(nn.Module):
    """Cuts an image into patches and mixes them; regions share the weights."""

    def __init__(self, *, patch: int, width: int, depth: int, reach: int) -> None:
        super().__init__()
        self.width = width
        patches = nn.Conv2d(3, width, patch, stride=patch)
        self.stem = nn.Sequential(patches, nn.GELU(), nn.BatchNorm2d(width))
        self.blocks = nn.Sequential(*(Block(width, reach) for _ in range(depth)))

    def spec(self, regions: int) -> FeatureSpec:
        """D = `width`, and one feature map of as many channels."""
        return FeatureSpec(dim=self.width, map_channels=(self.width,), regions=regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W) -> pooled (B, R, D) and the map it is the mean of."""
        hidden = self.blocks(self.stem(images.flatten(0, 1)))  # (B * R, C, h, w)
        hidden = hidden.unflatten(0, images.shape[:2])
        return Features(hidden.mean((-2, -1)), (hidden,))


def make_conv_mixer(params: ConvMixerParams, context: Context) -> ConvMixer:
    """Factory of the component `conv_mixer`."""
    return ConvMixer(patch=params.patch, width=params.width, depth=params.depth, reach=params.reach)
