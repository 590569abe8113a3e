"""The aggregation `mean`, for all three slots."""

from __future__ import annotations

from torch import Tensor, nn

from ferkit.contracts.model import Features, Pooled
from ferkit.errors import FerkitError
from ferkit.plugin import Context, NoParams


def masked_mean(features: Tensor, valid: Tensor) -> Tensor:
    """Mean over the valid members of each set; zeros where there are none.

    Args:
        features: (B, S, D). Members that are not valid do not count, whatever they hold.
        valid: (B, S) bool.
    Returns: (B, D).
    """
    kept = features.masked_fill(~valid[..., None], 0)
    return kept.sum(1) / valid.sum(1, keepdim=True).clamp(min=1)


class OwnPooling(nn.Module):
    """Slot `space`: what the backbone itself pooled."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, features: Features) -> Pooled:
        """-> (B, R, D), no weights, no penalty."""
        return Pooled(features.pooled, (), features.pooled.new_zeros(len(features.pooled)))


class MaskedMean(nn.Module):
    """Slots `regions` and `frames`: the mean of what is valid."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, features: Tensor, valid: Tensor) -> Pooled:
        """(B, S, D), valid (B, S) -> (B, D), no weights, no penalty."""
        return Pooled(masked_mean(features, valid), (), features.new_zeros(len(features)))


def make_mean(params: NoParams, context: Context) -> nn.Module:
    """Factory of the component `mean`."""
    if context.features is None:
        raise FerkitError("'mean' was not told what features it pools.", where="aggregation")
    dim = context.features.dim
    return OwnPooling(dim) if context.slot == "space" else MaskedMean(dim)
