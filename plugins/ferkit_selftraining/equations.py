"""The equations of Happy et al. as pure functions, under their numbers there."""

from __future__ import annotations

import torch
from torch import Tensor


def confident_pool(probs: Tensor, tau: float) -> Tensor:
    """Eq. 3: the unlabelled samples predicted with more than `tau`, strictly (A3).

    Args:
        probs: (N, K), rows sum to 1. tau: in [0, 1].
    Returns: (n,) int64 positions, ascending; may be empty.
    """
    return (probs.amax(-1) > tau).nonzero().flatten()


def successive_smoothing(probs: Tensor, given: Tensor, alpha: float) -> Tensor:
    """Eq. 4 and 5: the prediction where it is right and surer than `alpha`, else a smoothed label.

    Args:
        probs: (N, K) predictions, rows sum to 1.
        given: (N,) int64 labels; a row without one (-1) answers its whole prediction (A7).
        alpha: in [0, 1].
    Returns: (N, K) targets, rows sum to 1.
    """
    classes = probs.shape[1]
    smooth = torch.full_like(probs, (1 - alpha) / (classes - 1))
    smooth.scatter_(1, given.clamp(min=0)[:, None], alpha)
    top, predicted = probs.max(-1)  # of equal classes the first
    trusted = ((top > alpha) & (predicted == given)) | (given < 0)
    return torch.where(trusted[:, None], probs, smooth)


def weight_update(weight: Tensor, losses: Tensor, *, c: float, sigma: float) -> Tensor:
    """Eq. 7 and 8: lower the weights of samples whose loss is above the mean, raise the others.

    Args:
        weight: (N,) in [0, 1]. losses: (N,) of all labelled samples.
        c: in [0, 1], the largest change. sigma: > 0, in the unit of the losses.
    Returns: (N,) in [0, 1].
    """
    change = c * torch.tanh((losses - losses.mean()) / sigma)
    return (weight - change).clamp(0, 1)


def validation_trend_rises(losses: tuple[float, ...], window: int) -> bool:
    """Whether the mean of the last `window` validation losses exceeds that of the `window` that
    end one epoch before; False until window + 1 losses exist (A10).

    Args:
        losses: one per finished epoch, in order. window: T.
    """
    if len(losses) < window + 1:
        return False
    # The two means share all terms but one each, so the means compare as these two terms do.
    return losses[-1] > losses[-1 - window]


def balanced_pick(
    pool: Tensor, predicted: Tensor, *, count: int, classes: int, generator: torch.Generator
) -> Tensor:
    """The same number of samples from each predicted class, at random (A4).

    Each class gets count // classes, and count % classes random ones get one more. A class with
    fewer samples gives what it has; the others keep their share. Nothing repeats.

    Args:
        pool: (n,) int64 positions. predicted: (n,) int64 class of each.
        count: k, of all samples wanted. classes: K.
    Returns: (m,) int64 positions, m <= count, by class.
    """
    share = torch.full((classes,), count // classes)
    share[torch.randperm(classes, generator=generator)[: count % classes]] += 1
    picked = []
    for number, wanted in enumerate(share.tolist()):
        members = pool[predicted == number]
        order = torch.randperm(len(members), generator=generator)
        picked.append(members[order[:wanted]])
    return torch.cat(picked)


def pick_count(fraction: float, labelled: int) -> int:
    """A4: k = max(1, round(fraction N_l)); none if `fraction` is 0."""
    return max(1, round(fraction * labelled)) if fraction > 0 else 0


def kept_after_replacement(labelled: int, replaced: int, generator: torch.Generator) -> Tensor:
    """A5: the labelled samples that stay when `replaced` random ones make room.

    Returns: (max(0, labelled - replaced),) int64, in random order.
    """
    return torch.randperm(labelled, generator=generator)[replaced:]
