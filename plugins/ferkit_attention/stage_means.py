"""The aggregation `stage_means`: features of several stages without attention."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from ferkit.contracts.model import Features, Pooled
from ferkit.plugin import Context
from ferkit_attention.params import StageMeansParams
from ferkit_attention.slots import told_features
from ferkit_attention.stages import chosen_stages


class StageMeans(nn.Module):
    """Slot `space`: means over the places of feature maps, one after the other.

    Args:
        channels: of each map of the backbone.
        stages: positions of the maps that count.
    """

    def __init__(self, channels: Sequence[int], *, stages: Sequence[int]) -> None:
        super().__init__()
        self.stages = tuple(stages)
        self.dim = sum(channels[stage] for stage in stages)

    def forward(self, features: Features) -> Pooled:
        """Features -> (B, R, sum of C), no weights, no penalty."""
        means = [features.maps[stage].mean((-2, -1)) for stage in self.stages]
        return Pooled(torch.cat(means, -1), (), means[0].new_zeros(len(means[0])))


def make_stage_means(params: StageMeansParams, context: Context) -> StageMeans:
    """Factory of the component `stage_means`. Raises: FerkitError: no such maps."""
    spec = told_features(context, "stage_means", slot="space")
    return StageMeans(spec.map_channels, stages=chosen_stages(params.stages, spec, "stage_means"))
