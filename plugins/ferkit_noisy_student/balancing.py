"""Which pseudo-labelled samples a student sees, and how often (B19, B26), as pure functions."""

from __future__ import annotations

import torch
from torch import Tensor


def wanted_counts(predicted: Tensor, labelled: Tensor) -> Tensor:
    """How many samples of each class give the labelled set's distribution, and as many in all.

    N n_k / sum(n), rounded to the nearest; at least one of a class that has labelled samples and
    is predicted at all. A class that is never predicted gets none, and its share is not given to
    the others; one without labelled samples gets none either.

    Args:
        predicted: (K,) counts of predicted classes, N in sum.
        labelled: (K,) counts of labelled samples, or sums of their distributions.
    Returns: (K,) int64.
    """
    share = labelled.double() / labelled.double().sum().clamp(min=1e-12)
    wanted = (share * predicted.sum()).round().long()
    wanted[(labelled > 0) & (wanted == 0)] = 1
    wanted[predicted == 0] = 0
    return wanted


def balanced_by_class(probs: Tensor, labelled: Tensor | None, *, order: Tensor) -> list[Tensor]:
    """The samples of each predicted class that a student sees, some of them several times (B19).

    Over-represented classes keep their most confident samples, under-represented ones repeat
    theirs, each as often as the others or once more.

    Args:
        probs: (N, K) of the teacher; a sample's class is the likeliest, of equal ones the first.
        labelled: (K,) counts of labelled samples that the classes are to match; None: every
            sample once.
        order: (N,) int64, a random order of all samples; those of a class come in it, pass after
            pass, so that the first n of them are a random part without needless repetitions.
    Returns: K tensors of ids, (n_k,) int64 each; empty where a class is never predicted.
    Source: Kumar et al., section 5.2, "Data Balancing".
    """
    confidence, predicted = probs.max(-1)
    counts = torch.bincount(predicted, minlength=probs.shape[1])
    wanted = counts if labelled is None else wanted_counts(counts, labelled)
    chosen = []
    for number, size in enumerate(wanted.tolist()):
        members = order[predicted[order] == number]
        if size < len(members):
            surest = confidence[members].argsort(descending=True, stable=True)[:size]
            members = members[surest.sort().values]  # in their random order again
        passes = -(-size // max(1, len(members)))
        chosen.append(members.repeat(passes)[:size])
    return chosen


def part_of(chosen: list[Tensor], fraction: float, *, by_class: bool, order: Tensor) -> Tensor:
    """A fixed share of the samples, the same in every epoch.

    Args:
        chosen: ids by class, as `balanced_by_class` gives them.
        fraction: in (0, 1]. by_class: take it of each class, at least one sample; else of the
            samples in all: those that come first in `order` stay, as often as they were there.
        order: (N,) int64, a random order of all samples.
    Returns: (m,) int64 ids.
    """
    if by_class:
        return torch.cat([ids[: _share(len(ids), fraction)] for ids in chosen])
    ids = torch.cat(chosen)
    kept = torch.zeros(len(order), dtype=torch.bool)
    kept[order[: _share(len(order), fraction)]] = True
    return ids[kept[ids]]


def _share(count: int, fraction: float) -> int:
    return min(count, max(1, round(fraction * count)))
