"""How well low weight finds wrong labels, where the truth is known (paper A: A24)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def midranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of their ranks.

    Args:
        values: (N,) float.
    Returns: (N,) float.
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[place]
    return ranks


def auroc(scores: Floats, positive: Flags) -> float | None:
    """Chance that a positive sample scores above a negative one; ties count one half.

    Args:
        scores: (N,) float. positive: (N,) bool.
    Returns: in [0, 1]; None where there are no positive or no negative samples.
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if n_positive == 0 or n_negative == 0:
        return None
    rank_sum = midranks(scores)[positive].sum()
    u = rank_sum - n_positive * (n_positive + 1) / 2
    return float(u / (n_positive * n_negative))


def precision_at(scores: Floats, positive: Flags, k: int) -> float | None:
    """Share of positives among the k highest scores.

    Samples tied at the k-th place count by their share of positives: the mean over all
    orders in which the tie could be broken.

    Args:
        scores: (N,) float. positive: (N,) bool. k: how many, at most N.
    Returns: in [0, 1]; None where k is 0.
    """
    if k == 0:
        return None
    threshold = np.sort(scores)[len(scores) - k]
    above = scores > threshold
    tied = scores == threshold
    found = positive[above].sum() + (k - above.sum()) * positive[tied].mean()
    return float(found / k)


def rank_wrong_labels(
    weights: Floats,
    wrong: Flags,
    *,
    losses: Floats | None = None,
    intensity: Floats | None = None,
) -> dict[str, Any]:
    """How low weight, and for reference high loss, rank the wrong labels first.

    Args:
        weights: (N,) float >= 0, of the labelled training samples.
        wrong: (N,) bool, whether the given label differs from the true one.
        losses: (N,) float of the same samples, or None.
        intensity: (N,) float, NaN where unknown; the samples are then also parted at its
            median, because subtle expressions get low weight too.
    Returns: a JSON mapping: n, wrong, `weight` and `loss` (auroc, precision_at_k, k,
        all_equal), and `low_intensity`, `high_intensity` with the same keys where known.
    """
    result: dict[str, Any] = _both(weights, wrong, losses)
    known = np.zeros(len(wrong), bool) if intensity is None else np.isfinite(intensity)
    if intensity is not None and known.any():
        middle = float(np.median(intensity[known]))
        result["intensity_median"] = middle
        with np.errstate(invalid="ignore"):
            parts = {"low_intensity": intensity <= middle, "high_intensity": intensity > middle}
        for name, part in parts.items():
            part_losses = None if losses is None else losses[part]
            result[name] = _both(weights[part], wrong[part], part_losses)
    return result


def label_noise(
    weights: Sequence[float] | Floats,
    given: Sequence[str | None],
    truth: Sequence[str | None],
    *,
    losses: Sequence[float] | Floats | None = None,
    intensity: Sequence[float | None] | None = None,
) -> dict[str, Any] | None:
    """`rank_wrong_labels` on the columns of `train_samples.parquet`.

    Args:
        weights, losses: (N,). given, truth: class names, None where unknown. intensity: None
            where unknown.
    Returns: see `rank_wrong_labels`; None where no sample has both a given and a true label.
    """
    usable = np.array(
        [one is not None and other is not None for one, other in zip(given, truth, strict=True)],
        dtype=bool,
    )
    if not usable.any():
        return None
    wrong = np.array([one != other for one, other in zip(given, truth, strict=True)], dtype=bool)
    weight = np.asarray(weights, np.float64)
    loss = None if losses is None else np.asarray(losses, np.float64)
    strength = (
        None
        if intensity is None
        else np.array([np.nan if value is None else value for value in intensity], np.float64)
    )
    return rank_wrong_labels(
        weight[usable],
        wrong[usable],
        losses=None if loss is None else loss[usable],
        intensity=None if strength is None else strength[usable],
    )


def _both(weights: Floats, wrong: Flags, losses: Floats | None) -> dict[str, Any]:
    result: dict[str, Any] = {"n": len(wrong), "wrong": int(wrong.sum())}
    result["weight"] = _detector(-weights, wrong)
    if losses is not None and np.isfinite(losses).all():
        result["loss"] = _detector(losses, wrong)
    return result


def _detector(scores: Floats, wrong: Flags) -> dict[str, Any]:
    k = int(wrong.sum())
    return {
        "auroc": auroc(scores, wrong),
        "precision_at_k": precision_at(scores, wrong, k),
        "k": k,
        "all_equal": bool(len(scores) > 0 and (scores == scores[0]).all()),
    }
