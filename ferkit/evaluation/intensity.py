"""Whether the predicted probability follows an expression's intensity (paper A: A23)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferkit.evaluation.bootstrap import (
    FEWEST_UNITS,
    NO_WIDTH,
    Floats,
    Integers,
    draw_counts,
    percentile_interval,
    resampling_units,
)
from ferkit.evaluation.rank_correlation import rank_correlation, resampled_rank_correlation


def intensity_correlation(
    prob_true: Floats,
    intensity: Floats,
    *,
    labels: Integers,
    classes: Sequence[str],
    groups: Sequence[str] | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> dict[str, Any] | None:
    """Spearman's correlation of the true class's probability with the intensity.

    A class whose samples all have one intensity (neutral faces have 0) tells nothing of this: it
    is left out and named. `within_classes` is the plain mean of the classes' correlations;
    unlike `overall` it can't come from some classes being both stronger and easier.

    Args:
        prob_true: (N,) in [0, 1], predicted for each sample's true class.
        intensity: (N,) float, NaN where unknown; those samples are left out and counted.
        labels: (N,) index of the true class, -1 where unknown; left out likewise.
        classes: K names.
        groups: subject of each sample, "" if unknown; where a subject has several samples,
            subjects are drawn.
        bootstrap: resamples; 0 gives no intervals.
        seed: of the resampling.
    Returns: a JSON mapping: n, unknown, constant (names), `overall`, `within_classes`,
        `per_class` (name: entry), each entry with n, rho and the ends low, high of its 95 %
        interval, or None and `no_interval`, why; resampled, units, bootstrap. None where no
        sample has both an intensity and a true class.
    Raises: ValueError: the arguments differ in length.
    """
    p, strength = np.asarray(prob_true, np.float64), np.asarray(intensity, np.float64)
    of = np.asarray(labels, np.int64)
    if not p.shape == strength.shape == of.shape == (len(p),):
        raise ValueError(
            f"probabilities {p.shape}, intensities {strength.shape} and labels {of.shape} differ"
        )
    if groups is not None and len(groups) != len(p):
        raise ValueError(f"{len(groups)} groups were given for {len(p)} samples")
    known = np.isfinite(strength) & np.isfinite(p) & (of >= 0)
    if not known.any():
        return None
    present = [row for row in range(len(classes)) if (known & (of == row)).any()]
    varied = [row for row in present if np.ptp(strength[known & (of == row)]) > 0]
    used = np.flatnonzero(known & np.isin(of, varied))
    p, strength, of = p[used], strength[used], of[used]
    units = resampling_units(
        len(used), None if groups is None else [groups[row] for row in used.tolist()]
    )
    parts = {"": np.ones(len(used), bool), **{classes[row]: of == row for row in varied}}
    draws = bootstrap if units.number >= 2 else 0
    drawn = {name: np.zeros(0) for name in parts}
    if draws:
        chunks = [
            [resampled_rank_correlation(p[part], strength[part], counts[:, part])
             for part in parts.values()]
            for counts in draw_counts(units, draws, seed)
        ]  # fmt: skip
        drawn = {
            name: np.concatenate([chunk[row] for chunk in chunks]) for row, name in enumerate(parts)
        }

    def entry(rho: float | None, part: NDArray[np.bool_], values: Floats) -> dict[str, Any]:
        number = len(np.unique(units.of[part]))
        return {"n": int(part.sum()), "rho": rho, **_ends(values, number, rho, asked=bootstrap > 0)}

    per_class = {
        name: entry(rank_correlation(p[part], strength[part]), part, drawn[name])
        for name, part in parts.items()
        if name
    }
    rhos = [one["rho"] for one in per_class.values() if one["rho"] is not None]
    return {
        "n": len(used),
        "unknown": int((~known).sum()),
        "constant": [classes[row] for row in present if row not in varied],
        "overall": entry(rank_correlation(p, strength), parts[""], drawn[""]),
        "within_classes": entry(
            float(np.mean(rhos)) if rhos else None,
            parts[""],
            _mean_over_classes([drawn[name] for name in per_class]),
        ),
        "per_class": per_class,
        "resampled": "subjects" if units.subjects else "samples",
        "units": units.number,
        "bootstrap": draws,
    }


def _mean_over_classes(drawn: Sequence[Floats]) -> Floats:
    """(B,) means of the classes' values in each resample, of those a resample has."""
    if not drawn:
        return np.zeros(0)
    values = np.stack(drawn)
    there = np.isfinite(values)
    means = np.full(values.shape[1], np.nan)
    total = np.where(there, values, 0).sum(axis=0)
    np.divide(total, there.sum(axis=0), out=means, where=there.any(axis=0))
    return means


def _ends(values: Floats, units: int, rho: float | None, *, asked: bool) -> dict[str, Any]:
    """The ends of an interval, or why there is none."""
    none: dict[str, Any] = {"low": None, "high": None}
    finite = values[np.isfinite(values)]
    if not asked:
        return {**none, "no_interval": "none was asked for"}
    if rho is None:
        return {**none, "no_interval": "there is no correlation of equal values"}
    if units < FEWEST_UNITS or not len(finite):
        return {**none, "no_interval": f"fewer than {FEWEST_UNITS} to draw from"}
    low, high = percentile_interval(finite)
    if high - low < NO_WIDTH:
        return {**none, "no_interval": "resampling does not change it"}
    return {"low": min(low, rho), "high": max(high, rho)}
