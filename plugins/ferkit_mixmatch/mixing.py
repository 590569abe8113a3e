"""MixUp of clips and of what they are to answer, as pure functions. N samples, K classes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Beta

from ferkit.contracts.data import Clips


class Mixing(NamedTuple):
    """Who is mixed with whom. share: (N,) of the sample itself, in [0.5, 1]. partner: (N,) int64,
    the number of the other one, each once; itself: as it is. Both on the CPU."""

    share: Tensor
    partner: Tensor


def drawn_mixing(count: int, alpha: float) -> Mixing:
    """A share and a partner for each sample, from torch's generator of the CPU.

    Args:
        alpha: both parameters of the beta distribution.
    Source: Berthelot et al. (arXiv:1905.02249), eq. 8, 9 and algorithm 1 (shuffle).
    """
    share = Beta(torch.tensor(alpha), torch.tensor(alpha)).sample((count,))
    return Mixing(torch.maximum(share, 1 - share), torch.randperm(count))


def mixed_clips(clips: Clips, mixing: Mixing) -> tuple[Clips, Tensor]:
    """Mix pixels, frame by frame and region by region (eq. 10).

    A mixture has the frames and regions of the first of the pair, whose share is the larger one.
    Where the other has no such frame or region, the first's pixels stay as they are.

    Args:
        clips: N float clips; `valid` lies on the CPU.
    Returns: the mixtures, and (N,) on the CPU the share of the first in all that is valid of each:
        `mixing.share` where the partner has all that the first has, else more.
    """
    both = clips.valid & clips.valid[mixing.partner]
    other = torch.where(both, 1 - mixing.share[:, None, None], 0.0)  # (N, T, R)
    of_all = other.sum((1, 2)) / clips.valid.sum((1, 2)).clamp(min=1)
    device = clips.frames.device
    weight = other.to(clips.frames)[..., None, None, None]
    partners = clips.frames[mixing.partner.to(device)]
    return Clips(torch.lerp(clips.frames, partners, weight), clips.valid), 1 - of_all


def mixed_answers(
    target: Tensor, weight: Tensor, share: Tensor, partner: Tensor
) -> tuple[Tensor, Tensor]:
    """Mix targets (eq. 11), each by how much its sample counts.

    Args:
        target: (N, K). weight: (N,) of the policies. share: (N,) of the first. partner: (N,).
    Returns: (N, K) targets and (N,) weights. Where all weights are 1 they stay 1. A mixture of
        samples of which none counts has the first's target and the weight 0.
    """
    mine, others = share * weight, (1 - share) * weight[partner]
    total = mine + others
    part = torch.where(total > 0, others / total.clamp(min=1e-12), 0.0)[:, None]
    return (1 - part) * target + part * target[partner], total
