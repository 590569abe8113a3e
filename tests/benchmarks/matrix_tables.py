"""Prints what the tables of a finished matrix of paper A leave out, for docs/paper_a.md.

    python tests/benchmarks/matrix_tables.py runs/grid [--figure docs/images/paper-a-regime.png]

From matrix_runs.csv: how well signs find wrong labels (A24), the correlation of the probability
with intensity (A23), blends (A25), and the gain against the accuracy of the first model, with
a figure if asked for; from the runs' own files: wrong labels among weak and strong expressions, and
what was picked of the pool. Means over seeds with 95 % t-intervals.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from machine import machine, table

from ferkit.evaluation.drawing import BLUE, GREEN, ORANGE, house_style, new_figure, save
from ferkit.evaluation.rank_correlation import rank_correlation
from ferkit.evaluation.statistics import over_seeds

Row = dict[str, str]
SIGNS = ("weight", "loss", "self_confidence", "margin")
SHARES = ("pool_right", "picked_right")
COLOURS = {"st": BLUE, "sw": ORANGE, "st_sw": GREEN}


def groups(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by setting and variant, in their order."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["setting"], row["variant"]), []).append(row)
    return found


def spread(rows: list[Row], column: str, form: Callable[[float], str]) -> str:
    """Mean and interval of a column over seeds."""
    values = [float(row[column]) for row in rows if row[column]]
    if not values:
        return "-"
    entry = over_seeds(values)
    if entry["low"] is None:
        return form(entry["mean"])
    return f"{form(entry['mean'])} [{form(entry['low'])}, {form(entry['high'])}]"


def two(value: float) -> str:
    return f"{value:.2f}"


def three(value: float) -> str:
    return f"{value:.3f}"


def percent(value: float) -> str:
    return f"{100 * value:.0f}"


def noise_table(rows: list[Row]) -> None:
    """AUROC and precision at k of each sign of a wrong label."""
    body = []
    for (setting, variant), some in groups(rows).items():
        if any(row["weight_auroc"] for row in some) and float(some[0]["wrong_labels"] or 0) > 0:
            cells = [spread(some, f"{sign}_auroc", three) for sign in SIGNS]
            cells += [spread(some, f"{sign}_precision_at_k", percent) for sign in SIGNS]
            body.append([setting, variant, *cells])
    head = [f"AUROC: {sign}" for sign in SIGNS] + [f"precision at k, %: {sign}" for sign in SIGNS]
    table(["setting", "variant", *head], body)


def halves_table(rows: list[Row], folder: Path) -> None:
    """AUROC of each sign apart for faces below and above the median intensity."""
    body = []
    for (setting, variant), some in groups(rows).items():
        found = [
            json.loads((folder / row["folder"] / "results.json").read_text()).get("label_noise", {})
            for row in some
        ]
        halves = [entry.get("low_intensity") or {} for entry in found]
        if variant == "first" or not all(half.get("wrong") for half in halves):
            continue
        cells = []
        for half in ("low_intensity", "high_intensity"):
            for sign in SIGNS[:2]:
                auroc = [entry[half][sign]["auroc"] for entry in found]
                cells.append(f"{np.mean(auroc):.3f}" if None not in auroc else "-")
            cells.append(
                f"{100 * np.mean([entry[half]['weight']['precision_at_k'] for entry in found]):.0f}"
            )
        body.append([setting, variant, *cells])
    head = [
        f"{half}: {what}"
        for half in ("weak", "strong")
        for what in ("AUROC of weight", "of loss", "precision at k of weight, %")
    ]
    table(["setting", "variant", *head], body)


def course_table(rows: list[Row], folder: Path) -> None:
    """What self-training picked from, in its first and in its last iteration; means over seeds."""
    names = ("pool", "pool_right", "picked", "picked_right", "labelled_at_floor")
    body = []
    for (setting, variant), some in groups(rows).items():
        courses = [read_course(folder / row["folder"] / "metrics.csv") for row in some]
        courses = [course for course in courses if course]
        if not courses or not courses[0][0].get("pool"):  # "0" is a pool, too
            continue
        for place, when in ((0, "first"), (-1, "last")):
            cells = [
                mean_of([course[place].get(name) for course in courses], share=name in SHARES)
                for name in names
            ]
            body.append([setting, variant, when, *cells])
    head = ["iteration", "pool", "of it right, %", "picked", "of them right, %"]
    table(["setting", "variant", *head, "labels at the floor"], body)


def mean_of(cells: list[str | None], *, share: bool) -> str:
    """Of the numbers that there are; shares in percent."""
    known = [float(cell) for cell in cells if cell]
    return f"{(100 if share else 1) * np.mean(known):.0f}" if known else "-"


def read_course(path: Path) -> list[Row]:
    """The rows of the phase `self_training`."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["phase"] == "self_training"]


