"""FAN's attentions as pure functions. N clips, T frames, D features.

A gate is the sigmoid of a score. A mean that is weighted by gates is computed by a softmax of
their logarithms, which is the same number and holds where all are so small that their sum is 0.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def gate_shares(log_gates: Tensor, valid: Tensor) -> Tensor:
    """gate_i / sum of the gates over valid frames.

    Args:
        log_gates: (N, T). valid: (N, T) bool.
    Returns: (N, T), float32 at least; rows sum to 1, and are zeros where nothing is valid.
    """
    wide = log_gates.to(torch.promote_types(log_gates.dtype, torch.float32))
    # In a row with nothing valid nothing is hidden: -inf alone would give NaN.
    hidden = ~valid & valid.any(-1, keepdim=True)
    return wide.masked_fill(hidden, -torch.inf).softmax(-1) * valid


def self_attention(features: Tensor, scores: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """v = sum a_i f_i / sum a_i, a_i = sigmoid(score_i).

    Args:
        features: f, (N, T, D). scores: (N, T). valid: (N, T) bool.
    Returns: v, (N, D); the shares a_i / sum a, (N, T).
    Source: Meng et al. (arXiv:1907.00193), self-attention weights.
    """
    shares = gate_shares(logsigmoid(scores), valid)
    return (shares[..., None] * features).sum(1), shares


def beside(features: Tensor, mean: Tensor) -> Tensor:
    """[f_i; v]: (N, T, D), (N, D) -> (N, T, 2 D)."""
    return torch.cat([features, mean.to(features)[:, None].expand_as(features)], -1)


def relation_attention(
    pairs: Tensor, scores: Tensor, relation_scores: Tensor, valid: Tensor
) -> tuple[Tensor, Tensor]:
    """sum a_i b_i [f_i; v] / sum a_i b_i, b_i = sigmoid(relation score_i).

    Args:
        pairs: [f_i; v], (N, T, 2 D). scores, relation_scores: (N, T). valid: (N, T) bool.
    Returns: (N, 2 D); the shares a_i b_i / sum a b, (N, T).
    Source: Meng et al., relation-attention weights.
    """
    shares = gate_shares(logsigmoid(scores) + logsigmoid(relation_scores), valid)
    return (shares[..., None] * pairs).sum(1), shares
