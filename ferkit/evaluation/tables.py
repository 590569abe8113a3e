"""Tables: for the console (rich), as CSV and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeGuard

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ferkit.evaluation.report_rounds import rounds_note, rounds_table
from ferkit.evaluation.wording import (
    METRIC_NAMES,
    SHORT_NAMES,
    UNKNOWN,
    bracketed,
    interval,
    percent,
)

_METRICS_KEYS = (*METRIC_NAMES, "n", "per_class", "confusion", "classes", "absent", "bins")
_METRICS_KEYS += ("resampled", "units", "bootstrap")

LEAST_FIRST = 10
"""Columns of the console that the first column of a table takes at least."""

_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\|*"})

_MARKS = re.compile(r"[\\`*|\[\]~]|(?<!\w)_|_(?!\w)|<(?=[a-zA-Z/!?])|&(?=#?\w+;)|^>")
_LINE_START = re.compile(r"^(\d{0,9})([#+.)-])(?=[\s#+.)-]|$)")
"""What would begin a heading, a quotation or a list."""


def results_table(results: Mapping[str, Any]) -> Table:
    """The headline metrics of a run in percent, a row per split.

    Args:
        results: content of `results.json`.
    """
    columns = ["split", "n", *(SHORT_NAMES[name] for name in METRIC_NAMES)]
    table = narrow_table("Results in percent", columns)
    splits = {split: metrics for split, metrics in results.items() if is_metrics(metrics)}
    caption = "Below each value its 95 % interval. Per class: mean of the classes' accuracies."
    if any(metrics["resampled"] == "subjects" for metrics in splits.values()):
        caption += " Below n, in brackets: the subjects."
    reasons = {why: None for metrics in splits.values() for why in no_interval(metrics)}
    if reasons:
        caption += f" {UNKNOWN}: no interval ({'; '.join(reasons)})."
    table.caption = escape(caption)
    for split, metrics in splits.items():
        cells = [
            _below(metrics[name]["value"], interval(metrics[name]) or UNKNOWN)
            for name in METRIC_NAMES
        ]
        n = str(metrics["n"])
        if metrics["resampled"] == "subjects":
            n += f"\n({metrics['units']})"
        table.add_row(escape(split), n, *map(escape, cells))
    return table


def no_interval(metrics: Mapping[str, Any]) -> dict[str, list[str]]:
    """Why headline metrics of a split have no interval: reason -> names of the metrics."""
    reasons: dict[str, list[str]] = {}
    for key, name in METRIC_NAMES.items():
        if why := metrics[key].get("no_interval"):
            reasons.setdefault(str(why), []).append(name)
    return reasons


def class_table(metrics: Mapping[str, Any]) -> Table:
    """Accuracy, precision and F1 of each class of one split, in percent."""
    table = narrow_table(
        "Per class, in percent", ["class", "samples", "accuracy", "interval", "precision", "F1"]
    )
    table.caption = "Accuracy: share of the class's samples that were recognised, 95 % interval."
    for name, entry in metrics["per_class"].items():
        values = [percent(entry[key]).removesuffix(" %") for key in ("accuracy", "precision", "f1")]
        cells = [name, str(entry["n"]), values[0], bracketed(interval(entry)), *values[1:]]
        table.add_row(*map(escape, cells))
    return table


def is_metrics(entry: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether an entry of `results.json` is what `evaluate` returns."""
    return isinstance(entry, Mapping) and all(key in entry for key in _METRICS_KEYS)


def rounds_markdown(rounds: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]) -> str:
    """The rounds of a matrix as Markdown.

    Args:
        rounds: setting ("" where there is none) -> variant -> what `summarise_rounds` returned.
    """
    parts = []
    for setting, variants in rounds.items():
        table = rounds_table(variants)
        rows = [[cell.replace("\n", " ") for cell in row] for row in table.rows]
        heading = f"{markdown_text(setting)}\n\n" if setting else ""
        note = rounds_note(variants)
        below = f"\n{markdown_text(note)}\n" if note else ""
        parts.append(heading + markdown_table(table.columns, rows) + below)
    return "\n".join(parts)


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; the first column is a name, the others are numbers."""
    lines = [_markdown_row(columns), "|" + " --- |" + " ---: |" * (len(columns) - 1)]
    return "\n".join([*lines, *(_markdown_row(row) for row in rows)]) + "\n"


def markdown_text(text: str) -> str:
    """A text as Markdown shows it word by word, in a line of its own: no mark of it is taken for
    emphasis, a link, HTML or a list."""
    escaped = _MARKS.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))
    return _LINE_START.sub(lambda found: f"{found[1]}\\{found[2]}", escaped)


def narrow_table(title: str, columns: Sequence[str], *, names: Collection[str] = ()) -> Table:
    """A console table of numbers that fits into 80 columns.

    Args:
        names: columns of words, which are broken where there is no room; so is the first.
    """
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title=escape(title))
    table.title_justify = table.caption_justify = "left"
    for place, name in enumerate(columns):
        if place == 0:
            table.add_column(escape(name), overflow="fold", min_width=LEAST_FIRST)
        elif name in names:
            table.add_column(escape(name), overflow="fold")
        else:
            table.add_column(escape(name), justify="right", no_wrap=True)
    return table


def _below(value: Any, ends: str) -> str:
    """A cell of two lines: the value in percent, and its interval below."""
    shown = bracketed(ends) if " to " in ends else ends
    return f"{percent(value).removesuffix(' %')}\n{shown}".rstrip()


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.translate(_MARKDOWN).split()) for cell in cells) + " |"
