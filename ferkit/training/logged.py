"""What metrics.csv and weight_histograms.csv say of an epoch besides its losses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs
from ferkit.contracts.training import EpochPlan, Split
from ferkit.errors import RunError
from ferkit.training.policies import SplitPolicies

BINS = 20
"""Equal bins of a weight histogram over [0, 1]; one more takes what is above 1."""


def weight_counts(weight: Tensor) -> tuple[int, ...]:
    """How many weights fall into each bin.

    Bin i is [i / BINS, (i + 1) / BINS), the one before the last [(BINS - 1) / BINS, 1], and the
    last takes all above 1.

    Args:
        weight: (N,) >= 0.
    """
    place = (weight.cpu() * BINS).floor().clamp(max=BINS - 1).long()
    place[weight.cpu() > 1] = BINS
    return tuple(torch.bincount(place, minlength=BINS + 1).tolist())


def pool_scalars(
    plan: EpochPlan, beliefs: Beliefs | None, *, truth: Tensor, classes: Sequence[str]
) -> dict[str, float]:
    """How large the pool of an epoch is, how many were picked, and how many of both are right.

    Args:
        plan: of the whole epoch.
        beliefs: over the unlabelled split, or None where nothing was predicted: then only the
            two sizes are known.
        truth: (N,) int64 of the unlabelled samples, -1 where it is not known.
        classes: K names.
    Returns: columns of metrics.csv; {} for a loop without a pool. No column where nothing is
        known of the truth, and none of its own for a class that is called "right".
    Raises: RunError: the pool holds something else than ids.
    """
    if plan.pool is None:
        return {}
    parts = {
        "pool": _checked_ids(plan.pool.cpu(), len(truth)),
        "picked": torch.unique(torch.cat([batch.unlabelled.cpu() for batch in plan.batches])),
    }
    columns: dict[str, float] = {}
    predicted = None if beliefs is None else beliefs.probs.argmax(-1).cpu()
    for name, ids in parts.items():
        columns[name] = len(ids)
        if predicted is None:
            continue
        counts = torch.bincount(predicted[ids], minlength=len(classes)).tolist()
        columns |= {f"{name}_{k}": n for k, n in zip(classes, counts, strict=True) if k != "right"}
        known = ids[truth[ids] >= 0]
        if len(known):
            columns[f"{name}_right"] = (predicted[known] == truth[known]).double().mean().item()
    return columns


def _checked_ids(pool: Tensor, count: int) -> Tensor:
    """`pool` without repetitions, if it is (n,) int64 ids below `count`; else a RunError."""
    if pool.dtype != torch.int64 or pool.dim() != 1:
        raise RunError(
            f"the pool of the epoch is {tuple(pool.shape)} {pool.dtype}, not (n,) int64.",
            where="loop",
        )
    if len(pool) and not 0 <= int(pool.min()) <= int(pool.max()) < count:
        raise RunError(f"the pool holds ids that are not 0 to {count - 1}.", where="loop")
    return cast(Tensor, torch.unique(pool))


def policy_scalars(split: Split, policies: Iterable[Any]) -> dict[str, Any]:
    """What policies say of their last action, the split's name before each name.

    Where several of a split use one name, the second gets `_2` after it, and so on.
    """
    columns: dict[str, Any] = {}
    for policy in policies:
        said: Mapping[str, Any] = policy.scalars() if hasattr(policy, "scalars") else {}
        for name, value in said.items():
            column, number = f"{split}_{name}", 1
            while column in columns:
                number += 1
                column = f"{split}_{name}_{number}"
            columns[column] = value
    return columns


def weight_scalars(split: Split, policies: SplitPolicies) -> dict[str, float]:
    """Mean of the weights and share of those that are 0; {} where no table holds any."""
    if not policies.keeps_weights:
        return {}
    return {
        f"mean_weight_{split}": float(policies.weight.mean()),
        f"weight_zero_{split}": float((policies.weight == 0).double().mean()),
    }
