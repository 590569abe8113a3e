"""What a matrix of runs comes to: per variant a mean over seeds or folds and the paired gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferkit.evaluation.cost import same_cost
from ferkit.evaluation.epochs import summarise_epochs
from ferkit.evaluation.replicates import (
    fraction_over_replicates,
    paired_difference,
)
from ferkit.evaluation.stability import stability_distance
from ferkit.evaluation.wording import HEADLINES, is_number

Results = Mapping[str, Any]
ByKey = Mapping[int, Results] | Mapping[str, Results]
"""By seed, or by what `replicates.replicate_key` gives."""

DETECTORS = ("weight", "loss", "self_confidence", "margin")
"""What may rank the training labels by how likely they are wrong."""

MEASURES = ("auroc", "precision_at_k")
"""How well it does."""


def summarise_matrix(
    runs: Mapping[str, ByKey],
    *,
    baseline: str | None,
    metric: str,
    label_noise: Mapping[str, ByKey] | None = None,
    split: str = "test",
    test_per_train: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Summarise finished runs.

    Args:
        runs: variant -> seed, or key of `replicates.replicate_key` -> content of `results.json`;
            in the order of the table.
        baseline: variant that paired gains are to; None gives no gains.
        metric: a key of the metrics that has a `value`.
        label_noise: variant -> seed -> what `label_noise` returned; default: what each run
            has under `label_noise` in its results.
        split: split that the metric is of.
        test_per_train: variant -> samples tested by samples trained on, of folds; see
            `replicates.over_replicates`.
    Returns: a JSON mapping: metric, split, baseline, seeds (all keys), and `variants`: name -> n,
        mean, sd, low, high, method, values (by key), gain (the same keys, or None), means and
        metrics (of all headline metrics: the mean, and n to method), label_noise, cost (or None,
        where its runs differ in it), stability_distance and stability (likewise, or None where a
        run lacks it) and epochs (see `summarise_epochs`, or None).
    """
    values = {variant: _values(by_seed, split, metric) for variant, by_seed in runs.items()}
    variants: dict[str, Any] = {}
    ratios = test_per_train or {}
    for variant, by_seed in runs.items():
        if not values[variant]:
            continue
        ratio = ratios.get(variant)
        noise = (
            {key: results.get("label_noise") for key, results in by_seed.items()}
            if label_noise is None
            else label_noise.get(variant, {})
        )
        metrics = {
            name: fraction_over_replicates(found, ratio)
            for name in HEADLINES
            if (found := _values(by_seed, split, name))
        }
        compared = baseline is not None and variant != baseline and baseline in values
        variants[variant] = {
            **fraction_over_replicates(values[variant], ratio),
            "values": values[variant],
            "gain": paired_difference(
                values[variant], values[baseline], _larger(ratio, ratios.get(baseline))
            )
            if compared and baseline is not None
            else None,
            "means": {name: one["mean"] for name, one in metrics.items()},
            "metrics": metrics,
            "label_noise": _noise(
                {str(key): entry for key, entry in noise.items() if entry}, ratio
            ),
            "cost": same_cost(results.get("cost") for results in by_seed.values()),
            "stability_distance": stability_distance(by_seed.values()),
            "stability": _stability(by_seed, ratio),
            "epochs": summarise_epochs({str(k): found for k, found in by_seed.items()}, ratio),
        }
    seeds = dict.fromkeys(str(seed) for by_seed in runs.values() for seed in by_seed)
    return {
        "metric": metric,
        "split": split,
        "baseline": baseline,
        "seeds": list(seeds),
        "variants": variants,
    }


def _larger(one: float | None, other: float | None) -> float | None:
    """The more careful of two: the larger makes the wider interval."""
    return max((each for each in (one, other) if each is not None), default=None)


def _values(by_seed: ByKey, split: str, metric: str) -> dict[str, float]:
    """The metric by seed, where the run has it."""
    found = {}
    for seed, results in by_seed.items():
        value: Any = ((results.get(split) or {}).get(metric) or {}).get("value")
        if is_number(value):
            found[str(seed)] = float(value)
    return found


def _stability(by_seed: ByKey, ratio: float | None) -> dict[str, Any] | None:
    """Distance over the runs, n to method; None unless every run has measured it."""
    found = {}
    for key, results in by_seed.items():
        distance: Any = stability_distance([results])
        if not is_number(distance):
            return None
        found[str(key)] = float(distance)
    return fraction_over_replicates(found, ratio) if found else None


def _noise(entries: Mapping[str, Mapping[str, Any]], ratio: float | None) -> dict[str, Any] | None:
    """AUROC and precision at k of low weight, and of the other signs, over the runs."""
    result: dict[str, Any] = {}
    for detector in DETECTORS:
        for measure in MEASURES:
            found = {
                key: float(entry[detector][measure])
                for key, entry in entries.items()
                if is_number(entry.get(detector, {}).get(measure))
            }
            if found:
                result[f"{detector}_{measure}"] = fraction_over_replicates(found, ratio)
    if not result:
        return None
    result["all_equal"] = all(entry["weight"]["all_equal"] for entry in entries.values())
    result["wrong"] = sum(entry["wrong"] for entry in entries.values()) / len(entries)
    result["n"] = sum(entry["n"] for entry in entries.values()) / len(entries)
    return result
