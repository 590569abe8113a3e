"""Ada-CM's equations, on tensors."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize


def margins(sums: Tensor, counts: Tensor, *, epoch: int, factor: float, least: float) -> Tensor:
    """The threshold of each class: max(least, factor * mean / (1 + exp(-epoch))).

    Args:
        sums, counts: (K,) probabilities of labelled samples that were predicted rightly, summed,
            and their number.
        epoch: how many have been finished.
    Returns: (K,); `least` for classes of which no sample was predicted rightly.
    Source: Li et al., CVPR 2022, section 3.2.
    """
    mean = sums / counts.clamp(min=1)
    return (factor * mean / (1 + math.exp(-epoch))).clamp(min=least)


def contrastive_loss(
    first: Tensor, second: Tensor, chosen: Tensor, *, temperature: float
) -> Tensor:
    """Each of two views of a sample is to be nearer the other one than to all other samples' views.

    The mean, over both views of the chosen samples, of -log of exp(cosine with the other view / t)
    over the sum of the same with all other views of chosen samples.

    Args:
        first, second: (n, D) features of two views of the same samples.
        chosen: (n,) bool, those that take part.
        temperature: t.
    Returns: () float32; 0 where none is chosen.
    Source: Li et al., CVPR 2022, section 3.3; Chen et al., SimCLR (arXiv:2002.05709), eq. 1.
    """
    count = len(first)
    views = normalize(torch.cat([first, second]).float(), dim=1)
    cosines = views @ views.T / temperature  # (2n, 2n)
    taking_part = torch.cat([chosen, chosen])
    # Rows that take no part keep all their columns: of an empty one the gradient would be nan.
    left_out = taking_part[:, None] & ~taking_part[None, :]
    left_out = left_out | torch.eye(2 * count, dtype=torch.bool, device=views.device)
    everyone = cosines.masked_fill(left_out, -torch.inf).logsumexp(1)
    partners = torch.cat([cosines.diagonal(count), cosines.diagonal(-count)])
    losses = torch.where(taking_part, everyone - partners, 0.0)
    return losses.sum() / taking_part.sum().clamp(min=1)
