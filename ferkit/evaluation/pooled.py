"""The figure of a protocol with folds: the test samples of all folds together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ferkit.evaluation.metrics import evaluate
from ferkit.evaluation.replicates import fraction_over_replicates, seed_and_fold
from ferkit.evaluation.run_folder import read_samples
from ferkit.evaluation.wording import HEADLINES


class HeldOut(NamedTuple):
    """Labelled test samples with their predictions, in the order of their ids.

    ids, subjects: N; a subject is "" if unknown. labels: (N,) int64. probs: (N, K).
    """

    ids: Sequence[str]
    subjects: Sequence[str]
    labels: NDArray[np.int64]
    probs: NDArray[np.float64]
    classes: tuple[str, ...]


class Pooled(NamedTuple):
    """What the folds of a variant come to together.

    about: for matrix.json, see `pool`. tested: seed -> the samples of all its folds; {} where
        there is no pooled figure.
    """

    about: Mapping[str, Any]
    tested: Mapping[str, HeldOut]


def read_held_out(path: Path, split: str = "test") -> HeldOut | None:
    """The labelled samples of a split in a `predictions.parquet`; None where it can't be read."""
    try:
        read = read_samples(path, "label")
    except (OSError, ValueError, pa.ArrowException):
        return None
    labels = read.columns["label"]
    rows = [int(row) for row in read.rows_of(split) if labels[row] in read.classes]
    ids = [str(read.columns["id"][row]) for row in rows]
    subjects = read.columns.get("subject") or [""] * len(labels)
    return _in_order(
        ids,
        [subjects[row] or "" for row in rows],
        np.array([read.classes.index(labels[row]) for row in rows], np.int64),
        read.probs[rows],
        read.classes,
    )


def pool(
    runs: Mapping[str, HeldOut | None],
    planned: Collection[str],
    *,
    bootstrap: int,
    bins: int,
    of_folds: int | None = None,
) -> Pooled:
    """Take the test samples of all folds of each seed together: each is predicted once, by the
    run that held it out.

    Args:
        runs: replicate key -> what a finished run says of its fold, None where unreadable.
        planned: keys of all runs of the variant.
        bootstrap: resamples of the intervals of a single seed. bins: of the calibration error.
        of_folds: that the data are divided into, if known; more than there are runs of where the
            matrix asks for some of them only.
    Returns: with `about`: why (there is none) alone, or seeds (those whose folds are all done),
        folds, of_folds, samples (of a seed), resampled ("subjects" or "samples"), units, metrics
        (of each headline metric n, mean, sd, low, high and method, over seeds where there are
        several, else with bootstrap intervals), by_seed (seed -> metric -> value), classes, and
        confusion (counts of all seeds, rows = given label).
    """
    of_seeds: dict[str, list[str]] = {}
    for key in planned:
        of_seeds.setdefault(seed_and_fold(key)[0], []).append(key)
    tested: dict[str, HeldOut] = {}
    reasons: list[str] = []
    for seed, keys in of_seeds.items():
        found = [one for key in keys if (one := runs.get(key)) is not None]
        why = _lacking(keys, runs) or _unfit(found)
        if why:
            reasons.append(f"seed {seed}: {why}" if len(of_seeds) > 1 else why)
        else:
            tested[seed] = _together(found)
    if not tested:
        return Pooled({"why": "; ".join(reasons)}, {})
    several = len(tested) > 1
    measured = {
        seed: evaluate(
            one.probs,
            one.labels,
            classes=one.classes,
            bootstrap=0 if several else bootstrap,
            bins=bins,
            seed=int(seed),
            groups=one.subjects,
        )
        for seed, one in tested.items()
    }
    by_seed = {
        seed: {name: each[name]["value"] for name in HEADLINES} for seed, each in measured.items()
    }
    first = next(iter(measured.values()))
    about = {
        "seeds": list(tested),
        "folds": max(map(len, of_seeds.values())),
        "of_folds": of_folds,
        "samples": first["n"],
        "resampled": first["resampled"],
        "units": first["units"],
        "metrics": {
            name: fraction_over_replicates({seed: each[name] for seed, each in by_seed.items()})
            if several
            else _of_one_seed(first, name)
            for name in HEADLINES
        },
        "by_seed": by_seed,
        "classes": first["classes"],
        "confusion": np.sum([each["confusion"] for each in measured.values()], axis=0).tolist(),
    }
    return Pooled(about, tested)


def _of_one_seed(metrics: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A metric of `evaluate` in the form of a mean over one run."""
    found = metrics[name]
    entry = {"n": 1, "mean": found["value"], "sd": None, "low": found["low"], "high": found["high"]}
    if not metrics["bootstrap"] and "no_interval" not in found:
        return {**entry, "method": f"95 % Wilson interval over {metrics['resampled']}"}
    if why := found.get("no_interval"):
        return {**entry, "method": f"no interval: {why}", "no_interval": why}
    how = f"over {metrics['resampled']}, {metrics['bootstrap']} resamples"
    wilson = ", widened to Wilson's" if name == "accuracy" else ""
    return {**entry, "method": f"95 % percentile bootstrap {how}{wilson}"}


def _lacking(keys: Sequence[str], runs: Mapping[str, HeldOut | None]) -> str:
    """Why the folds of a seed can't be taken together; "" where all can be read."""
    done = sum(key in runs for key in keys)
    if done < len(keys):
        return f"{done} of {len(keys)} folds are done"
    unread = sum(runs[key] is None for key in keys)
    return f"the predictions of {unread} of {len(keys)} folds can't be read" if unread else ""


def _unfit(folds: Sequence[HeldOut]) -> str:
    if len({one.classes for one in folds}) > 1:
        return "the folds' classes differ"
    times = Counter(name for one in folds for name in set(one.ids))
    if twice := sum(count > 1 for count in times.values()):
        return f"{twice} samples are tested in several folds"
    return "" if times else "no test sample has a label"


def _together(folds: Sequence[HeldOut]) -> HeldOut:
    return _in_order(
        [name for one in folds for name in one.ids],
        [name for one in folds for name in one.subjects],
        np.concatenate([one.labels for one in folds]),
        np.concatenate([one.probs for one in folds]),
        folds[0].classes,
    )


def _in_order(
    ids: Sequence[str],
    subjects: Sequence[str],
    labels: NDArray[np.int64],
    probs: NDArray[np.float64],
    classes: tuple[str, ...],
) -> HeldOut:
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return HeldOut(
        [ids[row] for row in order],
        [subjects[row] for row in order],
        labels[order],
        probs[order],
        classes,
    )
