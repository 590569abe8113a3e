"""A summary of a matrix with the figures of all folds together, as its main ones or beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ferkit.evaluation.bootstrap import (
    FEWEST_UNITS,
    NO_WIDTH,
    Floats,
    Tally,
    Units,
    draw_counts,
    headline_metrics,
    percentile_interval,
    resampling_units,
)
from ferkit.evaluation.comparisons import RESAMPLES
from ferkit.evaluation.pooled import HeldOut, Pooled
from ferkit.evaluation.replicates import paired_difference
from ferkit.evaluation.statistics import ratio_interval

Summary = Mapping[str, Any]


def with_pooled(summary: Summary, pools: Mapping[str, Pooled], *, main: bool) -> dict[str, Any]:
    """A summary whose variants have in `pooled` what their folds come to together.

    Args:
        summary: what `summarise_matrix` returned.
        pools: variant -> its folds together.
        main: whether the protocol's figure is that of all folds together (leave one subject out:
            a fold may lack classes). It then takes the place of the mean over folds, if every
            variant has it.
    Returns: the summary; with folds it has `pooled`: asked (`main`) and main (whether it is so).
        Where it is, `over_folds` of each variant has the means over folds by metric.
    """
    if not pools:
        return dict(summary)
    variants = {
        name: {**entry, "pooled": pools[name].about} if name in pools else dict(entry)
        for name, entry in summary["variants"].items()
    }
    is_main = main and all(name in pools and pools[name].tested for name in variants)
    if is_main:
        baseline = pools.get(summary["baseline"] or "")
        for name, entry in variants.items():
            other = baseline if entry["gain"] else None
            variants[name] = _as_main(entry, summary["metric"], pools[name], other)
    return {**summary, "variants": variants, "pooled": {"asked": main, "main": is_main}}


def _as_main(
    entry: Mapping[str, Any], metric: str, ours: Pooled, baseline: Pooled | None
) -> dict[str, Any]:
    """A variant whose main figures are those of all folds together."""
    metrics = ours.about["metrics"]
    over_folds = {**entry["metrics"], metric: {key: entry[key] for key in _SPREAD if key in entry}}
    return {
        **entry,
        **{**metrics[metric], "n": entry["n"]},
        "metrics": metrics,
        "means": {name: one["mean"] for name, one in metrics.items()},
        "over_folds": over_folds,
        "no_interval": metrics[metric].get("no_interval"),
        "gain": entry["gain"] if baseline is None else pooled_gain(ours, baseline, metric),
    }


_SPREAD = ("n", "mean", "sd", "low", "high", "method", "folds", "no_interval")


def pooled_gain(ours: Pooled, theirs: Pooled, metric: str) -> dict[str, Any] | None:
    """Difference of two figures of all folds together.

    Over the seeds that both have; of a single seed with an interval of a paired bootstrap over the
    units of its samples.

    Returns: as `paired_difference`; None where no seed is shared.
    """
    values = {
        side: {seed: each[metric] for seed, each in one.about["by_seed"].items()}
        for side, one in (("ours", ours), ("theirs", theirs))
    }
    gain = paired_difference(values["ours"], values["theirs"])
    if gain is None or gain["n"] > 1:
        return gain
    seed = next(seed for seed in ours.tested if seed in theirs.tested)
    ends = _paired_interval(ours.tested[seed], theirs.tested[seed], metric)
    if isinstance(ends, str):
        return {**gain, "method": f"no interval: {ends}", "no_interval": ends}
    low, high, unit = ends
    mean = gain["mean"]  # which rounding, or few resamples, may leave outside
    method = f"paired 95 % percentile bootstrap over {unit}, {RESAMPLES} resamples"
    return {**gain, "low": min(low, mean), "high": max(high, mean), "method": method}


def _paired_interval(ours: HeldOut, theirs: HeldOut, metric: str) -> tuple[float, float, str] | str:
    """The two ends and what was drawn, or why there is no interval.

    Args:
        metric: accuracy, mean_class_accuracy or macro_f1.
    """
    if ours.ids != theirs.ids or not np.array_equal(ours.labels, theirs.labels):
        return "their test samples differ"
    units = resampling_units(len(ours.ids), ours.subjects)
    unit = "subjects" if units.subjects else "samples"
    if units.number < FEWEST_UNITS:
        return f"fewer than {FEWEST_UNITS} {unit} to draw from"
    if metric == "accuracy":  # drawn as for the paired tests, so that both tell the same
        right = [one.probs.argmax(axis=1) == one.labels for one in (ours, theirs)]
        gains = right[0].astype(np.int64) - right[1]
        sizes = np.bincount(units.of, minlength=units.number)
        sums = np.bincount(units.of, weights=gains, minlength=units.number)
        low, high = ratio_interval(sizes, sums.astype(np.int64), resamples=RESAMPLES, seed=0)
    else:
        drawn = _draws(ours, units, metric) - _draws(theirs, units, metric)
        low, high = percentile_interval(drawn)
    return (low, high, unit) if high - low >= NO_WIDTH else "resampling does not change it"


def _draws(tested: HeldOut, units: Units, metric: str) -> Floats:
    """A metric of each resample: (B,). The same units are drawn for all predictions."""
    nothing = np.zeros(len(tested.labels))  # confidence is not asked for
    tally = Tally(
        tested.labels,
        tested.probs.argmax(axis=1),
        nothing.astype(np.int64),
        nothing,
        classes=len(tested.classes),
        slots=1,
    )
    by_sample = units._replace(subjects=True)  # counts in the order of the samples
    return np.concatenate(
        [
            headline_metrics(tally(counts[:, tally.order]))[metric]
            for counts in draw_counts(by_sample, RESAMPLES, 0)
        ]
    )
