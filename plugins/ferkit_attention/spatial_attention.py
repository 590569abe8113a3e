"""The aggregation `spatial_attention`: learned weighted means of feature maps (B8, B12)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ferkit.contracts.model import Features, Pooled
from ferkit.plugin import Context
from ferkit_attention.drawing_weights import draw_linear
from ferkit_attention.equations import attended, hop_overlap, spatial_weights
from ferkit_attention.params import SpatialAttentionParams
from ferkit_attention.slots import told_features
from ferkit_attention.stages import chosen_stages


class StageAttention(nn.Module):
    """Eq. 1 and 2 for one feature map, with weights of its own for each region.

    Args:
        channels: C. regions: R. hops: h. hidden: U.
    """

    def __init__(self, channels: int, *, regions: int, hops: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Parameter(draw_linear(regions, hidden, channels))  # W_s1
        self.second = nn.Parameter(draw_linear(regions, hops, hidden))  # W_s2

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """(B, R, C, H, W) -> v (B, R, h * C), M (B, R, h, H, W)."""
        weights = spatial_weights(maps, self.first, self.second)
        return attended(weights, maps), weights


class SpatialAttention(nn.Module):
    """Slot `space`: eq. 1 and 2 on several stages of the backbone, one after the other.

    Args:
        channels: of each map of the backbone.
        stages: positions of the maps that count.
        regions: R. hops: h. hidden: U.
    """

    def __init__(
        self,
        channels: Sequence[int],
        *,
        stages: Sequence[int],
        regions: int,
        hops: int,
        hidden: int,
    ) -> None:
        super().__init__()
        self.stages = tuple(stages)
        self.dim = hops * sum(channels[stage] for stage in stages)
        self.attentions = nn.ModuleList(
            StageAttention(channels[stage], regions=regions, hops=hops, hidden=hidden)
            for stage in stages
        )

    def forward(self, features: Features) -> Pooled:
        """Features -> (B, R, h * sum of C); weights (B, R, h, H, W) of each stage.

        The penalty is the mean over stages and regions of `hop_overlap` (B12).
        """
        vectors, weights, overlaps = [], [], []
        for stage, attention in zip(self.stages, self.attentions, strict=True):
            vector, shares = attention(features.maps[stage])
            vectors.append(vector)
            weights.append(shares)
            overlaps.append(hop_overlap(shares).mean(1))  # (B,)
        penalty = torch.stack(overlaps).mean(0)
        return Pooled(torch.cat(vectors, -1), tuple(weights), penalty)


def make_spatial_attention(params: SpatialAttentionParams, context: Context) -> SpatialAttention:
    """Factory of the component `spatial_attention`. Raises: FerkitError: no such maps."""
    spec = told_features(context, "spatial_attention", slot="space")
    return SpatialAttention(
        spec.map_channels,
        stages=chosen_stages(params.stages, spec, "spatial_attention"),
        regions=spec.regions,
        hops=params.hops,
        hidden=params.hidden,
    )
