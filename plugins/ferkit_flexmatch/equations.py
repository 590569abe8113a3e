"""FlexMatch's equations, on tensors."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Mapping = Literal["convex", "linear", "concave"]


def learning_effect(counts: Tensor, unused: Tensor, *, warm_up: bool) -> Tensor:
    """How far each class is learnt: its samples, relative to those of the class with the most.

    Args:
        counts: (K,) int64, samples whose latest sure prediction is the class.
        unused: () int64, samples without a sure prediction.
        warm_up: whether these count as a class too, when the most is looked for.
    Returns: (K,) float32 in [0, 1]; zeros where all counts are 0.
    Source: Zhang et al. (arXiv:2110.08263), section 3.1, eq. 5 and 6; with `warm_up`
        section 3.2.
    """
    most = counts.max()
    if warm_up:
        most = torch.maximum(most, unused)
    return counts.float() / most.clamp(min=1).float()


def mapped(effect: Tensor, mapping: Mapping) -> Tensor:
    """From [0, 1] to [0, 1], rising.

    Args:
        effect: (K,) float. mapping: convex is b/(2-b), concave log(1+b)/log 2.
    Source: Zhang et al. (arXiv:2110.08263), section 3.3.
    """
    if mapping == "convex":
        return effect / (2 - effect)
    if mapping == "concave":
        return torch.log1p(effect) / math.log(2)
    return effect


def last_of_each(ids: Tensor, counted: Tensor) -> Tensor:
    """Which of the rows that count is the last one of its sample.

    Args:
        ids: (n,) int64 >= 0, may repeat. counted: (n,) bool.
    Returns: (n,) bool: at most one row of each sample.
    """
    kept = torch.where(counted, ids, -1)
    order = kept.argsort(stable=True)
    ordered = kept[order]
    ends = torch.ones_like(counted)
    ends[:-1] = ordered[1:] != ordered[:-1]
    last = torch.empty_like(counted)
    last[order] = ends
    return last & counted
