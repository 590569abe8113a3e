"""What a report says of the rounds of a loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.evaluation.page import PlainTable
from ferkit.evaluation.published_cells import paper_cells
from ferkit.evaluation.rounds import rounds_of
from ferkit.evaluation.spreads import gain_sd, in_two_lines, no_interval_note
from ferkit.evaluation.wording import (
    METRIC_NAMES,
    UNKNOWN,
    above,
    interval,
    mean_sd,
    percent,
    points_interval,
)

CHOSEN = "chosen by then"


def rounds_section(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Table of the results' entry `rounds`; None where there is none.

    Args:
        results: content of `results.json`.
    """
    entries = rounds_of(results)
    if not entries:
        return None
    stable = any(one.get("stability") for one in entries)
    columns = ["round", "validation accuracy", "test accuracy", CHOSEN]
    columns += [METRIC_NAMES[name] for name in METRIC_NAMES if name != "accuracy"]
    columns += ["answers moved by alterations"] if stable else []
    rows = []
    for one in entries:
        row = [
            str(one["name"]) + (" (counts)" if one.get("counts") else ""),
            percent(one.get("validation_accuracy")),
            percent(one["accuracy"]),
            str(one.get("best_so_far", UNKNOWN)),
            *(percent(one.get(name)) for name in METRIC_NAMES if name != "accuracy"),
        ]
        if stable:
            row.append(percent((one.get("stability") or {}).get("total_variation")))
        rows.append(row)
    return {
        "sentences": [
            "Each round's own weights. Which round counts was chosen by the validation split; the "
            f"test column had no say in it. {CHOSEN.capitalize()}: the round that would count had "
            "the loop ended there."
        ],
        "table": PlainTable(columns, rows),
    }


def rounds_table(rounds: Mapping[str, Sequence[Mapping[str, Any]]]) -> PlainTable:
    """The rounds of a matrix's variants.

    Args:
        rounds: variant -> what `summarise_rounds` returned.
    """
    stable = any(one["stability"] is not None for each in rounds.values() for one in each)
    columns = ["variant", "round", "accuracy", "gain over the first round, points"]
    columns += [f"{CHOSEN}: accuracy", f"{CHOSEN}: gain, points", "counts in runs"]
    published = any(one.get("paper") for each in rounds.values() for one in each)
    columns += ["moved by alterations"] if stable else []
    columns += ["paper", "ours less the paper's, points"] if published else []
    rows = []
    for variant, each in rounds.items():
        for one in each:
            row = [
                variant,
                one["name"],
                above(f"{mean_sd(one)} %", interval(one)),
                _gain(one["gain"]),
                above(f"{mean_sd(one['chosen'])} %", interval(one["chosen"]))
                if one["chosen"]
                else UNKNOWN,
                _gain(one["chosen_gain"]),
                f"{one['counts']} of {one['n']}",
            ]
            row += [in_two_lines(one.get("moved") or {"mean": one["stability"]})] if stable else []
            rows.append([*row, *paper_cells(one)] if published else row)
    folds = any(one.get("folds") for each in rounds.values() for one in each)
    caption = f"Means over {'folds' if folds else 'seeds'} ± standard deviation"
    caption += ", below them 95 % intervals"
    note = rounds_note(rounds)
    return PlainTable(columns, rows, f"{caption}. {note}" if note else caption)


def rounds_note(rounds: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Why some of the means in their table have no interval; "" where all have one."""
    kinds = ("gain", "chosen", "chosen_gain", "moved")
    return no_interval_note(
        found
        for each in rounds.values()
        for one in each
        for found in (one, *(one.get(kind) or {} for kind in kinds))
    )


def _gain(gain: Mapping[str, Any] | None) -> str:
    return above(gain_sd(gain), points_interval(gain)) if gain else UNKNOWN
