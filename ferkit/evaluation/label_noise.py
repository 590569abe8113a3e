"""How well low weight finds wrong labels, where the truth is known (paper A: A24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
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


def self_confidence(probs: Floats, given: Integers) -> Floats:
    """Probability of the given label; a wrong label tends to have a low one.

    Args:
        probs: (N, K) float, rows sum to 1. given: (N,) index of the given label.
    Returns: (N,) in [0, 1].
    Source: Northcutt, Jiang, Chuang, "Confident Learning" (2021), as in cleanlab.
    """
    return np.asarray(probs[np.arange(len(given)), given], np.float64)


def normalised_margin(probs: Floats, given: Integers) -> Floats:
    """Probability of the given label less the highest other one, brought to [0, 1].

    Args:
        probs: (N, K) float, rows sum to 1. given: (N,) index of the given label.
    Returns: (N,), (difference + 1) / 2; below .5 where another class is likelier.
    Source: as `self_confidence`.
    """
    others = np.array(probs, np.float64)
    others[np.arange(len(given)), given] = 0
    highest = others.max(axis=1, initial=0)
    return np.asarray((self_confidence(probs, given) - highest + 1) / 2, np.float64)


def rank_wrong_labels(
    weights: Floats,
    wrong: Flags,
    *,
    losses: Floats | None = None,
    intensity: Floats | None = None,
    probs: Floats | None = None,
    given: Integers | None = None,
) -> dict[str, Any]:
    """How low weight, and for reference other signs, rank the wrong labels first.

    Args:
        weights: (N,) float >= 0, of the labelled training samples.
        wrong: (N,) bool, whether the given label differs from the true one.
        losses: (N,) float of the same samples, or None.
        intensity: (N,) float, NaN where unknown; the samples are then also parted at its
            median, because subtle expressions get low weight too.
        probs: (N, K) predicted for the same samples, and given: (N,) index of the given label;
            both or neither.
    Returns: a JSON mapping: n, wrong, and for each sign auroc, precision_at_k, k, all_equal:
        `weight` (low), and where known `loss` (high), `self_confidence` (low) and `margin`
        (low); `low_intensity`, `high_intensity` with the same keys where known.
    """
    signs: dict[str, Floats] = {"weight": -weights}
    if losses is not None and np.isfinite(losses).all():
        signs["loss"] = losses
    if probs is not None and given is not None and np.isfinite(probs).all():
        signs["self_confidence"] = -self_confidence(probs, given)
        signs["margin"] = -normalised_margin(probs, given)
    result = _ranked(signs, wrong)
    known = np.zeros(len(wrong), bool) if intensity is None else np.isfinite(intensity)
    if intensity is not None and known.any():
        middle = float(np.median(intensity[known]))
        result["intensity_median"] = middle
        with np.errstate(invalid="ignore"):
            parts = {"low_intensity": intensity <= middle, "high_intensity": intensity > middle}
        for name, part in parts.items():
            result[name] = _ranked({sign: one[part] for sign, one in signs.items()}, wrong[part])
    return result


def label_noise(
    weights: Sequence[float] | Floats,
    given: Sequence[str | None],
    truth: Sequence[str | None],
    *,
    losses: Sequence[float] | Floats | None = None,
    intensity: Sequence[float | None] | None = None,
    probs: Floats | None = None,
    classes: Sequence[str] = (),
) -> dict[str, Any] | None:
    """`rank_wrong_labels` on the columns of `train_samples.parquet`.

    Args:
        weights, losses: (N,). given, truth: class names, None where unknown. intensity: None
            where unknown; that of classes in which it does not vary, such as neutral, is left
            out. probs: (N, K) of the same samples, columns in the order of `classes`.
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
    if strength is not None:
        strength = _where_it_varies(strength, truth)
    place = {name: row for row, name in enumerate(classes)}
    labels = [name for name, has in zip(given, usable, strict=True) if has]
    told = probs is not None and all(name in place for name in labels)
    return rank_wrong_labels(
        weight[usable],
        wrong[usable],
        losses=None if loss is None else loss[usable],
        intensity=None if strength is None else strength[usable],
        probs=np.asarray(probs, np.float64)[usable] if told else None,
        given=np.array([place[name or ""] for name in labels], np.int64) if told else None,
    )


def _where_it_varies(strength: Floats, truth: Sequence[str | None]) -> Floats:
    """NaN for samples of true classes whose known values are all the same."""
    names = np.array([name or "" for name in truth])
    kept = strength.copy()
    for name in np.unique(names):
        known = strength[(names == name) & np.isfinite(strength)]
        if len(np.unique(known)) < 2:
            kept[names == name] = np.nan
    return kept


def _ranked(signs: Mapping[str, Floats], wrong: Flags) -> dict[str, Any]:
    """signs: name -> (N,) scores, higher where a label is likelier wrong."""
    return {
        "n": len(wrong),
        "wrong": int(wrong.sum()),
        **{name: _detector(scores, wrong) for name, scores in signs.items()},
    }


def _detector(scores: Floats, wrong: Flags) -> dict[str, Any]:
    k = int(wrong.sum())
    return {
        "auroc": auroc(scores, wrong),
        "precision_at_k": precision_at(scores, wrong, k),
        "k": k,
        "all_equal": bool(len(scores) > 0 and (scores == scores[0]).all()),
    }
