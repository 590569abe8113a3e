"""All folds together, on the page over a matrix: figures and confusion matrices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ferkit.evaluation.page import Picture, PlainTable, picture
from ferkit.evaluation.spreads import in_two_lines, no_interval_note
from ferkit.evaluation.wording import HEADLINES, METRIC_NAMES, UNKNOWN, is_number, percent

MOST_DRAWN = 12
"""Confusion matrices that are drawn; of more there are tables, which are made at once."""

_WHAT = (
    "The test samples of all folds together, each predicted once, by the run that held it out. "
    "Accuracy differs little from the mean over folds; mean per-class accuracy, macro-F1 and "
    "the confusion matrix do, as a fold has few samples of some classes."
)
_OVER_SEEDS = (
    "Mean ± standard deviation over seeds, below it the 95 % t-interval over seeds: the luck of "
    "the seed, not the choice of test samples."
)
_BOOTSTRAP = (
    "Below each figure its 95 % bootstrap interval over {}, that of the accuracy widened to "
    "Wilson's: the choice of test samples, not the luck of the seed."
)


def pooled_parts(state: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the page of a matrix says of all folds together; None where there are no folds.

    Args:
        state: content of `matrix.json`.
    Returns: `sentences`, and `parts`: of each setting its `name` ("" where there is none), `table`,
        and `confusions`: each with a `name` and its `picture` or `table`.
    """
    found = {name: one for name, one in _summaries(state) if one.get("pooled")}
    if not found:
        return None
    entries = [
        entry["pooled"]
        for summary in found.values()
        for entry in summary["variants"].values()
        if entry.get("pooled")
    ]
    whole = [entry for entry in entries if entry.get("metrics")]
    drawn = len(whole) <= MOST_DRAWN
    parts = [
        {
            "name": name,
            "table": _table(summary),
            "confusions": list(_confusions(summary, drawn=drawn)),
        }
        for name, summary in found.items()
    ]
    return {"sentences": [_WHAT, *_intervals(whole)], "parts": parts}


def _intervals(whole: Sequence[Mapping[str, Any]]) -> list[str]:
    sentences = [_OVER_SEEDS] if any(len(entry["seeds"]) > 1 for entry in whole) else []
    units = dict.fromkeys(entry["resampled"] for entry in whole if len(entry["seeds"]) == 1)
    sentences += [_BOOTSTRAP.format(" or ".join(units))] if units else []
    note = no_interval_note(one for entry in whole for one in entry["metrics"].values())
    return [*sentences, *([note] if note else [])]


def _table(summary: Mapping[str, Any]) -> PlainTable:
    """A row per variant; those whose folds are not all done say so."""
    metric = summary["metric"]
    main = summary["pooled"]["main"]
    columns = ["variant", *(METRIC_NAMES[name] for name in HEADLINES)]
    columns += [f"mean over folds: {METRIC_NAMES.get(metric, metric)}"]
    columns += ["test samples", "folds", "seeds"]
    rows = []
    for name, entry in summary["variants"].items():
        found = entry.get("pooled")
        if not found:
            continue
        over_folds = entry["over_folds"][metric] if main else entry
        if why := found.get("why"):
            shown = [UNKNOWN] * len(HEADLINES)
            rows.append([name, *shown, in_two_lines(over_folds), UNKNOWN, why, UNKNOWN])
            continue
        samples = str(found["samples"])
        samples += f"\n({found['units']} subjects)" if found["resampled"] == "subjects" else ""
        of_folds = found.get("of_folds")
        part = is_number(of_folds) and of_folds > found["folds"]
        folds = f"{found['folds']} of {of_folds}" if part else str(found["folds"])
        figures = [in_two_lines(found["metrics"][one]) for one in HEADLINES]
        seeds = str(len(found["seeds"]))
        rows.append([name, *figures, in_two_lines(over_folds), samples, folds, seeds])
    return PlainTable(columns, rows)


def _confusions(summary: Mapping[str, Any], *, drawn: bool) -> Iterator[dict[str, Any]]:
    """Of each variant, pooled; drawn, or as a table."""
    for name, entry in summary["variants"].items():
        found = entry.get("pooled") or {}
        if not found.get("metrics"):
            continue
        made = _drawn(name, found) if drawn else None
        yield {"picture": made, "table": None if drawn else _counts(name, found)}


def _drawn(name: str, found: Mapping[str, Any]) -> Picture:
    from ferkit.evaluation.drawing import png
    from ferkit.evaluation.figures import confusion_figure

    figure = confusion_figure(found["confusion"], found["classes"])
    return picture(png(figure), f"{name}: {_caption(found)}")


def _counts(name: str, found: Mapping[str, Any]) -> PlainTable:
    classes, rows = found["classes"], []
    for of, counts in zip(classes, found["confusion"], strict=True):
        total = sum(counts)
        shares = [f"{percent(count / total, 0)}\n{count}" if count else "" for count in counts]
        rows.append([of, *shares])
    return PlainTable(["given \\ predicted", *classes], rows, f"{name}: {_caption(found)}")


def _caption(found: Mapping[str, Any]) -> str:
    seeds = len(found["seeds"])
    text = "confusion matrix of all folds together, share of the row and count"
    return f"{text}, summed over {seeds} seeds." if seeds > 1 else f"{text}."


def _summaries(state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if state.get("summary"):
        yield "", state["summary"]
    yield from (state.get("settings") or {}).items()
