"""The parts of a transformer that have no weights. N clips, T frames, W numbers per frame."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sinusoids(length: int, width: int) -> Tensor:
    """PE(t, 2 i) = sin(t / 10000^(2 i / W)), PE(t, 2 i + 1) = cos of the same.

    Returns: (length, width) float32, on the CPU; t from 0.
    Source: Vaswani et al. (arXiv:1706.03762), section 3.5.
    """
    places = torch.arange(length, dtype=torch.float64)[:, None]
    even = torch.arange(0, width, 2, dtype=torch.float64)
    angles = places * torch.exp(even * (-math.log(10000.0) / width))
    table = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]
    return table.float()


def attention(
    queries: Tensor, keys: Tensor, values: Tensor, valid: Tensor
) -> tuple[Tensor, Tensor]:
    """softmax(Q K^T / sqrt(d)) V over the members that are valid.

    Args:
        queries, keys, values: (N, heads, S, d).
        valid: (N, S) bool; members that are not weigh exactly nothing, unless a row has none.
    Returns: (N, heads, S, d); the weights, (N, heads, S, S), float32 at least, rows sum to 1.
    Source: Vaswani et al., eq. 1.
    """
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
    wide = scores.to(torch.promote_types(scores.dtype, torch.float32))
    # In a row with nothing valid nothing is hidden: -inf alone would give NaN.
    hidden = ~valid & valid.any(-1, keepdim=True)
    weights = wide.masked_fill(hidden[:, None, None], -torch.inf).softmax(-1)
    return weights.to(values.dtype) @ values, weights


def token_shares(weights: Tensor, valid: Tensor) -> Tensor:
    """What share of its look at the frames a token gives to each.

    Args:
        weights: (N, heads, 1 + T, 1 + T), the token first. valid: (N, T) bool.
    Returns: (N, T), rows sum to 1, equal shares where the token looks at itself alone, zeros
        where nothing is valid.
    """
    looks = weights[:, :, 0, 1:].mean(1) * valid
    total = looks.sum(1, keepdim=True)
    equal = valid / valid.sum(1, keepdim=True).clamp(min=1)
    return torch.where(total > 1e-12, looks / total.clamp(min=1e-12), equal.to(looks))


def mean_shares(weights: Tensor, valid: Tensor) -> Tensor:
    """What share of the looks of all frames goes to each.

    Args:
        weights: (N, heads, T, T). valid: (N, T) bool.
    Returns: (N, T), rows sum to 1, zeros where nothing is valid.
    """
    looks = (weights.mean(1) * valid[:, :, None]).sum(1) * valid
    return looks / valid.sum(1, keepdim=True).clamp(min=1)


def masked_mean(members: Tensor, valid: Tensor) -> Tensor:
    """Mean over the valid frames: (N, T, W), (N, T) -> (N, W); zeros where there are none."""
    kept = members.masked_fill(~valid[..., None], 0)
    return kept.sum(1) / valid.sum(1, keepdim=True).clamp(min=1)
