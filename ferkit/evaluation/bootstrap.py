"""Bootstrap intervals of classification metrics, without a Python loop over resamples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Counts held at once, resamples x samples: small enough to stay in the processor's cache.
CHUNK = 1 << 18

FEWEST_UNITS = 10
"""Units below which a percentile interval is not given: it is too narrow, or of no width."""

NO_WIDTH = 1e-6
"""Ends this close are the same in results.json, which keeps six decimals."""


class Units(NamedTuple):
    """What is drawn with replacement.

    of: (N,) int64, the unit each sample belongs to, 0 .. number-1.
    number: of units. subjects: whether they are subjects rather than samples.
    """

    of: Integers
    number: int
    subjects: bool


def resampling_units(n: int, groups: Sequence[str] | None) -> Units:
    """Samples, or subjects where at least one subject has several samples.

    Samples of one subject are alike, so drawing them one by one would make intervals too
    narrow. A sample without a subject ("") is a unit of its own.

    Args:
        n: number of samples.
        groups: subject of each sample, "" if unknown; None if there are none.
    Raises: ValueError: `groups` has not n entries.
    """
    alone = Units(np.arange(n, dtype=np.int64), n, subjects=False)
    if groups is None:
        return alone
    if len(groups) != n:
        raise ValueError(f"{len(groups)} groups were given for {n} samples")
    seen: dict[tuple[str, int], int] = {}
    keys = ((name, -1) if name else ("", row) for row, name in enumerate(groups))
    of = np.fromiter((seen.setdefault(key, len(seen)) for key in keys), np.int64, n)
    return Units(of, len(seen), subjects=True) if len(seen) < n else alone


def draw_counts(units: Units, resamples: int, seed: int) -> Iterator[Integers]:
    """How often each sample is drawn in each resample, in chunks.

    Yields: (C, N) int64; the C sum to `resamples`. A resample draws as many units as there
        are; with subjects the number of samples therefore varies.
    """
    generator = np.random.default_rng(seed)
    size = max(1, CHUNK // max(1, len(units.of)))
    for start in range(0, resamples, size):
        rows = min(size, resamples - start)
        drawn = generator.integers(units.number, size=(rows, units.number))
        drawn += np.arange(rows)[:, None] * units.number
        counts = np.bincount(drawn.ravel(), minlength=rows * units.number)
        counts = counts.reshape(rows, units.number)
        yield counts[:, units.of] if units.subjects else counts


class Tallies(NamedTuple):
    """Sums that every metric follows from, one row per resample.

    right, given, predicted: (B, K) counts by class: rightly predicted, with that label, with
        that prediction. in_bin, right_in_bin, confidence: (B, S) by confidence bin: samples,
        right ones, summed confidence.
    """

    right: Floats
    given: Floats
    predicted: Floats
    in_bin: Floats
    right_in_bin: Floats
    confidence: Floats


class Tally:
    """Turns counts per sample into `Tallies`.

    With samples sorted by (bin, label, prediction) each resample is summed over contiguous
    stretches; a small matrix then adds the stretches up. Counts are expected in that order
    (`order`), which for samples drawn one by one costs nothing.

    Args:
        labels, predicted, bins: (N,) int64. confidence: (N,) float64.
        classes: K. slots: S, number of bins.
    """

    def __init__(
        self,
        labels: Integers,
        predicted: Integers,
        bins: Integers,
        confidence: Floats,
        *,
        classes: int,
        slots: int,
    ) -> None:
        cell = (bins * classes + labels) * classes + predicted
        self.order: Integers = np.argsort(cell, kind="stable")
        cells, self._cell_starts = np.unique(cell[self.order], return_index=True)
        self._bins, self._bin_starts = np.unique(bins[self.order], return_index=True)
        self._confidence = confidence[self.order]
        self._slots = slots

        cell_bin, pair = np.divmod(cells, classes * classes)
        cell_label, cell_predicted = np.divmod(pair, classes)
        right = cell_label == cell_predicted
        row = np.arange(len(cells))
        self._sums = np.zeros((len(cells), 3 * classes + 2 * slots))
        self._sums[row[right], cell_label[right]] = 1
        self._sums[row, classes + cell_label] = 1
        self._sums[row, 2 * classes + cell_predicted] = 1
        self._sums[row, 3 * classes + cell_bin] = 1
        self._sums[row[right], 3 * classes + slots + cell_bin[right]] = 1
        self._splits = [classes, 2 * classes, 3 * classes, 3 * classes + slots]

    def __call__(self, counts: Integers) -> Tallies:
        """(B, N) counts of the samples in `order` -> sums, B rows."""
        cells = np.add.reduceat(counts, self._cell_starts, axis=1).astype(np.float64)
        right, given, predicted, in_bin, right_in_bin = np.split(
            cells @ self._sums, self._splits, axis=1
        )
        confidence = np.zeros((len(counts), self._slots))
        confidence[:, self._bins] = np.add.reduceat(
            counts * self._confidence, self._bin_starts, axis=1
        )
        return Tallies(right, given, predicted, in_bin, right_in_bin, confidence)


def quotient(numerator: Floats, denominator: Floats) -> Floats:
    """Elementwise division that gives 0 where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def headline_metrics(tallies: Tallies) -> dict[str, Floats]:
    """The four headline metrics of each row of sums: (B,) each.

    Accuracy per class is averaged over the classes that have labels; F1 over those that have
    labels or predictions, as torchmetrics and scikit-learn do.
    """
    right, given, predicted = tallies.right, tallies.given, tallies.predicted
    present = (given > 0).sum(axis=1)
    seen = ((given + predicted) > 0).sum(axis=1)
    gap = np.abs(tallies.confidence - tallies.right_in_bin).sum(axis=1)
    n = given.sum(axis=1)
    return {
        "accuracy": quotient(right.sum(axis=1), n),
        "mean_class_accuracy": quotient(right, given).sum(axis=1) / present,
        "macro_f1": quotient(2 * right, given + predicted).sum(axis=1) / seen,
        "calibration_error": gap / n,
    }


def percentile_interval(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """The middle `level` of bootstrap values (B,): its two ends."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
