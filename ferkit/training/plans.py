"""Cutting an epoch's samples into steps."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from ferkit.contracts.training import BatchIds


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


def paired_batches(
    labelled: Tensor,
    unlabelled: Tensor,
    *,
    batch_size: int,
    ratio: int,
    steps: int,
    generator: torch.Generator,
) -> list[BatchIds]:
    """Steps with a fixed number of both: `batch_size` labelled and `ratio` times as many others.

    Each split is gone through in a new random order whenever it is used up.

    Args:
        labelled, unlabelled: (n,) int64 ids; an empty one gives empty parts.
        ratio: unlabelled samples per labelled one in a step.
        steps: length of the epoch.
    """
    first = torch.split(_endless(labelled, steps * batch_size, generator), batch_size)
    second = _endless(unlabelled, steps * batch_size * ratio, generator)
    others = torch.split(second, batch_size * ratio) if len(second) else (second,) * steps
    mine = first if len(labelled) else (labelled,) * steps
    return [BatchIds(a, b) for a, b in zip(mine, others, strict=True)]


def _endless(ids: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` ids: shuffled passes one after the other; none if there are no ids."""
    if len(ids) == 0 or count == 0:
        return ids[:0]
    passes = -(-count // len(ids))
    shuffled = [ids[torch.randperm(len(ids), generator=generator)] for _ in range(passes)]
    return torch.cat(shuffled)[:count]
