"""Class activation maps, and how far those of a mirrored image are from being mirrored."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ferkit.errors import RunError


def class_maps(maps: Tensor, class_vectors: Tensor) -> Tensor:
    """What each place of the last maps says for each class.

    Features may be means over the whole map (G = 1), where a place's value is the sum over channels
    of class weight times map, or over G x G cells, (C, G, G) flattened, where it is G times that
    with the class weights of the place's cell: first weights of a layer with G^2 times as many
    inputs are a G-th as large. The mean of a class's map over its places is a G-th of its logit
    without the bias.

    Args:
        maps: (N, T, R, C, H, W). class_vectors: (K, D) of the last layer, D = C G^2.
    Returns: (N, T, R, K, H, W).
    Raises: RunError: the features can't be such means.
    Source: Zhang et al. (arXiv:2207.10299) and the published code, where G = 1.
    """
    channels, height, width = maps.shape[3:]
    classes, dim = class_vectors.shape
    side = math.isqrt(dim // channels)
    if side == 0 or channels * side**2 != dim:
        raise RunError(
            f"the last layer has {dim} inputs, which are no means of a map with {channels} "
            "channels.",
            where="loop",
            hint="'eac' needs features that are means of the backbone's last map.",
        )
    if side == 1:
        return torch.einsum("ntrchw,kc->ntrkhw", maps, class_vectors)
    cells = class_vectors.reshape(classes, channels, side, side)
    down, across = (_cell_means(length, side, like=class_vectors) for length in (height, width))
    weights = torch.einsum("kcij,ih,jw->kchw", cells, down, across)
    weights = weights * (height * width / side)
    return torch.einsum("ntrchw,kchw->ntrkhw", maps, weights)


def _cell_means(length: int, cells: int, *, like: Tensor) -> Tensor:
    """(cells, length): the share of each place in the mean over a cell, as in adaptive pooling."""
    places = torch.arange(length, device=like.device)
    numbers = torch.arange(cells, device=like.device)[:, None]
    inside = (places >= numbers * length // cells) & (places < -(-(numbers + 1) * length // cells))
    return inside.to(like) / inside.sum(1, keepdim=True)


def flip_inconsistency(plain: Tensor, mirrored: Tensor, valid: Tensor) -> Tensor:
    """Mean squared difference of class maps and the mirrored ones of the mirrored images.

    A mean over classes and places, then over a sample's valid frames and regions, then over the
    samples that have any.

    Args:
        plain, mirrored: (N, T, R, K, H, W). valid: (N, T, R) bool.
    Returns: ().
    Source: Zhang et al. (arXiv:2207.10299) and the published code, for stills.
    """
    squares = (plain - mirrored.flip(-1)).float().square().mean((-3, -2, -1))  # (N, T, R)
    shown = valid.to(squares)
    count = shown.sum((1, 2))
    each = (squares * shown).sum((1, 2)) / count.clamp(min=1)
    return each.sum() / (count > 0).sum().clamp(min=1)
