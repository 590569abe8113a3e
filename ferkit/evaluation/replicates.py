"""Seeds and folds: how the runs of a variant are called, and what their spread allows to say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ferkit.evaluation.statistics import alike, no_interval, over_seeds, t_quantile

FOLDS_INTERVAL = "95 % t-interval over folds, corrected for shared training data"
SEEDS, FOLDS, BOTH = "seeds", "folds", "folds and seeds"
ONE = {SEEDS: "seed", FOLDS: "fold", BOTH: "fold and seed"}


def replicate_key(seed: int, fold: int | None = None) -> str:
    """What a run is called among those of its variant: "3", or "3.0" where it is of fold 0."""
    return str(seed) if fold is None else f"{seed}.{fold}"


def seed_and_fold(key: str) -> tuple[str, str | None]:
    """The two parts of a key."""
    seed, dot, fold = key.partition(".")
    return seed, fold if dot else None


def replicate_words(key: str) -> str:
    """A key in words: "seed 3", or "seed 3, fold 0"."""
    seed, fold = seed_and_fold(key)
    return f"seed {seed}" if fold is None else f"seed {seed}, fold {fold}"


def over_what(keys: Iterable[str]) -> str:
    """What means of these runs are over: "seeds", "folds" or "folds and seeds"."""
    parts = {seed_and_fold(key) for key in keys}
    seeds, folds = len({seed for seed, _ in parts}), len({fold for _, fold in parts})
    if folds < 2:
        return SEEDS
    return BOTH if seeds > 1 else FOLDS


def over_replicates(
    values: Mapping[str, float], test_per_train: float | None = None
) -> dict[str, Any]:
    """Mean, spread and interval of one number per run.

    Over folds, the seeds of each are averaged first: they share their test samples. Folds share
    training data, so their spread alone makes an interval too narrow (there is no unbiased
    estimate: Bengio and Grandvalet, JMLR 5, 2004). It is widened by Nadeau and Bengio's factor:
    sd sqrt(1/k + test/train). It remains approximate.

    Args:
        values: replicate key -> number, at least one.
        test_per_train: samples that a fold tests, by those that its run is trained on; default:
            that of as many folds as there are values of, without a validation split, 1/(k - 1).
    Returns: as `over_seeds`; n counts runs, and with folds `folds` counts these.
    Raises: ValueError: there are no values.
    Source: Nadeau and Bengio, Machine Learning 52 (2003), the corrected resampled t statistic.
    """
    if over_what(values) == SEEDS:
        return over_seeds(list(values.values()))
    by_fold: dict[str, list[float]] = {}
    for key, value in values.items():
        by_fold.setdefault(seed_and_fold(key)[1] or "", []).append(value)
    means = [math.fsum(found) / len(found) for found in by_fold.values()]
    k = len(by_fold)
    result = {**over_seeds(means), "n": len(values), "folds": k}
    if alike(means):
        return {**result, **no_interval(FOLDS)}
    ratio = 1 / (k - 1) if test_per_train is None else test_per_train
    half = t_quantile(k - 1) * result["sd"] * math.sqrt(1 / k + ratio)
    ends = {"low": result["mean"] - half, "high": result["mean"] + half}
    return {**result, **ends, "method": FOLDS_INTERVAL}


def fraction_over_replicates(
    values: Mapping[str, float], test_per_train: float | None = None
) -> dict[str, Any]:
    """`over_replicates` of fractions: an interval that leaves [0, 1] is cut off there."""
    result = over_replicates(values, test_per_train)
    if result["low"] is not None:
        result["low"], result["high"] = max(0.0, result["low"]), min(1.0, result["high"])
    return result


def paired_difference(
    values: Mapping[str, float],
    baseline: Mapping[str, float],
    test_per_train: float | None = None,
) -> dict[str, Any] | None:
    """Mean difference over the runs that both have.

    Args:
        values, baseline: replicate key -> number. test_per_train: see `over_replicates`.
    Returns: as `over_replicates`, of value minus baseline; None where no run is shared.
    """
    shared = {key: values[key] - baseline[key] for key in values if key in baseline}
    if not shared:
        return None
    result = over_replicates(shared, test_per_train)
    result["method"] = f"paired by {ONE[over_what(shared)]}, {result['method']}"
    return result
