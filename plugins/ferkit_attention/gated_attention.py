"""The aggregations `region_attention` and `frame_attention`: one form on two axes (B9, B10)."""

from __future__ import annotations

from torch import Tensor, nn

from ferkit.contracts.model import Pooled
from ferkit.plugin import Context
from ferkit_attention.drawing_weights import draw_linear
from ferkit_attention.equations import gate_scores, gate_shares, weighted_mean
from ferkit_attention.params import GatedAttentionParams
from ferkit_attention.slots import told_features


class GatedAttention(nn.Module):
    """Slots `regions` and `frames`: the mean of a set, weighted by a gate; all members share W, w.

    Args:
        dim: D. hidden: r.
    """

    def __init__(self, dim: int, *, hidden: int) -> None:
        super().__init__()
        self.dim = dim
        self.first = nn.Parameter(draw_linear(hidden, dim))  # W^T
        self.second = nn.Parameter(draw_linear(1, hidden))  # w^T

    def forward(self, features: Tensor, valid: Tensor) -> Pooled:
        """(B, S, D), valid (B, S) -> (B, D), weights (B, S), no penalty."""
        # Whatever a member that is not valid holds, NaN included, must not come near a sum.
        features = features.masked_fill(~valid[..., None], 0)
        shares = gate_shares(gate_scores(features, self.first, self.second), valid)
        return Pooled(weighted_mean(features, shares), (shares,), shares.new_zeros(len(shares)))


def make_region_attention(params: GatedAttentionParams, context: Context) -> GatedAttention:
    """Factory of the component `region_attention`. Raises: FerkitError: in another slot."""
    spec = told_features(context, "region_attention", slot="regions")
    return GatedAttention(spec.dim, hidden=params.hidden)


def make_frame_attention(params: GatedAttentionParams, context: Context) -> GatedAttention:
    """Factory of the component `frame_attention`. Raises: FerkitError: in another slot."""
    spec = told_features(context, "frame_attention", slot="frames")
    return GatedAttention(spec.dim, hidden=params.hidden)
