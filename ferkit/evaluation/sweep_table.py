"""The table over a sweep on the console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from ferkit.evaluation.sweep_summary import (
    counts,
    drawn_in_words,
    metric_name,
    ranked,
    short_keys,
    shown_drawn,
    shown_value,
)
from ferkit.evaluation.wording import UNKNOWN, duration

MOST_SHOWN = 10
"""Trials in the table; trials.csv has all."""

MOST_COLUMNS = 3
"""Keys that get a column each; of more, one column tells all values."""


def sweep_table(state: Mapping[str, Any]) -> Table:
    """The best trials of a sweep.

    Args:
        state: of sweep.json.
    """
    keys = short_keys(list(state["space"]))
    rows = ranked(state)
    sizes = ", ".join(f"{n} {name}" for name, n in counts(state).items() if n)
    table = Table(title=f"{escape(str(state['name']))}: {sizes}", title_justify="left")
    caption = "The test split is not looked at before the best trial is chosen."
    if len(rows) > MOST_SHOWN:
        caption = f"The first {MOST_SHOWN} of {len(rows)}; trials.csv has all. {caption}"
    table.caption, table.caption_justify = caption, "left"
    apart = len(keys) <= MOST_COLUMNS
    table.add_column("trial", justify="right", no_wrap=True)
    table.add_column(metric_name(state), justify="right", min_width=10)
    for short in keys.values() if apart else ["values"]:
        table.add_column(escape(short), justify="right" if apart else "left")
    table.add_column("epochs", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    for one in rows[:MOST_SHOWN]:
        value = shown_value(state, one["value"]) if one["state"] == "complete" else one["state"]
        drawn = {short: one["drawn"].get(key, UNKNOWN) for key, short in keys.items()}
        cells = [shown_drawn(each) for each in drawn.values()]
        seconds = duration(one["seconds"]) if one["seconds"] else UNKNOWN
        table.add_row(
            str(one["number"]),
            value,
            *map(escape, cells if apart else [drawn_in_words(drawn)]),
            str(one["epochs"]),
            seconds,
            style="bold" if one["number"] == state["best"] else "",
        )
    return table
