"""Spearman's rank correlation, of samples as they are and of many resamples at once."""

from __future__ import annotations

import numpy as np

from ferkit.evaluation.bootstrap import Floats, Integers


def rank_correlation(one: Floats, other: Floats) -> float | None:
    """Spearman's rho: Pearson's correlation of the ranks, equal values sharing their mean rank.

    Args:
        one, other: (N,) float, finite.
    Returns: in [-1, 1]; None where one of them has fewer than two different values.
    """
    if len(one) == 0:
        return None
    value = resampled_rank_correlation(one, other, np.ones((1, len(one)), np.int64))[0]
    return float(value) if np.isfinite(value) else None


def resampled_rank_correlation(one: Floats, other: Floats, counts: Integers) -> Floats:
    """Spearman's rho of resamples in which each sample occurs so many times.

    Args:
        one, other: (N,) float, finite. counts: (B, N) occurrences, at least 0.
    Returns: (B,), NaN where a resample leaves fewer than two different values.
    """
    total = counts.sum(axis=1, keepdims=True)
    # Ranks of n values have the mean (n + 1) / 2, ties shared or not.
    middle = (total + 1) / 2
    x = _ranks(one, counts) - middle
    y = _ranks(other, counts) - middle
    spread = (counts * x * x).sum(axis=1) * (counts * y * y).sum(axis=1)
    together = (counts * x * y).sum(axis=1)
    rho = np.full(len(counts), np.nan)
    np.divide(together, np.sqrt(spread), out=rho, where=spread > 1e-9)
    return np.asarray(np.clip(rho, -1, 1))


def _ranks(values: Floats, counts: Integers) -> Floats:
    """(B, N) mean ranks from 1, were each value repeated so often."""
    _, place = np.unique(values, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    tied = np.add.reduceat(counts[:, order], starts, axis=1)  # (B, different values)
    ranks = np.cumsum(tied, axis=1) - (tied - 1) / 2
    return np.asarray(ranks[:, place], np.float64)
