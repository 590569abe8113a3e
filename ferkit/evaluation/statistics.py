"""What several seeds, or two models on the same samples, allow to say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferkit.evaluation.bootstrap import percentile_interval, resampling_units

T_INTERVAL = "95 % t-interval over seeds"
NO_INTERVAL = "no interval: one seed"

ALIKE = "all {} gave the same, which does not tell how much others would differ"
"""Why values that are alike have no interval: one of no width would look like certainty."""

_EQUAL = 3e-6
"""Values (or differences) this close are the same: results.json keeps six decimals."""


def alike(values: Sequence[float]) -> bool:
    """Whether there are several values, and all are the same to the digit."""
    return len(values) > 1 and max(values) - min(values) < _EQUAL


def t_probability(t: float, freedom: int) -> float:
    """P(|T| <= t) of Student's t distribution.

    Args:
        t: >= 0. freedom: degrees of freedom, at least 1.
    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
    """
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = 0.0
    for power in range(odd, freedom - 1, 2):  # exponents of the cosine
        total += term
        term *= cosine * cosine * (power + 1) / (power + 2)
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def t_quantile(freedom: int, level: float = 0.95) -> float:
    """t such that P(|T| <= t) is `level`.

    Args:
        freedom: degrees of freedom, at least 1. level: in (0, 1).
    Raises: ValueError: freedom is below 1 or level outside (0, 1).
    """
    if freedom < 1 or not 0 < level < 1:
        raise ValueError(f"no t quantile of level {level} for {freedom} degrees of freedom")
    low, high = 0.0, 1.0
    while t_probability(high, freedom) < level:
        low, high = high, 2 * high
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if t_probability(middle, freedom) < level else (low, middle)
    return (low + high) / 2


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """Mean, spread and interval of one number per seed.

    Args:
        values: one per seed, at least one.
    Returns: n, mean, sd, low, high, method; sd, low and high are None for one seed. Where all
        seeds gave the same, low and high are None and `no_interval` says why.
    Raises: ValueError: there are no values.
    """
    n = len(values)
    if n == 0:
        raise ValueError("no values to summarise")
    mean = math.fsum(values) / n
    if n == 1:
        return {
            "n": 1, "mean": mean, "sd": None, "low": None, "high": None, "method": NO_INTERVAL,
        }  # fmt: skip
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    if alike(values):
        return {"n": n, "mean": mean, "sd": 0.0, "low": None, "high": None, **no_interval("seeds")}
    half = t_quantile(n - 1) * sd / math.sqrt(n)
    return {
        "n": n, "mean": mean, "sd": sd, "low": mean - half, "high": mean + half,
        "method": T_INTERVAL,
    }  # fmt: skip


def no_interval(of: str) -> dict[str, str]:
    """What is said of values that are alike. of: "seeds" or "folds"."""
    why = ALIKE.format(of)
    return {"method": f"no interval: {why}", "no_interval": why}


def paired_bootstrap(
    correct: Sequence[bool] | NDArray[np.bool_],
    baseline: Sequence[bool] | NDArray[np.bool_],
    *,
    resamples: int,
    seed: int,
    groups: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Difference in accuracy of two models on the same test samples.

    Args:
        correct, baseline: (N,) bool, whether each model is right on each sample.
        resamples: of the bootstrap, at least 1.
        seed: of the resampling.
        groups: subject of each sample, "" if unknown; subjects with several samples are drawn
            whole.
    Returns: n, difference, low, high, method; no interval for fewer than two units.
    Raises: ValueError: the two differ in length or are empty, or resamples is below 1.
    """
    gain = np.asarray(correct, np.int64) - np.asarray(baseline, np.int64)
    n = len(gain)
    if n == 0 or resamples < 1:
        raise ValueError("samples and resamples are needed for a paired bootstrap")
    units = resampling_units(n, groups)
    unit = "subjects" if units.subjects else "samples"
    result: dict[str, Any] = {"n": n, "difference": float(gain.mean()), "low": None, "high": None}
    if units.number < 2:
        return {**result, "method": f"no interval: fewer than two {unit}"}
    sizes = np.bincount(units.of, minlength=units.number)
    gains = np.bincount(units.of, weights=gain, minlength=units.number)
    low, high = ratio_interval(sizes, gains, resamples=resamples, seed=seed)
    method = f"paired 95 % percentile bootstrap over {unit}, {resamples} resamples"
    return {**result, "low": low, "high": high, "method": method}


def ratio_interval(
    sizes: NDArray[Any], gains: NDArray[Any], *, resamples: int, seed: int
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of sum(gains) / sum(sizes), units drawn whole.

    Args:
        sizes, gains: (U,) of each unit; no size is 0.
    """
    # Units with the same size and gain are interchangeable: draw how many of each kind.
    kinds, counts = np.unique(np.stack([sizes, gains]), axis=1, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(
        len(sizes), counts / len(sizes), size=resamples
    )  # (B, kinds)
    return percentile_interval((drawn @ kinds[1]) / (drawn @ kinds[0]))
