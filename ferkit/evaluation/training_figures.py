"""Figures of the training: curves, data, weights of labels, confidence of targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ferkit.evaluation.drawing import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    house_style,
    label,
    labels,
    new_figure,
)
from ferkit.evaluation.epoch_axis import curve, mark_phases, phases_of, show_epochs

Floats = NDArray[np.float64]

_SPLIT_COLOURS = (BLUE, ORANGE, GREEN, RED, GREY)
_BINS = 20


def learning_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Loss and validation accuracy by epoch, phases parted by lines.

    Args:
        rows: of `metrics.csv`, in order; numbers as float, NaN where blank.
    """
    phases = phases_of(rows)
    with house_style():
        figure, (losses, accuracies) = new_figure(5.2, ratios=(1, 1))
        curve(losses, rows, "train_loss", phases, BLUE, "train", "o")
        curve(losses, rows, "validation_loss", phases, ORANGE, "validation", "s")
        losses.set_ylabel("loss, nats")
        if losses.get_legend_handles_labels()[0]:
            losses.legend(loc="best")
        curve(accuracies, rows, "validation_accuracy", phases, ORANGE, None, "s", scale=100)
        accuracies.set_ylabel("validation accuracy, %")
        accuracies.set_xlabel("epoch, counted over all phases")
        for axes in (losses, accuracies):
            show_epochs(axes, 0, max(2, len(rows)))
        mark_phases((losses, accuracies), rows, phases)
    return figure


def split_figure(sizes: Mapping[str, Mapping[str, int]], classes: Sequence[str]) -> Figure:
    """Samples of each class in each split.

    Args:
        sizes: split -> class -> samples; classes a split lacks count as 0.
        classes: K names.
    """
    shown = {split: counts for split, counts in sizes.items() if sum(counts.values())}
    place = np.arange(len(classes))
    thick = 0.8 / max(1, len(shown))
    with house_style():
        figure, (axes,) = new_figure(1.6 + len(classes) * max(0.34, 0.16 * len(shown)))
        for row, (split, counts) in enumerate(shown.items()):
            values = [counts.get(name, 0) for name in classes]
            colour = _SPLIT_COLOURS[row % len(_SPLIT_COLOURS)]
            offset = (row - (len(shown) - 1) / 2) * thick
            axes.barh(place + offset, values, thick, color=colour, label=label(split, row + 1))
        axes.set_yticks(place, labels(classes))
        axes.set_ylim(len(classes) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.set_xlabel("samples")
        axes.set_ylabel("class")
        if shown:
            figure.legend(loc="outside upper center", ncols=min(3, len(shown)))
    return figure


def weight_figure(weights: Floats, wrong: NDArray[np.bool_] | None) -> Figure:
    """Final weights of the training labels, right and wrong ones apart where known.

    Args:
        weights: (N,) >= 0.
        wrong: (N,) bool, or None where the truth is unknown.
    """
    edges = np.linspace(0, max(1.0, float(weights.max(initial=0))), _BINS + 1)
    with house_style():
        figure, (axes,) = new_figure(3.2)
        if wrong is None:
            _histogram(axes, weights, edges, BLUE, None, filled=True)
            axes.set_ylabel("share of the labels, %")
        else:
            for part, colour, name in ((~wrong, BLUE, "right"), (wrong, RED, "wrong")):
                text = f"{name} labels ({int(part.sum())})"
                _histogram(axes, weights[part], edges, colour, text, filled=name == "right")
            axes.set_ylabel("share of each kind, %")
            figure.legend(loc="outside upper center", ncols=2)
        axes.set_xlabel("weight in the loss (no unit)")
        axes.set_xlim(edges[0], edges[-1])
    return figure


def target_figure(confidence: Mapping[str, Floats]) -> Figure:
    """How sure the final targets are: the largest entry of each.

    Args:
        confidence: split -> (N,) in [0, 1].
    """
    edges = np.linspace(0, 1, _BINS + 1)
    with house_style():
        figure, (axes,) = new_figure(3.2)
        for row, (split, values) in enumerate(confidence.items()):
            colour = _SPLIT_COLOURS[row % len(_SPLIT_COLOURS)]
            text = f"{label(split, row + 1)} ({len(values)})"
            _histogram(axes, values, edges, colour, text, filled=row == 0)
        axes.set_xlim(0, 1)
        axes.set_xlabel("largest probability of the target (no unit)")
        axes.set_ylabel("share of the split, %")
        if confidence:
            figure.legend(loc="outside upper center", ncols=2)
    return figure


def _histogram(
    axes: Axes, values: Floats, edges: Floats, colour: str, name: str | None, *, filled: bool
) -> None:
    """A histogram in percent of `values`: filled, or an outline that lies over a filled one."""
    if not len(values):
        return
    shares = 100 * np.histogram(values, edges)[0] / len(values)
    axes.stairs(
        shares, edges, color=colour, fill=filled, alpha=0.55 if filled else 1, label=name,
        linewidth=0 if filled else 2.2,
    )  # fmt: skip
