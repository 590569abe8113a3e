"""The last and the best epoch of a matrix's variants, on its page and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ferkit.evaluation.epochs import KINDS
from ferkit.evaluation.page import PlainTable
from ferkit.evaluation.report_epochs import BY_VALIDATION, ON_TEST
from ferkit.evaluation.spreads import in_two_lines, no_interval_note
from ferkit.evaluation.tables import markdown_table, markdown_text
from ferkit.evaluation.wording import (
    HEADLINES,
    METRIC_NAMES,
    number,
)

MIXED = (
    "Which epoch is the best was chosen by the validation split in some variants, and in others "
    "by the test split itself, whose figures are then too high for new data."
)


def epochs_parts(state: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the page of a matrix says of the last and the best epoch; None where no run tells.

    Args:
        state: content of `matrix.json`.
    Returns: `sentences`, and `tables`: each with the `name` of its setting ("" where there is
        none) and its `table`.
    """
    tables, chosen, means = [], set(), []
    for name, summary in _summaries(state):
        told = {
            variant: entry["epochs"]
            for variant, entry in summary["variants"].items()
            if entry.get("epochs")
        }
        if told:
            tables.append({"name": name, "table": epochs_table(told, summary["metric"])})
            means += [
                found.get(summary["metric"]) or {}
                for one in told.values()
                for kind in KINDS
                if (found := one.get(kind))
            ]
            chosen |= {one["chosen_by"] for one in told.values() if "best" in one}
    if not tables:
        return None
    sentences = ["The final phase of each run, after its last epoch and after its best one."]
    if chosen:
        by = {"validation": BY_VALIDATION, "test": ON_TEST}
        sentences.append(by.get(chosen.pop(), MIXED) if len(chosen) == 1 else MIXED)
    note = no_interval_note(means)
    return {"sentences": [*sentences, *([note] if note else [])], "tables": tables}


def epochs_markdown(state: Mapping[str, Any]) -> str:
    """The same as Markdown; "" where no run tells."""
    parts = epochs_parts(state)
    if parts is None:
        return ""
    texts = [markdown_text(" ".join(parts["sentences"])) + "\n"]
    for one in parts["tables"]:
        rows = [[cell.replace("\n", ", 95 %: ") for cell in row] for row in one["table"].rows]
        heading = f"{markdown_text(one['name'])}\n\n" if one["name"] else ""
        texts.append(heading + markdown_table(one["table"].columns, rows))
    return "\n".join(texts)


def epochs_table(epochs: Mapping[str, Mapping[str, Any]], metric: str) -> PlainTable:
    """The last and the best epoch of the variants of one setting.

    Args:
        epochs: variant -> what `summarise_epochs` returned.
        metric: of the matrix.
    """
    shown = metric if metric in HEADLINES else HEADLINES[0]
    name = METRIC_NAMES[shown]
    columns = ["variant", f"last epoch: {name}", f"best epoch: {name}", "mean number, last"]
    columns += ["mean number, best", "same epoch", "counts", "runs"]
    rows = [
        [
            variant,
            *(in_two_lines(one.get(kind, {}).get(shown)) for kind in ("last", "best")),
            *(number(one.get(kind, {}).get("epoch"), 1) for kind in ("last", "best")),
            f"{one['same']} of {one['n']}",
            " or ".join(one["used"]),
            str(one["n"]),
        ]
        for variant, one in epochs.items()
    ]
    caption = "Means over the runs ± standard deviation, below them 95 % intervals"
    return PlainTable(columns, rows, caption)


def _summaries(state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if state.get("summary"):
        yield "", state["summary"]
    yield from (state.get("settings") or {}).items()
