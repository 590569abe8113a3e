"""How many samples are kept, and which."""

from __future__ import annotations

import math

from torch import Tensor


def kept_share(epoch: int, *, forget_rate: float, gradual: int, exponent: float) -> float:
    """R(T) = 1 - tau min(T^c / T_k, 1).

    Args:
        epoch: T, finished ones. forget_rate: tau. gradual: T_k. exponent: c.
    Source: Han et al. (arXiv:1804.06872), algorithm 1 and section 4.
    """
    return 1 - forget_rate * min(math.pow(epoch, exponent) / gradual, 1.0)


def kept_count(share: float, count: int) -> int:
    """The whole part of a share of the samples, at least one of them.

    A product that misses a whole number by rounding alone counts as that number.
    """
    return min(count, max(1, int(share * count + 1e-6)))


def smallest(losses: Tensor, count: int) -> Tensor:
    """Places of the smallest losses, of equal ones the first.

    Args:
        losses: (n,).
    Returns: (count,) int64.
    """
    return losses.detach().argsort(stable=True)[:count]
