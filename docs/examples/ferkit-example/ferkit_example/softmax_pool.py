"""The aggregation `softmax_pool`, for all three slots."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ferkit.contracts.model import Features, Pooled
from ferkit.errors import FerkitError
from ferkit.plugin import Context, NoParams


def masked_softmax(scores: Tensor, valid: Tensor) -> Tensor:
    """Weights that sum to 1 over the valid members of each row; all 0 where there are none.

    Args:
        scores: (B, S). valid: (B, S) bool.
    """
    lowest = torch.finfo(scores.dtype).min
    # Finite instead of -inf: a row with nothing valid stays free of nan, in its gradient too.
    return scores.masked_fill(~valid, lowest).softmax(-1) * valid


class SoftmaxPool(nn.Module):
    """Slots `regions` and `frames`: the mean of a set, weighted by a learned score."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.score = nn.Linear(dim, 1)

    def forward(self, features: Tensor, valid: Tensor) -> Pooled:
        """(B, S, D), valid (B, S) -> (B, D), weights (B, S), no penalty."""
        features = features.masked_fill(~valid[..., None], 0)
        weights = masked_softmax(self.score(features)[..., 0], valid)
        pooled = (weights[..., None] * features).sum(1)
        return Pooled(pooled, (weights,), features.new_zeros(len(features)))


class SoftmaxPoolOverPlaces(nn.Module):
    """Slot `space`: the same over the places of the last feature map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dim = channels
        self.pool = SoftmaxPool(channels)

    def forward(self, features: Features) -> Pooled:
        """Features -> (B, R, C), weights (B, R, 1, H, W), no penalty."""
        last = features.maps[-1]  # (B, R, C, H, W)
        places = last.flatten(0, 1).flatten(2).transpose(1, 2)  # (B * R, H * W, C)
        everywhere = places.new_ones(places.shape[:2], dtype=torch.bool)
        pooled: Pooled = self.pool(places, everywhere)
        attention = pooled.weights[0].view(*last.shape[:2], 1, *last.shape[3:])
        by_region = pooled.features.view(*last.shape[:2], self.dim)
        return Pooled(by_region, (attention,), last.new_zeros(len(last)))


def make_softmax_pool(params: NoParams, context: Context) -> nn.Module:
    """Factory of the component `softmax_pool`; the slot says which axis it pools."""
    if context.features is None:
        raise FerkitError("'softmax_pool' was not told what it pools.", where="aggregation")
    if context.slot != "space":
        return SoftmaxPool(context.features.dim)
    if not context.features.map_channels:
        raise FerkitError(
            "'softmax_pool' over space needs a backbone with feature maps.",
            where="model.aggregation.space",
            hint="Use 'mean' there.",
        )
    return SoftmaxPoolOverPlaces(context.features.map_channels[-1])
