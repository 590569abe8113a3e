"""A network of timm as ferkit wants it: features and maps in one pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ferkit.contracts.model import Features, FeatureSpec

Normalisation = tuple[tuple[float, ...], tuple[float, ...]]


class TimmNetwork(nn.Module):
    """Regions of a frame share the weights.

    Args:
        network: of timm, made without a classifier.
        maps: how many of its last maps; 0: none.
        mean: features are the mean of the last map; else what the classifier would get.

    Attributes:
        normalisation, weight_notes: see `ferkit.contracts.model.Backbone`.
    """

    normalisation: Normalisation | None
    weight_notes: tuple[str, ...]

    def __init__(self, network: nn.Module, *, maps: int, mean: bool) -> None:
        super().__init__()
        self.network, self.mean = network, mean
        self.count = min(maps, len(getattr(network, "feature_info", range(maps))))
        self.normalisation, self.weight_notes = None, ()
        self._spec = FeatureSpec(0)

    def learn_shapes(self, size: int) -> None:
        """Find out by one black image of `size` px what `spec` is to say.

        With `mean`, layers that only the classifier needs are frozen: no gradient reaches them.
        """
        training = self.training
        self.eval()
        with torch.set_grad_enabled(self.mean):
            features = self(torch.zeros(1, 1, 3, size, size))
            if self.mean:
                features.pooled.sum().backward()
        if self.mean:
            for parameter in self.parameters():
                parameter.requires_grad_(parameter.grad is not None)
            self.zero_grad()
        self.train(training)
        channels = tuple(one.shape[2] for one in features.maps)
        self._spec = FeatureSpec(features.pooled.shape[-1], channels)

    def spec(self, regions: int) -> FeatureSpec:
        """As the network gave them for a black image."""
        return self._spec._replace(regions=regions)

    def forward(self, images: Tensor) -> Features:
        """(B, R, 3, H, W) -> features and `maps` maps."""
        batch, regions = images.shape[:2]
        network: Any = self.network
        maps: list[Tensor] = []
        if self.count:
            last, maps = network.forward_intermediates(
                images.flatten(0, 1), indices=self.count, output_fmt="NCHW"
            )
            if self.mean:
                maps = [*maps[:-1], self._last_map(last, maps[-1])]
        else:
            last = network.forward_features(images.flatten(0, 1))
        own = None if self.mean else network.forward_head(last, pre_logits=True)
        pooled = maps[-1].mean((2, 3)) if own is None else own
        return Features(
            pooled.reshape(batch, regions, -1),
            tuple(one.reshape(batch, regions, *one.shape[1:]) for one in maps),
        )

    def _last_map(self, last: Tensor, stage: Tensor) -> Tensor:
        """The map after all layers, (N, C, H, W).

        Args:
            last: what `forward_features` gives: a map, or tokens after those that are no place.
            stage: the map of the last stage, of the same height and width.
        """
        if last.ndim == 3:
            height, width = stage.shape[2:]
            tokens = last[:, -height * width :]
            return tokens.transpose(1, 2).reshape(len(last), -1, height, width)
        network: Any = self.network
        wide = network.num_features
        channels_last = last.shape[1:3] == stage.shape[2:] and last.shape[-1] == wide
        return last.permute(0, 3, 1, 2) if channels_last else last
