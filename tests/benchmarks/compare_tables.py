"""Prints what docs/methods.md says of a finished matrix of compare/methods or compare/mixes.

    python tests/benchmarks/compare_tables.py runs/methods
    python tests/benchmarks/compare_tables.py runs/mixes

Of both: the mean accuracy of each variant in each setting with half its 95 % t-interval over seeds,
the mean over settings, the mean rank, and the seconds of a run. Of mixes also each mix less its
parents, paired by seed, and the exact test on the same samples, whose p values are corrected (Holm)
over the mixes and parents alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import numpy as np
from machine import machine, table
from mixes import PARENTS

from ferkit.evaluation.paired_tests import holm
from ferkit.evaluation.statistics import over_seeds

Accuracies = dict[str, dict[str, dict[str, float]]]
"""Setting -> variant -> seed -> accuracy in percent."""


def accuracies(rows: list[dict[str, str]]) -> Accuracies:
    found: Accuracies = {}
    for row in rows:
        of_setting = found.setdefault(row["setting"], {})
        of_setting.setdefault(row["variant"], {})[row["seed"]] = 100 * float(row["accuracy"])
    return found


def with_half(values: list[float], *, sign: str = "") -> str:
    """Mean, and half of its interval."""
    entry = over_seeds(values)
    half = "" if entry["low"] is None else f" ± {entry['high'] - entry['mean']:.1f}"
    return f"{entry['mean']:{sign}.1f}{half}"


def methods_table(found: Accuracies, rows: list[dict[str, str]]) -> None:
    """A row per variant, the best mean over settings first."""
    variants = list(dict.fromkeys(name for one in found.values() for name in one))
    means = {
        name: {
            setting: float(np.mean(list(one[name].values())))
            for setting, one in found.items()
            if name in one
        }
        for name in variants
    }
    ranks: dict[str, list[int]] = {name: [] for name in variants}
    for setting, one in found.items():
        for place, name in enumerate(sorted(one, key=lambda name: -means[name][setting])):
            ranks[name].append(place + 1)
    body = []
    for name in sorted(variants, key=lambda name: -float(np.mean(list(means[name].values())))):
        cells = [
            with_half(list(one[name].values())) if name in one else "-" for one in found.values()
        ]
        seconds = [float(row["seconds"]) for row in rows if row["variant"] == name]
        mean = f"{np.mean(list(means[name].values())):.1f}"
        rank = f"{np.mean(ranks[name]):.1f}"
        body.append([f"`{name}`", *cells, mean, rank, f"{np.mean(seconds):.0f}"])
    table(["method", *found, "mean", "mean rank", "seconds"], body)


def mixes_table(found: Accuracies, folder: Path) -> None:
    """Each mix less each parent."""
    tests = json.loads((folder / "matrix.json").read_text())["tests"]["pairs"]
    by_pair = {
        (one["setting"], frozenset((one["variant"], one["against"]))): one["p"] for one in tests
    }
    body, raw = [], []
    for setting, one in found.items():
        for mix, parents in PARENTS.items():
            for parent in parents:
                if mix in one and parent in one:
                    seeds = sorted(one[mix].keys() & one[parent].keys())
                    gain = with_half([one[mix][s] - one[parent][s] for s in seeds], sign="+")
                    body.append([setting, f"`{mix}`", f"`{parent}`", gain])
                    raw.append(by_pair.get((setting, frozenset((mix, parent)))))
    corrected = iter(holm([p for p in raw if p is not None]))
    for row, p in zip(body, raw, strict=True):
        row += ["-", "-"] if p is None else [f"{p:.2g}", f"{next(corrected):.2g}"]
    table(["setting", "mix", "parent", "mix less parent, points", "p", "p, Holm"], body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with (folder / "matrix_runs.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["variant"] not in ("pretrain", "first")]
    print(machine())
    found = accuracies(rows)
    methods_table(found, rows)
    if any(mix in one for one in found.values() for mix in PARENTS):
        mixes_table(found, folder)
    minutes = sum(float(row["seconds"]) for row in rows if row["seconds"]) / 60
    print(f"\n{len(rows)} runs, {minutes:.0f} minutes of runs in all")


if __name__ == "__main__":
    main()
