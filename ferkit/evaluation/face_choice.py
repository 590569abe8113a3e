"""Which faces a gallery shows: pure functions of weights, probabilities and labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

SURE = 0.9
"""A probability from which on the model counts as sure."""

NEAR = 0.2
"""The two highest probabilities are near each other up to this difference."""


def evenly_spaced(values: Floats, number: int) -> Integers:
    """Places of `number` values that step evenly from the lowest to the highest, both included.

    Each step takes the nearest value that is left, so none is taken twice. Where all values are
    equal the places themselves step evenly.

    Args:
        values: (N,) finite. number: at least 1.
    Returns: (min(N, number),) places, from the lowest to the highest value; the earlier of
        equal ones first.
    """
    order = np.argsort(values, kind="stable")
    n = len(order)
    if n <= number:
        return order
    if number == 1:
        return order[:1]
    ranked = values[order]
    steps = np.linspace(ranked[0], ranked[-1], number)
    right = np.clip(np.searchsorted(ranked, steps), 1, n - 1)
    left_is_nearer = steps - ranked[right - 1] <= ranked[right] - steps
    chosen = np.where(left_is_nearer, right - 1, right)
    if ranked[0] == ranked[-1]:
        chosen = np.round(np.linspace(0, n - 1, number)).astype(np.int64)
    chosen[0], chosen[-1] = 0, n - 1
    for place in range(1, number):
        chosen[place] = max(chosen[place], chosen[place - 1] + 1)
    chosen[-1] = n - 1
    for place in range(number - 2, -1, -1):
        chosen[place] = min(chosen[place], chosen[place + 1] - 1)
    return order[chosen]


def spread_per_class(values: Floats, of: Integers, k: int, number: int) -> dict[int, Integers]:
    """`evenly_spaced` within each class.

    Args:
        values: (N,), NaN where unknown; such samples are not chosen.
        of: (N,) index of the class, -1 where unknown. k: classes. number: per class.
    Returns: class -> places, for classes that have samples.
    """
    chosen: dict[int, Integers] = {}
    for row in range(k):
        own = np.flatnonzero((of == row) & np.isfinite(values))
        if len(own):
            chosen[row] = own[evenly_spaced(values[own], number)]
    return chosen


def doubtful(probs: Floats, given: Integers, truth: Integers) -> Integers:
    """Wrong predictions whose given label may itself be wrong.

    That is so where the known truth differs from it; and where the truth is not known and the
    model is sure (`SURE`) of another class.

    Args:
        probs: (N, K). given, truth: (N,) index, -1 where unknown.
    Returns: places; labels known to be wrong first, the surest first within both.
    """
    top, surest = probs.argmax(axis=1), probs.max(axis=1)
    error = (given >= 0) & (top != given)
    known = error & (truth >= 0) & (truth != given)
    suspected = error & (truth < 0) & (surest >= SURE)
    places = np.flatnonzero(known | suspected)
    return places[np.lexsort((-surest[places], ~known[places]))]


def second_on_top(probs: Floats, given: Integers, second: Integers) -> Integers:
    """Wrong predictions whose answer is the known second emotion, the surest first.

    Args:
        probs: (N, K). given, second: (N,) index, -1 where unknown.
    """
    top = probs.argmax(axis=1)
    places = np.flatnonzero((given >= 0) & (top != given) & (second >= 0) & (top == second))
    return places[np.argsort(-probs.max(axis=1)[places], kind="stable")]


def near_ties(probs: Floats, given: Integers) -> Integers:
    """Wrong predictions whose two highest classes are within `NEAR`.

    Those come first whose second highest class is likeliest: two emotions, rather than doubt
    about all of them.

    Args:
        probs: (N, K). given: (N,) index, -1 where unknown.
    """
    if probs.shape[1] < 2:
        return np.zeros(0, np.int64)
    highest = np.sort(probs, axis=1)
    gap = highest[:, -1] - highest[:, -2]
    wrong = (given >= 0) & (probs.argmax(axis=1) != given)
    places = np.flatnonzero(wrong & (gap <= NEAR))
    return places[np.argsort(-highest[places, -2], kind="stable")]


def indices(names: Sequence[str | None], classes: Sequence[str]) -> Integers:
    """Class names as indices, -1 where there is none or it is no class: (N,) int64."""
    place = {name: row for row, name in enumerate(classes)}
    return np.array([-1 if name is None else place.get(name, -1) for name in names], np.int64)
