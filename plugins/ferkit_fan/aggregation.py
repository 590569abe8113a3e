"""The aggregation `fan`."""

from __future__ import annotations

from torch import Tensor, nn

from ferkit.contracts.model import Pooled
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit_fan.equations import beside, relation_attention, self_attention
from ferkit_fan.params import FanParams


class FrameAttentionNetwork(nn.Module):
    """Slot `frames`: self-attention, and relation-attention on top of it.

    Args:
        dim: D of the frames.
        relation: whether there is the second gate; the answer then has the length 2 D.
        dropout: probability, before each gate.
    """

    def __init__(self, dim: int, *, relation: bool, dropout: float) -> None:
        super().__init__()
        self.dim = 2 * dim if relation else dim
        self.dropout = nn.Dropout(dropout)
        self.alpha = nn.Linear(dim, 1)
        self.beta = nn.Linear(2 * dim, 1) if relation else None

    def forward(self, features: Tensor, valid: Tensor) -> Pooled:
        """(N, T, D), valid (N, T) -> (N, D) or (N, 2 D), weights (N, T), no penalty."""
        # Whatever a frame that is not valid holds, NaN included, must not come near a sum.
        features = features.masked_fill(~valid[..., None], 0)
        scores = self.alpha(self.dropout(features))[..., 0]
        pooled, shares = self_attention(features, scores, valid)
        if self.beta is not None:
            pairs = beside(features, pooled)
            relation_scores = self.beta(self.dropout(pairs))[..., 0]
            pooled, shares = relation_attention(pairs, scores, relation_scores, valid)
        return Pooled(pooled, (shares,), shares.new_zeros(len(shares)))


def make_fan(params: FanParams, context: Context) -> FrameAttentionNetwork:
    """Factory of the component `fan`. Raises: FerkitError: in another slot."""
    if context.slot != "frames" or context.features is None:
        raise FerkitError(
            f"'fan' pools over frames, not over {context.slot or 'nothing'}.",
            where=f"model.aggregation.{context.slot}" if context.slot else "model.aggregation",
            hint="Use it as model.aggregation.frames.",
        )
    return FrameAttentionNetwork(
        context.features.dim,
        relation=params.attention == "self_relation",
        dropout=params.dropout,
    )
