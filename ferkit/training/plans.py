"""Cutting an epoch's samples into steps."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from ferkit.contracts.training import BatchIds
from ferkit.data import keyed


def mixed_batches(
    labelled: Tensor, unlabelled: Tensor, *, batch_size: int, generator: torch.Generator
) -> list[BatchIds]:
    """Shuffle both together and cut: a batch holds of each what chance gave it.

    Args:
        labelled, unlabelled: (n,) int64 ids, may be empty, may repeat.
        batch_size: samples per batch; the last one may be smaller. A single sample left over joins
            the batch before it, because batch statistics need two.
    """
    ids = torch.cat([labelled, unlabelled])
    is_labelled = torch.arange(len(ids)) < len(labelled)
    order = torch.randperm(len(ids), generator=generator)
    ids, is_labelled = ids[order], is_labelled[order]
    batches = []
    starts = list(range(0, len(ids), batch_size))
    if len(starts) > 1 and len(ids) - starts[-1] == 1:
        starts.pop()
    for start, end in pairwise([*starts, len(ids)]):
        chosen, mine = ids[start:end], is_labelled[start:end]
        batches.append(BatchIds(chosen[mine], chosen[~mine]))
    return batches


def mixed_steps(
    labelled: Tensor,
    unlabelled: Tensor,
    *,
    batch_size: int,
    steps: int | None,
    generator: torch.Generator,
) -> list[BatchIds]:
    """`mixed_batches`, or so many steps of shuffled passes, one after the other.

    Args:
        labelled, unlabelled: (n,) int64 ids, may be empty, may repeat.
        batch_size: samples of each of the `steps`; all that there are where these are fewer.
        steps: None: as many as one pass takes.
    """
    count = len(labelled) + len(unlabelled)
    if steps is None or count == 0:
        return mixed_batches(labelled, unlabelled, batch_size=batch_size, generator=generator)
    ids = torch.cat([labelled, unlabelled])
    size = min(batch_size, count)
    passes = [torch.randperm(count, generator=generator) for _ in range(-(-size * steps // count))]
    batches = []
    for places in torch.split(torch.cat(passes)[: size * steps], size):
        mine = places < len(labelled)
        batches.append(BatchIds(ids[places[mine]], ids[places[~mine]]))
    return batches


def paired_batches(
    labelled: Tensor,
    unlabelled: Tensor,
    *,
    batch_size: int,
    ratio: int,
    steps: int,
    epoch: int,
    seed: int,
) -> list[BatchIds]:
    """Steps with a fixed number of both: `batch_size` labelled and `ratio` times as many others.

    Each split is gone through in a new random order whenever it is used up, be it within an epoch
    or not: an epoch goes on where the one before ended, as long as the ids stay the same.

    Args:
        labelled, unlabelled: (n,) int64 ids; an empty one gives empty parts.
        ratio: unlabelled samples per labelled one in a step.
        steps: length of an epoch.
        epoch: its number, from 0.
        seed: of the orders; another one for each phase.
    """
    other = batch_size * ratio
    mine = _endless(labelled, epoch * steps * batch_size, steps * batch_size, seed, "labelled")
    others = _endless(unlabelled, epoch * steps * other, steps * other, seed, "unlabelled")
    return [
        BatchIds(mine[i * batch_size : (i + 1) * batch_size], others[i * other : (i + 1) * other])
        for i in range(steps)
    ]


def _endless(ids: Tensor, start: int, count: int, seed: int, name: str) -> Tensor:
    """Ids at the places from `start` of shuffled passes one after the other; none of none."""
    if len(ids) == 0 or count == 0:
        return ids[:0]
    first, last = start // len(ids), (start + count - 1) // len(ids)
    passes = [
        ids[keyed.permutation(seed, "pass", name, number, n=len(ids))]
        for number in range(first, last + 1)
    ]
    begin = start - first * len(ids)
    return torch.cat(passes)[begin : begin + count]
