"""Tables: for the console (rich), as CSV and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ferkit.evaluation.cost import cost_cells, costs_differ
from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.report_rounds import rounds_table
from ferkit.evaluation.stability import all_stable
from ferkit.evaluation.wording import (
    METRIC_NAMES,
    UNKNOWN,
    interval,
    number,
    percent,
    points,
    points_interval,
)

__all__ = [
    "class_table",
    "markdown_table",
    "matrix_markdown",
    "matrix_rows",
    "matrix_table",
    "no_interval",
    "results_table",
    "rounds_markdown",
    "summarise_matrix",
]

_METRICS_KEYS = (*METRIC_NAMES, "n", "per_class", "confusion", "classes", "absent", "bins")
_METRICS_KEYS += ("resampled", "units", "bootstrap")

_SHORT = {
    "accuracy": "accuracy",
    "mean_class_accuracy": "per class",
    "macro_f1": "macro-F1",
    "calibration_error": "calib. error",
}


def results_table(results: Mapping[str, Any]) -> Table:
    """The headline metrics of a run in percent, a row per split.

    Args:
        results: content of `results.json`.
    """
    columns = ["split", "n", *(_SHORT[name] for name in METRIC_NAMES)]
    table = _narrow_table("Results in percent", columns)
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
    table = _narrow_table(
        "Per class, in percent", ["class", "samples", "accuracy", "interval", "precision", "F1"]
    )
    table.caption = "Accuracy: share of the class's samples that were recognised, 95 % interval."
    for name, entry in metrics["per_class"].items():
        values = [percent(entry[key]).removesuffix(" %") for key in ("accuracy", "precision", "f1")]
        cells = [name, str(entry["n"]), values[0], _compact(interval(entry), ""), *values[1:]]
        table.add_row(*map(escape, cells))
    return table


def is_metrics(entry: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether an entry of `results.json` is what `evaluate` returns."""
    return isinstance(entry, Mapping) and all(key in entry for key in _METRICS_KEYS)


