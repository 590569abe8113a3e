"""The equations of Happy et al. as pure functions, under their numbers there."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def confident_pool(probs: Tensor, tau: float) -> Tensor:
    """Eq. 3: the unlabelled samples predicted with more than `tau`, strictly (A3).

    Args:
        probs: (N, K), rows sum to 1. tau: in [0, 1].
    Returns: (n,) int64 positions, ascending; may be empty.
    """
    return (probs.amax(-1) > tau).nonzero().flatten()


def trusted_rows(probs: Tensor, given: Tensor, alpha: float) -> Tensor:
    """Eq. 4, its condition: predicted rightly and surer than `alpha`; True where nothing is given.

    Args: as `successive_smoothing`.
    Returns: (N,) bool.
    """
    top, predicted = probs.max(-1)  # of equal classes the first
    return ((top > alpha) & (predicted == given)) | (given < 0)


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
    return torch.where(trusted_rows(probs, given, alpha)[:, None], probs, smooth)


def weight_update(weight: Tensor, losses: Tensor, *, c: float, sigma: float) -> Tensor:
    """Eq. 7 and 8: lower the weights of samples whose loss is above the mean, raise the others.

    Args:
        weight: (N,) in [0, 1]. losses: (N,) of all labelled samples.
        c: in [0, 1], the largest change. sigma: > 0, in the unit of the losses.
    Returns: (N,) in [0, 1]. An infinite loss is above the mean, unless all are infinite.
    """
    # In double on the CPU: the mean of equal losses is then exactly they, so that not even a tiny
    # sigma moves them; and not every device has it.
    exact = losses.double().cpu()
    above = exact - exact.mean()
    infinite = exact.isinf()
    above[infinite] = 0.0 if bool(infinite.all()) else math.inf
    change = c * torch.tanh(above / sigma)
    return (weight - change.to(weight)).clamp(0, 1)


def validation_trend(losses: tuple[float, ...], window: int) -> float | None:
    """The mean of the last `window` validation losses less that of the `window` that end one
    epoch before; weights move where it is above 0 (A10).

    Args:
        losses: one per finished epoch, in order, nats. window: T.
    Returns: nats; None until window + 1 losses exist.
    """
    if len(losses) < window + 1:
        return None
    # The two means share all terms but one each.
    return (losses[-1] - losses[-1 - window]) / window


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
    """A4: k = max(1, round(fraction N_l)), halves to the even number; 0 if `fraction` is 0."""
    return max(1, round(fraction * labelled)) if fraction > 0 else 0


def kept_after_replacement(labelled: int, replaced: int, generator: torch.Generator) -> Tensor:
    """A5: the labelled samples that stay when `replaced` random ones make room.

    Returns: (max(0, labelled - replaced),) int64, in random order.
    """
    return torch.randperm(labelled, generator=generator)[replaced:]
