"""Tables: for the console (rich), as CSV and as Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from ferkit.evaluation.matrix import summarise_matrix
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
    "matrix_csv",
    "matrix_markdown",
    "matrix_rows",
    "matrix_table",
    "results_table",
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
    """The headline metrics of a run, a row per split.

    Args:
        results: content of `results.json`.
    """
    table = Table(title="Results, 95 % intervals in brackets", title_justify="left")
    table.add_column("split")
    table.add_column("samples", justify="right")
    for name in METRIC_NAMES.values():
        table.add_column(name, justify="right")
    for split, metrics in results.items():
        if not is_metrics(metrics):
            continue
        cells = [
            _with_interval(percent(metrics[name]["value"]), interval(metrics[name]))
            for name in METRIC_NAMES
        ]
        table.add_row(escape(split), str(metrics["n"]), *cells)
    return table


def class_table(metrics: Mapping[str, Any]) -> Table:
    """Accuracy, precision and F1 of each class of one split."""
    table = Table(title="Per class, 95 % intervals in brackets", title_justify="left")
    table.add_column("class")
    for name in ("samples", "accuracy", "precision", "F1"):
        table.add_column(name, justify="right")
    for name, entry in metrics["per_class"].items():
        table.add_row(
            escape(name),
            str(entry["n"]),
            _with_interval(percent(entry["accuracy"]), interval(entry)),
            percent(entry["precision"]),
            percent(entry["f1"]),
        )
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
    columns += ["wrong labels by weight: AUROC", "precision at k"] if noisy else []
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
        if noisy:
            row += _noise_cells(entry["label_noise"], equal="0.500 (weights all equal)")
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
    table = Table(
        title_justify="left", caption_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    table.title = escape(f"{METRIC_NAMES.get(metric, metric)} on {summary['split']}, in percent")
    table.add_column("variant", overflow="fold")
    table.add_column("seeds", justify="right", no_wrap=True)
    table.add_column(_SHORT.get(metric, metric), justify="right", no_wrap=True)
    if baseline:
        table.add_column("gain", justify="right", no_wrap=True)
        caption += f" Gain: over {baseline}, paired by seed, in points."
    table.add_column(_SHORT[beside], justify="right", no_wrap=True)
    if noisy:
        table.add_column("AUROC", justify="right", no_wrap=True)
        table.add_column("P@k", justify="right", no_wrap=True)
        caption += (
            " AUROC, P@k: how well low weight finds the wrong labels among the training labels;"
            " 0.5 is chance, as when all weights are equal (=)."
        )
    table.caption = escape(caption)
    for name, entry in summary["variants"].items():
        ends = _compact(interval(entry))
        row = [name, str(entry["n"]), f"{percent(entry['mean']).removesuffix(' %')}\n{ends}"]
        if baseline:
            row.append(_gain_cell(entry["gain"]))
        row.append(percent(entry["means"].get(beside)).removesuffix(" %"))
        if noisy:
            row += _noise_cells(entry["label_noise"], equal="0.500 =")
        table.add_row(*(escape(cell) for cell in row))
    return table


def matrix_markdown(summary: Mapping[str, Any]) -> str:
    """The table of a matrix as Markdown; see `matrix_rows`."""
    columns, rows = matrix_rows(summary)
    lines = [_markdown_row(columns), "|" + " --- |" + " ---: |" * (len(columns) - 1)]
    return "\n".join([*lines, *(_markdown_row(row) for row in rows)]) + "\n"


def matrix_csv(summary: Mapping[str, Any]) -> str:
    """The numbers of a matrix as CSV: fractions, a row per variant, a column per seed."""
    keys = ("n", "mean", "sd", "low", "high")
    seeds = summary["seeds"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "variant",
            *keys,
            *(f"gain_{key}" for key in keys),
            *(f"mean_of_{name}" for name in METRIC_NAMES),
            "weight_auroc",
            "weight_precision_at_k",
            "loss_auroc",
            *(f"seed_{seed}" for seed in seeds),
        ]
    )
    for name, entry in summary["variants"].items():
        noise = entry["label_noise"] or {}
        writer.writerow(
            _csv_cells(
                [
                    name,
                    *(entry[key] for key in keys),
                    *((entry["gain"] or {}).get(key) for key in keys),
                    *(entry["means"].get(metric) for metric in METRIC_NAMES),
                    noise.get("weight_auroc", {}).get("mean"),
                    noise.get("weight_precision_at_k", {}).get("mean"),
                    noise.get("loss_auroc", {}).get("mean"),
                    *(entry["values"].get(seed) for seed in seeds),
                ]
            )
        )
    return text.getvalue()


def _beside(metric: str) -> str:
    """The metric shown beside: per-class accuracy beside accuracy, and the other way round."""
    return "accuracy" if metric == "mean_class_accuracy" else "mean_class_accuracy"


def _any_noise(summary: Mapping[str, Any]) -> bool:
    return any(entry["label_noise"] for entry in summary["variants"].values())


def _compact(ends: str) -> str:
    return f"[{ends.replace(' to ', ', ')}]" if ends else "one seed"


def _gain_cell(gain: Mapping[str, Any] | None) -> str:
    if gain is None:
        return UNKNOWN
    return f"{points(gain['mean'])}\n{_compact(points_interval(gain))}"


def _noise_cells(noise: Mapping[str, Any] | None, *, equal: str) -> list[str]:
    if not noise or "weight_auroc" not in noise:
        return [UNKNOWN, UNKNOWN]
    auroc = equal if noise["all_equal"] else number(noise["weight_auroc"]["mean"])
    return [auroc, percent(noise.get("weight_precision_at_k", {}).get("mean"), 0)]


def _with_interval(value: str, ends: str) -> str:
    return f"{value} ({ends})" if ends else value


def _markdown_row(cells: Sequence[str]) -> str:
    safe = (" ".join(cell.replace("\\", "\\\\").replace("|", "\\|").split()) for cell in cells)
    return "| " + " | ".join(safe) + " |"


def _csv_cells(values: Sequence[Any]) -> list[Any]:
    return [
        "" if value is None else f"{value:.6f}" if isinstance(value, float) else value
        for value in values
    ]
