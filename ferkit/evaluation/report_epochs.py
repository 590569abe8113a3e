"""What a report says of the last and the best epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ferkit.evaluation.epochs import KINDS, epochs_of, is_same_epoch
from ferkit.evaluation.page import PlainTable
from ferkit.evaluation.wording import (
    HEADLINES,
    METRIC_NAMES,
    above,
    interval,
    number,
    percent,
)

TITLE = "Last and best epoch"

ON_TEST = (
    "Which epoch is the best was chosen by the loss on the test split itself, as data.selection "
    "asks: its figures are too high for new data."
)
BY_VALIDATION = (
    "Which epoch is the best was chosen by the validation split; the test figures had no say in it."
)


def epochs_section(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Table of the results' entry `epochs`; None where there is none.

    Args:
        results: content of `results.json`.
    """
    entry = epochs_of(results)
    if not entry:
        return None
    columns = ["epoch", "number", "validation loss", "validation accuracy"]
    columns += [METRIC_NAMES[name] for name in HEADLINES]
    rows = [
        [
            heading,
            str(one["epoch"]),
            number(one.get("validation_loss"), 4),
            percent(one.get("validation_accuracy")),
            *(above(percent(one[name]["value"]), interval(one[name])) for name in HEADLINES),
        ]
        for heading, one in _rows(entry)
    ]
    caption = "On the test split; below each value its 95 % interval, in percent"
    return {"sentences": epoch_sentences(entry), "table": PlainTable(columns, rows, caption)}


def epoch_sentences(entry: Mapping[str, Any]) -> list[str]:
    """How to read the last and the best epoch of a run.

    Args:
        entry: what `epochs_of` returned.
    """
    phase, used = entry.get("phase"), entry["used"]
    if all(kind in entry for kind in KINDS):
        if is_same_epoch(entry):
            return [
                f"The last epoch of phase '{phase}' is also the one of the lowest validation loss: "
                "both are the same weights.",
            ]
        return [
            f"The weights of phase '{phase}' after its last epoch and after the one of the lowest "
            f"validation loss. The final weights are those of the {used} epoch.",
            _chosen(str(entry.get("chosen_by"))),
        ]
    if "best" not in entry and entry["last"].get("validation_loss") is None:
        return ["There is no validation split, so no epoch was chosen: the last one counts."]
    missing = "best" if "last" in entry else "last"
    return [f"The weights of the {missing} epoch were not kept when this run was begun."]


def epochs_table(results: Mapping[str, Any]) -> Table | None:
    """The same for the console, narrow enough for 80 columns; None where there is no best epoch.

    Args:
        results: content of `results.json`.
    """
    entry = epochs_of(results)
    if "best" not in entry:
        return None
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title=f"{TITLE}: test, in percent")
    table.title_justify = table.caption_justify = "left"
    table.add_column("epoch")
    short = {"mean_class_accuracy": "per class", "calibration_error": "calib. error"}
    for name in ("number", "val. loss", *(short.get(n, METRIC_NAMES[n]) for n in HEADLINES)):
        table.add_column(name, justify="right", no_wrap=True)
    for heading, one in _rows(entry):
        cells = [str(one["epoch"]), number(one.get("validation_loss"))]
        cells += [percent(one[name]["value"]).removesuffix(" %") for name in HEADLINES]
        table.add_row(escape(heading), *cells)
    table.caption = escape(_chosen(str(entry.get("chosen_by"))))
    return table


def _rows(entry: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Headings with what is below them; one row where both are the same epoch."""
    if is_same_epoch(entry):
        return [("best and last", entry["best"])]
    return [
        (f"{kind} (counts)" if kind == entry["used"] else kind, entry[kind])
        for kind in KINDS
        if kind in entry
    ]


def _chosen(by: str) -> str:
    return ON_TEST if by == "test" else BY_VALIDATION
