"""What a matrix of runs comes to: per variant a mean over seeds and the paired gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.evaluation.cost import same_cost
from ferkit.evaluation.stability import stability_distance
from ferkit.evaluation.statistics import over_seeds, paired_difference
from ferkit.evaluation.wording import HEADLINES, is_number

Results = Mapping[str, Any]

DETECTORS = ("weight", "loss", "self_confidence", "margin")
"""What may rank the training labels by how likely they are wrong."""

MEASURES = ("auroc", "precision_at_k")
"""How well it does."""


def summarise_matrix(
    runs: Mapping[str, Mapping[int, Results]],
    *,
    baseline: str | None,
    metric: str,
    label_noise: Mapping[str, Mapping[int, Mapping[str, Any]]] | None = None,
    split: str = "test",
) -> dict[str, Any]:
    """Summarise finished runs.

    Args:
        runs: variant -> seed -> content of `results.json`; in the order of the table.
        baseline: variant that paired gains are to; None gives no gains.
        metric: a key of the metrics that has a `value`.
        label_noise: variant -> seed -> what `label_noise` returned; default: what each run
            has under `label_noise` in its results.
        split: split that the metric is of.
    Returns: a JSON mapping: metric, split, baseline, seeds, and `variants`: name -> n, mean,
        sd, low, high, method, values (by seed), gain (the same keys, or None), means (of all
        headline metrics), label_noise, cost (or None, where its seeds differ in it) and
        stability_distance (mean, or None where a run lacks it).
    """
    values = {variant: _values(by_seed, split, metric) for variant, by_seed in runs.items()}
    variants: dict[str, Any] = {}
    for variant, by_seed in runs.items():
        if not values[variant]:
            continue
        noise = (
            [results.get("label_noise") for results in by_seed.values()]
            if label_noise is None
            else list(label_noise.get(variant, {}).values())
        )
        compared = baseline is not None and variant != baseline and baseline in values
        variants[variant] = {
            **fraction_over_seeds(list(values[variant].values())),
            "values": values[variant],
            "gain": paired_difference(values[variant], values[baseline])
            if compared and baseline is not None
            else None,
            "means": {
                name: over_seeds(list(found.values()))["mean"]
                for name in HEADLINES
                if (found := _values(by_seed, split, name))
            },
            "label_noise": _noise_over_seeds([entry for entry in noise if entry]),
            "cost": same_cost(results.get("cost") for results in by_seed.values()),
            "stability_distance": stability_distance(by_seed.values()),
        }
    seeds = dict.fromkeys(str(seed) for by_seed in runs.values() for seed in by_seed)
    return {
        "metric": metric,
        "split": split,
        "baseline": baseline,
        "seeds": list(seeds),
        "variants": variants,
    }


def fraction_over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """`over_seeds` of fractions: a t-interval that leaves [0, 1] is cut off there."""
    result = over_seeds(values)
    if result["low"] is not None:
        result["low"], result["high"] = max(0.0, result["low"]), min(1.0, result["high"])
    return result


def _values(by_seed: Mapping[int, Results], split: str, metric: str) -> dict[str, float]:
    """The metric by seed, where the run has it."""
    found = {}
    for seed, results in by_seed.items():
        value: Any = ((results.get(split) or {}).get(metric) or {}).get("value")
        if is_number(value):
            found[str(seed)] = float(value)
    return found


def _noise_over_seeds(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """AUROC and precision at k of low weight, and of the other signs, over seeds."""
    result: dict[str, Any] = {}
    for detector in DETECTORS:
        for measure in MEASURES:
            found = [
                entry[detector][measure]
                for entry in entries
                if is_number(entry.get(detector, {}).get(measure))
            ]
            if found:
                result[f"{detector}_{measure}"] = fraction_over_seeds(found)
    if not result:
        return None
    result["all_equal"] = all(entry["weight"]["all_equal"] for entry in entries)
    result["wrong"] = sum(entry["wrong"] for entry in entries) / len(entries)
    result["n"] = sum(entry["n"] for entry in entries) / len(entries)
    return result
