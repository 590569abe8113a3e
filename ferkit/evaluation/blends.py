"""Whether the two highest classes are the two emotions a face blends (paper A: A25)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferkit.evaluation.bootstrap import Floats, Integers
from ferkit.evaluation.metrics import wilson_interval


def blend_order(probs: Floats, first: Integers, second: Integers) -> dict[str, Any] | None:
    """How often the highest classes are the two emotions of a blend, and in which order.

    Among equal probabilities the class that comes first in label order counts as higher.

    Args:
        probs: (N, K) float, rows sum to 1.
        first: (N,) index of the main emotion, -1 where unknown.
        second: (N,) index of the second emotion, -1 where there is none or it is unknown.
    Returns: a JSON mapping: n, left_out (samples without two different known emotions), and
        `both` (the two highest are the two emotions), `right_order` (and the main one is the
        highest), `top_is_second` (the highest is the second emotion), `second_follows` (the
        second highest is the second emotion, of samples whose highest is the main one). Each
        with n, value, low and high (Wilson's 95 % interval over samples) and chance: its value
        if classes were ordered by lot. None where no sample can be told.
    Raises: ValueError: shapes do not fit, or an emotion is not a class.
    """
    p = np.asarray(probs, np.float64)
    one, other = np.asarray(first, np.int64), np.asarray(second, np.int64)
    if p.ndim != 2 or not one.shape == other.shape == (len(p),):
        raise ValueError(
            f"probabilities {p.shape} and emotions {one.shape}, {other.shape} do not fit"
        )
    k = p.shape[1]
    if len(p) and max(one.max(), other.max()) >= k:
        raise ValueError(f"emotions must be below {k}")
    usable = (one >= 0) & (other >= 0) & (one != other)
    if not usable.any():
        return None
    p, one, other = p[usable], one[usable], other[usable]
    order = np.argsort(-p, axis=1, kind="stable")
    top, next_ = order[:, 0], order[:, 1]
    right_order = (top == one) & (next_ == other)
    turned = (top == other) & (next_ == one)
    pairs = k * (k - 1)
    return {
        "n": len(p),
        "left_out": int((~usable).sum()),
        "both": _share(right_order | turned, 2 / pairs),
        "right_order": _share(right_order, 1 / pairs),
        "top_is_second": _share(top == other, 1 / k),
        "second_follows": _share((next_ == other)[top == one], 1 / (k - 1)),
    }


def _share(hits: np.ndarray[Any, np.dtype[np.bool_]], chance: float) -> dict[str, Any]:
    if not len(hits):
        return {"n": 0, "value": None, "low": None, "high": None, "chance": chance}
    low, high = wilson_interval(int(hits.sum()), len(hits))
    return {"n": len(hits), "value": float(hits.mean()), "low": low, "high": high, "chance": chance}