def expression_table(rows: list[Row]) -> None:
    """Correlation with intensity, and blends."""
    rhos = ("intensity_rho", "intensity_rho_within_classes")
    blends = ("blend_both", "blend_right_order", "blend_top_is_second", "blend_second_follows")
    body = [
        [
            setting,
            variant,
            spread(some, "accuracy", lambda value: f"{100 * value:.1f}"),
            *(spread(some, name, three) for name in rhos),
            *(spread(some, name, percent) for name in blends),
        ]
        for (setting, variant), some in groups(rows).items()
    ]
    table(["setting", "variant", "accuracy, %", *rhos, *(f"{name}, %" for name in blends)], body)


def gains(rows: list[Row], baseline: str) -> dict[str, list[tuple[str, str, float, float]]]:
    """Variant -> setting, seed, first model's accuracy, gain over the baseline, both in percent."""
    base = {
        (r["setting"], r["seed"]): float(r["accuracy"]) for r in rows if r["variant"] == baseline
    }
    found: dict[str, list[tuple[str, str, float, float]]] = {}
    for row in rows:
        key = (row["setting"], row["seed"])
        if row["first_accuracy"] and row["variant"] not in (baseline, "first") and key in base:
            gain = 100 * (float(row["accuracy"]) - base[key])
            found.setdefault(row["variant"], []).append(
                (*key, 100 * float(row["first_accuracy"]), gain)
            )
    return found


def regime_table(found: dict[str, list[tuple[str, str, float, float]]]) -> None:
    """Gain against the first model's accuracy: by setting, and over all runs."""
    body = []
    settings = dict.fromkeys(one[0] for some in found.values() for one in some)
    for setting in settings:
        cells = []
        for some in found.values():
            entry = over_seeds([gain for name, _, _, gain in some if name == setting])
            ends = "" if entry["low"] is None else f" [{entry['low']:+.1f}, {entry['high']:+.1f}]"
            cells.append(f"{entry['mean']:+.1f}{ends}")
        first = [acc for some in found.values() for name, _, acc, _ in some if name == setting]
        body.append([setting, f"{np.mean(first):.1f}", *cells])
    body.sort(key=lambda row: float(row[1]))
    table(["setting", "first model, %", *(f"gain of {name}, points" for name in found)], body)
    for name, some in found.items():
        rho = rank_correlation(
            np.array([one[2] for one in some]), np.array([one[3] for one in some])
        )
        print(f"\nRank correlation of {name}'s gain with the first model's accuracy: {rho:+.2f}")


def first_table(rows: list[Row]) -> None:
    """Each variant less the first model that it went on from, paired by seed."""
    body = []
    for (setting, variant), some in groups(rows).items():
        pairs = [
            100 * (float(row["accuracy"]) - float(row["first_accuracy"]))
            for row in some
            if row["first_accuracy"] and variant != "first"
        ]
        if pairs:
            entry = over_seeds(pairs)
            ends = "" if entry["low"] is None else f" [{entry['low']:+.1f}, {entry['high']:+.1f}]"
            body.append([setting, variant, f"{entry['mean']:+.1f}{ends}"])
    table(["setting", "variant", "less the first model, points"], body)


def regime_figure(found: dict[str, list[tuple[str, str, float, float]]], path: Path) -> None:
    """A dot for each run: gain against the first model's accuracy."""
    with house_style():
        figure, (axes,) = new_figure(3.6)
        axes.axhline(0, color="#6B7280", linewidth=1)
        for name, some in found.items():
            x, y = ([one[place] for one in some] for place in (2, 3))
            axes.plot(x, y, "o", markersize=4, alpha=0.7, color=COLOURS.get(name), label=name)
        axes.set_xlabel("accuracy of the first model, %")
        axes.set_ylabel("gain, points")
        axes.legend(loc="best")
    save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--baseline", default="none")
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    with (options.folder / "matrix_runs.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["variant"] != "pretrain"]
    print(machine())
    noise_table(rows)
    halves_table(rows, options.folder)
    course_table(rows, options.folder)
    expression_table(rows)
    found = gains(rows, options.baseline)
    regime_table(found)
    first_table(rows)
    if options.figure is not None:
        regime_figure(found, options.figure)
    seconds = sum(float(row["seconds"]) for row in rows if row["seconds"])
    print(f"\n{len(rows)} runs, {seconds / 60:.0f} minutes of runs in all")


if __name__ == "__main__":
    main()
