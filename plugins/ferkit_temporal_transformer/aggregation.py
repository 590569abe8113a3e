"""The aggregation `temporal_transformer`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ferkit.contracts.model import Pooled
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit_temporal_transformer.equations import (
    attention,
    masked_mean,
    mean_shares,
    sinusoids,
    token_shares,
)
from ferkit_temporal_transformer.params import TemporalTransformerParams

SPREAD = 0.02
"""Standard deviation of the first token and of learnt positions."""


class Block(nn.Module):
    """x + attention(norm x), and then x + hidden layer(norm x).

    Args:
        width: W. heads: divide it. hidden: width of the hidden layer. dropout: after each half.

    Source: Dosovitskiy et al. (arXiv:2010.11929), eq. 2 and 3.
    """

    def __init__(self, width: int, *, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.first_norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asked = nn.Linear(width, 3 * width)  # queries, keys and values
        self.answered = nn.Linear(width, width)
        self.hidden = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, members: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """(N, S, W), valid (N, S) -> (N, S, W), weights (N, heads, S, S)."""
        samples, length, width = members.shape
        split = self.asked(self.first_norm(members)).reshape(samples, length, 3, self.heads, -1)
        queries, keys, values = split.permute(2, 0, 3, 1, 4)
        seen, weights = attention(queries, keys, values, valid)
        seen = seen.transpose(1, 2).reshape(samples, length, width)
        members = members + self.dropout(self.answered(seen))
        members = members + self.dropout(self.hidden(self.second_norm(members)))
        return members, weights


class TemporalTransformer(nn.Module):
    """Slot `frames`: an encoder over the frames in their order.

    Args:
        dim: D of the frames. params: see `TemporalTransformerParams`.
    """

    waves: Tensor | None

    def __init__(self, dim: int, params: TemporalTransformerParams) -> None:
        super().__init__()
        width = params.width or dim
        self.dim, self.max_frames = width, params.max_frames
        self.entry = nn.Identity() if params.width is None else nn.Linear(dim, width)
        hidden = max(1, round(params.expansion * width))
        self.blocks = nn.ModuleList(
            Block(width, heads=params.heads, hidden=hidden, dropout=params.dropout)
            for _ in range(params.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(params.dropout)
        waves = sinusoids(params.max_frames, width) if params.position == "sinusoidal" else None
        self.register_buffer("waves", waves, persistent=False)
        self.places = _drawn(params.max_frames, width) if params.position == "learnt" else None
        self.token = _drawn(1, width) if params.read == "class_token" else None

    def forward(self, features: Tensor, valid: Tensor) -> Pooled:
        """(N, T, D), valid (N, T) -> (N, W), weights (N, T), no penalty.

        Raises: FerkitError: more frames than there are learnt positions.
        """
        # Whatever a frame that is not valid holds, NaN included, must not come near a sum.
        members = self.entry(features.masked_fill(~valid[..., None], 0))
        members = self.dropout(self._placed(members))
        seen = valid
        if self.token is not None:
            first = self.token.to(members).expand(len(members), 1, -1)
            members = torch.cat([first, members], 1)
            seen = torch.cat([valid.new_ones(len(valid), 1), valid], 1)
        weights = members.new_zeros(())
        for block in self.blocks:
            members, weights = block(members, seen)
        members, weights = self.norm(members), weights.detach()
        if self.token is None:
            pooled, shares = masked_mean(members, valid), mean_shares(weights, valid)
        else:
            pooled, shares = members[:, 0], token_shares(weights, valid)
        pooled = pooled.masked_fill(~valid.any(1, keepdim=True), 0)
        return Pooled(pooled, (shares,), shares.new_zeros(len(shares)))

    def _placed(self, members: Tensor) -> Tensor:
        """Add to each frame where it stands in the clip."""
        length = members.shape[1]
        if self.waves is not None:
            longer = length > len(self.waves)
            waves = sinusoids(length, self.dim) if longer else self.waves[:length]
            return members + waves.to(members)
        if self.places is None:
            return members
        if length > self.max_frames:
            raise FerkitError(
                f"a clip of {length} frames, and positions of {self.max_frames} are learnt.",
                where="model.aggregation.frames.max_frames",
                hint=f"Set it to {length} or more, or take position: sinusoidal.",
            )
        return members + self.places[:length].to(members)


def _drawn(rows: int, width: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(rows, width).normal_(0.0, SPREAD))


def make_temporal_transformer(
    params: TemporalTransformerParams, context: Context
) -> TemporalTransformer:
    """Factory of the component `temporal_transformer`.

    Raises: FerkitError: in another slot; the heads do not divide the width.
    """
    if context.slot != "frames" or context.features is None:
        raise FerkitError(
            f"'temporal_transformer' pools over frames, not over {context.slot or 'nothing'}.",
            where=f"model.aggregation.{context.slot}" if context.slot else "model.aggregation",
            hint="Use it as model.aggregation.frames.",
        )
    dim = context.features.dim
    if params.width is None and dim % params.heads:
        raise FerkitError(
            f"{params.heads} heads do not divide the {dim} numbers of a frame.",
            where="model.aggregation.frames.heads",
            hint="Set width to a multiple of the heads, or take other heads.",
        )
    return TemporalTransformer(dim, params)
