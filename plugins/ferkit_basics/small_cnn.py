"""The backbone `small_cnn`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.plugin import Context
from ferkit_basics.params import SmallCnnParams

BLOCKS = 4


class SmallCnn(nn.Module):
    """Four blocks of 3x3 convolution, batch norm, ReLU and 2x2 max-pooling, each half as wide.

    The regions of a frame share the weights. Activations lie channels-last in memory, which is
    up to twice as fast on a CPU.

    Args:
        width: channels of the first block; each block doubles them.
        stride: of the first convolution; with 2 it halves the side itself and its block does not
            pool, which saves most of the first block's work.
        grid: G: the last map is averaged to G x G cells, which all become features. An
            expression is a matter of where: one cell over all of a face loses it.
        even_light: bring every image to mean 0 and deviation 1 first, so that how bright and how
            contrasty a picture is need not be learned away.
    """

    def __init__(self, *, width: int, stride: int, grid: int, even_light: bool) -> None:
        super().__init__()
        self.grid = grid
        self.even_light = even_light
        self.channels = tuple(width * 2**block for block in range(BLOCKS))
        before = 3
        blocks: list[nn.Module] = []
        for block, channels in enumerate(self.channels):
            blocks.append(_block(before, channels, stride=stride if block == 0 else 1))
            before = channels
        self.blocks = nn.ModuleList(blocks)
        self.to(memory_format=torch.channels_last)

    def spec(self, regions: int) -> FeatureSpec:
        """D is the width of the last block times the cells; a map after each block."""
        dim = self.channels[-1] * self.grid**2
        return FeatureSpec(dim=dim, map_channels=self.channels, regions=regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W), H and W at least 16 -> features and four maps."""
        batch, regions = images.shape[:2]
        hidden = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        if self.even_light:
            hidden = standardise(hidden)
        maps: list[Tensor] = []
        for block in self.blocks:
            hidden = block(hidden)
            maps.append(hidden.reshape(batch, regions, *hidden.shape[1:]))
        pooled = grid_means(hidden, self.grid).reshape(batch, regions, -1)  # (B, R, D)
        return Features(pooled, tuple(maps))


def standardise(images: Tensor) -> Tensor:
    """Each image minus its mean, over its deviation: (B, C, H, W) -> the same.

    The deviation is taken as at least .02, so that an even picture stays even.
    """
    mean = images.mean((1, 2, 3), keepdim=True)
    spread = images.std((1, 2, 3), keepdim=True, correction=0)
    return (images - mean) / spread.clamp(min=0.02)


def grid_means(maps: Tensor, cells: int) -> Tensor:
    """Means over a grid of cells of equal size, which share pixels where they must.

    Cell i of n over a side of L pixels is [floor(i L / n), ceil((i + 1) L / n)), as in torch's
    adaptive pooling; written as products with two matrices, because the gradient of torch's own
    is not deterministic on a GPU.

    Args:
        maps: (B, C, H, W). cells: per side.
    Returns: (B, C, cells, cells).
    """
    if maps.shape[2:] == (cells, cells):
        return maps
    down, across = (_cell_weights(maps.shape[axis], cells, like=maps) for axis in (2, 3))
    return torch.einsum("bchw,ih,jw->bcij", maps, down, across)


def _cell_weights(length: int, cells: int, *, like: Tensor) -> Tensor:
    """(cells, length): each row is a mean over its cell."""
    places = torch.arange(length, device=like.device)
    numbers = torch.arange(cells, device=like.device)[:, None]
    first = numbers * length // cells
    end = -(-(numbers + 1) * length // cells)
    inside = ((places >= first) & (places < end)).to(like.dtype)
    return inside / inside.sum(1, keepdim=True)


def _block(before: int, channels: int, *, stride: int) -> nn.Sequential:
    layers = [
        nn.Conv2d(before, channels, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    ]
    return nn.Sequential(*layers, nn.MaxPool2d(2)) if stride == 1 else nn.Sequential(*layers)


def make_small_cnn(params: SmallCnnParams, context: Context) -> SmallCnn:
    """Factory of the component `small_cnn`."""
    return SmallCnn(
        width=params.width, stride=params.stride, grid=params.grid, even_light=params.even_light
    )
