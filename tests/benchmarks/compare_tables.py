"""Prints what docs/methods.md says of a finished matrix of compare/methods or compare/mixes.

    python tests/benchmarks/compare_tables.py runs/methods
    python tests/benchmarks/compare_tables.py runs/mixes

Of both: the mean accuracy of each variant in each setting (* where it differs from the baseline's
by the matrix's own test); the gain over the baseline, paired by seed, as a mean over settings with
half its 95 % t-interval over seeds, with clean and with wrong labels apart; the share of the
unlabelled samples that counted; the seconds of a run. Of mixes also each mix less its parents, and
the exact test on the same samples, whose p values are corrected (Holm) over these pairs alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import numpy as np
from machine import machine, table
from mixes import PARENTS

from ferkit.evaluation.paired_tests import holm
from ferkit.evaluation.statistics import over_seeds

BASELINE, USED = "supervised", "unlabelled_used"
Rows = list[dict[str, str]]
Accuracies = dict[str, dict[str, dict[str, float]]]
"""Setting -> variant -> seed -> accuracy in percent."""


def accuracies(rows: Rows) -> Accuracies:
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


def marked(folder: Path) -> set[tuple[str, str]]:
    """(setting, variant) that differ from the baseline on the same samples, corrected."""
    tests = json.loads((folder / "matrix.json").read_text(encoding="utf-8"))["tests"]
    return {
        (one["setting"], one["variant"])
        for one in tests["pairs"]
        if one["against"] == BASELINE and one["p_holm"] < tests["level"]
    }


def gain(found: Accuracies, name: str, settings: Sequence[str]) -> list[float]:
    """By seed, the mean over settings of a variant's accuracy less the baseline's, points."""
    pairs = [(found[setting][name], found[setting][BASELINE]) for setting in settings]
    seeds = sorted(set.intersection(*({*mine} & {*base} for mine, base in pairs)))
    return [float(np.mean([mine[seed] - base[seed] for mine, base in pairs])) for seed in seeds]


def counted(folder: Path, rows: Rows, name: str) -> str:
    """Mean share of the unlabelled samples of a step that counted, percent; "" without such."""
    shares = []
    for row in rows:
        if row["variant"] == name:
            with (folder / row["folder"] / "metrics.csv").open(
                newline="", encoding="utf-8"
            ) as file:
                shares += [one.get(USED) or "" for one in csv.DictReader(file)]
    given = [float(share) for share in shares if share]
    return f"{100 * float(np.mean(given)):.0f}" if given else ""


def methods_table(found: Accuracies, rows: Rows, folder: Path) -> None:
    """A row per variant, the largest mean gain first."""
    settings, differ = list(found), marked(folder)
    variants = list(dict.fromkeys(name for one in found.values() for name in one))
    noisy = [setting for setting in settings if setting.endswith("noise20")]
    clean = [setting for setting in settings if setting not in noisy]
    groups = {"gain, clean": clean, "gain, noise20": noisy} if noisy else {"gain": clean}
    body = []
    for name in sorted(variants, key=lambda name: -float(np.mean(gain(found, name, settings)))):
        cells = [
            f"{np.mean(list(found[setting][name].values())):.1f}"
            + ("*" if (setting, name) in differ else "")
            for setting in settings
        ]
        gains = [with_half(gain(found, name, group), sign="+") for group in groups.values()]
        seconds = [float(row["seconds"]) for row in rows if row["variant"] == name]
        used = counted(folder, rows, name)
        body.append([f"`{name}`", *cells, *gains, used, f"{np.mean(seconds):.0f}"])
    table(["method", *settings, *groups, "counted, %", "seconds"], body)


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
    methods_table(found, rows, folder)
    if any(mix in one for one in found.values() for mix in PARENTS):
        mixes_table(found, folder)
    minutes = sum(float(row["seconds"]) for row in rows if row["seconds"]) / 60
    print(f"\n{len(rows)} runs, {minutes:.0f} minutes of runs in all")


if __name__ == "__main__":
    main()
