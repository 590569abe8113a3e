"""The attentions of Kumar et al. as pure functions, under their numbers there.

Under autocast, products with weights may run in half precision; what is normalised (softmax,
gates, shares) is float32 at least. B frames, R regions, C channels, h hops, S members of a set.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear, logsigmoid


def spatial_weights(maps: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Eq. 1: M = softmax(W_s2 tanh(W_s1 L^T)) over the places of a map, apart for each region.

    Args:
        maps: (B, R, C, H, W).
        first: W_s1 of each region, (R, U, C). second: W_s2, (R, h, U).
    Returns: M, (B, R, h, H, W), float32 at least, sums to 1 over H and W.
    """
    places = maps.flatten(3)  # L^T: (B, R, C, H * W)
    hidden = torch.einsum("brcp,ruc->brup", places, first).tanh()
    scores = torch.einsum("brup,rhu->brhp", hidden, second)
    return _at_least_float32(scores).softmax(-1).reshape(*scores.shape[:3], *maps.shape[3:])


def attended(weights: Tensor, maps: Tensor) -> Tensor:
    """Eq. 2: v = flatten(M L), the channels of the first hop, then those of the second.

    Args:
        weights: M, (B, R, h, H, W). maps: (B, R, C, H, W).
    Returns: (B, R, h * C), of the maps' dtype, or autocast's.
    """
    shares = weights.flatten(3).to(maps.dtype)
    return torch.einsum("brhp,brcp->brhc", shares, maps.flatten(3)).flatten(2)


def hop_overlap(weights: Tensor) -> Tensor:
    """B12: squared Frobenius norm of M M^T - I. 0 if each hop looks at one place of its own.

    Args:
        weights: M, (B, R, h, H, W).
    Returns: (B, R).
    """
    rows = weights.flatten(3)  # (B, R, h, H * W)
    hops = rows.shape[2]
    # Not a matrix product, which autocast would run in half precision.
    gram = torch.stack([(rows * rows[:, :, hop, None]).sum(-1) for hop in range(hops)], -1)
    identity = torch.eye(hops, dtype=gram.dtype, device=gram.device)
    return (gram - identity).square().sum((-2, -1))


def gate_scores(features: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Eq. 3 and 5 without the sigmoid: w^T ReLU(W^T f).

    Args:
        features: f, (B, S, D). first: W^T, (r, D). second: w^T, (1, r).
    Returns: (B, S).
    """
    return linear(linear(features, first).relu(), second)[..., 0]


def gate_shares(scores: Tensor, valid: Tensor) -> Tensor:
    """Eq. 4 and 6, the weights: alpha_i / sum of alpha, alpha = sigmoid(score), over valid members.

    Written as a softmax of log alpha, which is the same and holds where every alpha is so
    small that its sum would be 0.

    Args:
        scores: (B, S). valid: (B, S) bool.
    Returns: (B, S), float32 at least; rows sum to 1, and are zeros where nothing is valid.
    """
    log_alpha = logsigmoid(_at_least_float32(scores))
    # In a row with nothing valid nothing is hidden: -inf alone would give NaN.
    hidden = ~valid & valid.any(-1, keepdim=True)
    return log_alpha.masked_fill(hidden, -torch.inf).softmax(-1) * valid


def weighted_mean(features: Tensor, shares: Tensor) -> Tensor:
    """Eq. 4 and 6: the sum of share_i f_i.

    Args:
        features: (B, S, D). shares: (B, S).
    Returns: (B, D), of the wider dtype of both.
    """
    return (shares[..., None] * features).sum(1)


def _at_least_float32(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