def matrix_rows(summary: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of a matrix, as text for people.

    Args:
        summary: what `summarise_matrix` returned.
    Returns: column names, and a row of as many cells per variant.
    """
    metric, baseline = summary["metric"], summary["baseline"]
    variants = summary["variants"]
    beside = _beside(metric)
    noisy = _any_noise(summary)
    columns = ["variant", "seeds", METRIC_NAMES.get(metric, metric), "95 % interval"]
    columns += [f"gain over {baseline}, points", "95 % interval of the gain"] if baseline else []
    columns += [METRIC_NAMES[beside]]
    stable = all_stable(variants.values())
    columns += ["stability distance"] if stable else []
    columns += ["wrong labels by weight: AUROC", "precision at k"] if noisy else []
    costly = costs_differ(entry.get("cost") for entry in variants.values())
    columns += ["parameters", "gflops"] if costly else []
    rows = []
    for name, entry in variants.items():
        row = [name, str(entry["n"]), percent(entry["mean"]), interval(entry) or entry["method"]]
        if baseline:
            gain = entry["gain"]
            row += (
                [points(gain["mean"]), points_interval(gain) or "no interval: one seed"]
                if gain
                else ["baseline" if name == baseline else UNKNOWN, ""]
            )
        row.append(percent(entry["means"].get(beside)))
        row += [percent(entry["stability_distance"])] if stable else []
        if noisy:
            row += _noise_cells(entry["label_noise"], equal="0.500 (weights all equal)")
        row += cost_cells(entry.get("cost")) if costly else []
        rows.append(row)
    return columns, rows


def matrix_table(summary: Mapping[str, Any]) -> Table:
    """The table of a matrix for the console, narrow enough for 80 columns: each interval
    stands below its value.

    Args:
        summary: what `summarise_matrix` returned.
    """
    metric, baseline = summary["metric"], summary["baseline"]
    beside = _beside(metric)
    noisy = _any_noise(summary)
    caption = "Below each mean its 95 % t-interval over seeds."
    columns = ["variant", "seeds", _SHORT.get(metric, metric)]
    if baseline:
        columns.append("gain")
        caption += f" Gain: over {baseline}, paired by seed, in points."
    columns.append(_SHORT[beside])
    if noisy:
        columns += ["AUROC", "P@k"]
        caption += (
            " AUROC, P@k: how well low weight finds the wrong labels among the training labels;"
            " 0.5 is chance, as when all weights are equal (=)."
        )
    title = f"{METRIC_NAMES.get(metric, metric)} on {summary['split']}, in percent"
    table = _narrow_table(title, columns)
    table.caption = escape(caption)
    for name, entry in summary["variants"].items():
        row = [name, str(entry["n"]), _below(entry["mean"], interval(entry) or "one seed")]
        if baseline:
            row.append(_gain_cell(entry["gain"]))
        row.append(percent(entry["means"].get(beside)).removesuffix(" %"))
        if noisy:
            row += _noise_cells(entry["label_noise"], equal="0.500 =")
        table.add_row(*(escape(cell) for cell in row))
    return table


def matrix_markdown(summary: Mapping[str, Any]) -> str:
    """The table of a matrix as Markdown; see `matrix_rows`."""
    return markdown_table(*matrix_rows(summary))


def rounds_markdown(rounds: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]) -> str:
    """The rounds of a matrix as Markdown.

    Args:
        rounds: setting ("" where there is none) -> variant -> what `summarise_rounds` returned.
    """
    parts = []
    for setting, variants in rounds.items():
        table = rounds_table(variants)
        rows = [[cell.replace("\n", " ") for cell in row] for row in table.rows]
        heading = f"{setting}\n\n" if setting else ""
        parts.append(heading + markdown_table(table.columns, rows))
    return "\n".join(parts)


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; the first column is a name, the others are numbers."""
    lines = [_markdown_row(columns), "|" + " --- |" + " ---: |" * (len(columns) - 1)]
    return "\n".join([*lines, *(_markdown_row(row) for row in rows)]) + "\n"


def _beside(metric: str) -> str:
    """The metric shown beside: per-class accuracy beside accuracy, and the other way round."""
    return "accuracy" if metric == "mean_class_accuracy" else "mean_class_accuracy"


def _any_noise(summary: Mapping[str, Any]) -> bool:
    return any(entry["label_noise"] for entry in summary["variants"].values())


def _narrow_table(title: str, columns: Sequence[str]) -> Table:
    """A console table of numbers that fits into 80 columns; the first column is a name."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title=escape(title))
    table.title_justify = table.caption_justify = "left"
    for place, name in enumerate(columns):
        if place == 0:
            table.add_column(escape(name), overflow="fold", min_width=10)
        else:
            table.add_column(escape(name), justify="right", no_wrap=True)
    return table


def _compact(ends: str, otherwise: str = "one seed") -> str:
    """ "1 to 2" as "[1, 2]"."""
    return f"[{ends.replace(' to ', ', ')}]" if " to " in ends else otherwise


def _below(value: Any, ends: str) -> str:
    """A cell of two lines: the value in percent, and its interval below."""
    return f"{percent(value).removesuffix(' %')}\n{_compact(ends, ends)}".rstrip()


def _gain_cell(gain: Mapping[str, Any] | None) -> str:
    if gain is None:
        return UNKNOWN
    return f"{points(gain['mean'])}\n{_compact(points_interval(gain))}"


def _noise_cells(noise: Mapping[str, Any] | None, *, equal: str) -> list[str]:
    if not noise or "weight_auroc" not in noise:
        return [UNKNOWN, UNKNOWN]
    auroc = equal if noise["all_equal"] else number(noise["weight_auroc"]["mean"])
    return [auroc, percent(noise.get("weight_precision_at_k", {}).get("mean"), 0)]


def _markdown_row(cells: Sequence[str]) -> str:
    safe = (" ".join(cell.replace("\\", "\\\\").replace("|", "\\|").split()) for cell in cells)
    return "| " + " | ".join(safe) + " |"
