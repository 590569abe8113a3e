"""Figures of predictions: confusion matrix, classes, calibration, matrix of variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from ferkit.evaluation.drawing import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    bar_height,
    house_style,
    labels,
    new_figure,
)
from ferkit.evaluation.wording import METRIC_NAMES, is_number

Floats = NDArray[np.float64]

# With more classes than this, cells of a confusion matrix hold no text that could be read.
_MOST_COUNTED = 10


def confusion_figure(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> Figure:
    """Confusion matrix: shares of each row as colour and text, counts below.

    Args:
        confusion: (K, K) counts, rows = given label, columns = prediction.
        classes: K names.
    """
    counts = np.asarray(confusion, np.int64)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    k = len(classes)
    names = labels(classes, 12)
    with house_style():
        figure, (axes,) = new_figure(5.0 if k <= _MOST_COUNTED else 5.9)
        small = 8 if k > 15 else 9 if k > 7 else 10
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.grid(visible=False)
        axes.set_xticks(range(k), names, rotation=90 if k > 7 else 45, fontsize=small)
        if k <= 7:
            for tick in axes.get_xticklabels():
                tick.set(ha="right", rotation_mode="anchor")
        axes.set_yticks(range(k), names, fontsize=small)
        axes.set_xlabel("predicted class")
        axes.set_ylabel("given label")
        if k <= _MOST_COUNTED:
            for row in range(k):
                for column in range(k):
                    if not counts[row, column]:
                        continue
                    share = shares[row, column]
                    axes.text(
                        column,
                        row,
                        f"{100 * share:.0f} %\n{counts[row, column]}",
                        ha="center",
                        va="center",
                        color="white" if share > 0.55 else INK,
                        fontsize=8 if k > 7 else 9,
                        linespacing=1.1,
                    )
        else:
            bar = figure.colorbar(
                image, ax=axes, location="bottom", shrink=0.6, format=PercentFormatter(1, 0)
            )
            bar.set_label("share of the given label's samples", fontsize=small)
    return figure


def per_class_figure(metrics: Mapping[str, Any]) -> Figure:
    """Accuracy of each class with its interval.

    Args:
        metrics: what `evaluate` returned.
    """
    classes = list(metrics["classes"])
    entries = [metrics["per_class"][name] for name in classes]
    place = np.arange(len(classes))
    values = [entry["accuracy"] for entry in entries]
    overall = metrics["accuracy"]["value"]
    with house_style():
        figure, (axes,) = new_figure(bar_height(len(classes)))
        axes.barh(place, [100 * value if is_number(value) else 0 for value in values], color=BLUE)
        for row, entry in enumerate(entries):
            if is_number(entry.get("low")) and is_number(entry.get("high")):
                ends = [100 * entry["low"], 100 * entry["high"]]
                axes.plot(ends, [row, row], color=INK, linewidth=1.5, marker="|", markersize=6)
        if is_number(overall):
            axes.axvline(
                100 * overall, color=ORANGE, linestyle="--", label=f"overall {100 * overall:.1f} %"
            )
            figure.legend(loc="outside upper right")
        names = [
            f"{name} ({entry['n']})" for name, entry in zip(labels(classes), entries, strict=True)
        ]
        axes.set_yticks(place, names)
        axes.set_ylim(len(classes) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_xlim(0, 100)
        axes.set_xlabel("accuracy, % of the class's samples")
        axes.set_ylabel("class (samples)")
    return figure


def reliability_figure(
    confidence: Floats, correct: NDArray[np.bool_], bins: int, *, error: float | None = None
) -> Figure:
    """How often the model is right against how sure it is, and how many samples that says.

    Args:
        confidence: (N,) in [0, 1], probability of the predicted class.
        correct: (N,) bool.
        bins: equally wide.
        error: expected calibration error to be stated, a fraction.
    """
    name = "the model" if error is None else f"the model (ECE {100 * error:.1f} %)"
    slot = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    n = np.bincount(slot, minlength=bins)
    filled = n > 0
    right = np.bincount(slot, weights=correct, minlength=bins)[filled] / n[filled]
    sure = np.bincount(slot, weights=confidence, minlength=bins)[filled] / n[filled]
    with house_style():
        figure, (axes, below) = new_figure(5.2, ratios=(2.6, 1))
        axes.plot([0, 100], [0, 100], color=GREY, linestyle="--", label="perfectly calibrated")
        axes.plot(100 * sure, 100 * right, color=BLUE, marker="o", label=name)
        axes.set(xlim=(0, 100), ylim=(0, 102), ylabel="right, %")
        axes.tick_params(labelbottom=False)
        axes.legend(loc="upper left")
        centres = 100 * (np.arange(bins) + 0.5) / bins
        below.bar(centres, n, width=92 / bins, color=BLUE)
        below.set(xlim=(0, 100), xlabel="confidence in the prediction, %", ylabel="samples")
    return figure


def variants_figure(summary: Mapping[str, Any]) -> Figure:
    """Each variant of a matrix: its seeds as dots, mean and interval as a bar.

    Args:
        summary: what `summarise_matrix` returned.
    """
    variants = summary["variants"]
    names = labels(list(variants), 18)
    metric = METRIC_NAMES.get(summary["metric"], summary["metric"])
    with house_style():
        figure, (axes,) = new_figure(bar_height(len(variants)) + 0.4)
        for row, entry in enumerate(variants.values()):
            is_baseline = list(variants)[row] == summary["baseline"]
            colour = ORANGE if is_baseline else BLUE
            seeds = [100 * value for value in entry["values"].values()]
            axes.scatter(seeds, [row + 0.22] * len(seeds), s=16, color=GREY, zorder=3)
            if is_number(entry["low"]) and is_number(entry["high"]):
                axes.plot(
                    [100 * entry["low"], 100 * entry["high"]], [row, row], color=colour,
                    marker="|", markersize=9,
                )  # fmt: skip
            axes.plot([100 * entry["mean"]], [row], color=colour, marker="D", markersize=7)
        axes.set_yticks(range(len(variants)), names)
        axes.set_ylim(len(variants) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.08)
        axes.set_xlabel(f"{metric} on {summary['split']}, %")
        axes.set_ylabel("variant")
    return figure
