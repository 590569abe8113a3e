"""Figures of how weights and labels move over the epochs (paper A: A6, A9, A10)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from ferkit.evaluation.drawing import BLUE, GREEN, GREY, INK, ORANGE, RED, house_style, new_figure
from ferkit.evaluation.epoch_axis import (
    Rows,
    column,
    curve,
    mark_phases,
    phases_of,
    show_epochs,
    stretch,
)

Floats = NDArray[np.float64]

MOVED = "labelled_weights_moved"
TREND = "labelled_validation_trend"
FLOOR = "labelled_at_floor"
MEAN = "mean_weight_labelled"
ZERO = "weight_zero_labelled"


class Histograms(NamedTuple):
    """Histograms of the weights of one split, an epoch each.

    rows: (E,) int64, the row of `metrics.csv` each belongs to. edges: (B + 1,) weights, the last
    one 1. shares: (E, B + 1) of the split's samples; the last column is of weights above 1.
    """

    rows: NDArray[np.int64]
    edges: Floats
    shares: Floats


def weight_histograms(
    table: Sequence[Mapping[str, Any]], metrics: Rows, split: str = "labelled"
) -> Histograms | None:
    """The rows of `weight_histograms.csv` as one table of shares.

    Args:
        table: rows with phase, round, epoch, split, lower, upper, count; numbers as float.
        metrics: rows of `metrics.csv`, which place an epoch among all.
        split: whose weights.
    Returns: None where there are none, or where all weights stay in the highest bin up to 1 and
        the run does not tell whether weights move. Epochs without a sample are left out.
    """
    wanted = [row for row in table if row["split"] == split and _is_bin(row)]
    lowers = sorted({row["lower"] for row in wanted if row["lower"] < 1})
    if not lowers:
        return None
    bins = {lower: place for place, lower in enumerate(lowers)}
    counts: dict[tuple[str, float, float], Floats] = {}
    for row in wanted:
        one = counts.setdefault(_key(row), np.zeros(len(lowers) + 1))
        one[bins.get(row["lower"], len(lowers))] += row["count"]
    places = {_key(row): place for place, row in enumerate(metrics)}
    unplaced = [key for key in counts if key not in places]
    places |= {key: len(metrics) + row for row, key in enumerate(unplaced)}
    kept = sorted((key for key in counts if counts[key].sum() > 0), key=places.__getitem__)
    if not kept:
        return None
    stacked = np.stack([counts[key] for key in kept])
    if not (stacked[:, :-2].any() or stacked[:, -1].any() or stretch(metrics, [MOVED])):
        return None
    return Histograms(
        np.array([places[key] for key in kept], np.int64),
        np.array([*lowers, 1.0]),
        stacked / stacked.sum(axis=1, keepdims=True),
    )


def weight_course_figure(histograms: Histograms, metrics: Rows) -> Figure:
    """Heat map: which share of the labels has which weight, epoch by epoch.

    Epochs in which the weights moved are marked above, where `metrics` tell.
    """
    first, last = int(histograms.rows[0]), int(histograms.rows[-1]) + 1
    bins = len(histograms.edges) - 1
    shares = np.full((bins + 1, last - first), np.nan)
    shares[:, histograms.rows - first] = histograms.shares.T
    step = float(histograms.edges[1] - histograms.edges[0])
    above = bool(np.nan_to_num(shares[-1]).any())
    edges = [*histograms.edges, 1 + step] if above else list(histograms.edges)
    phases = phases_of(metrics)
    with house_style():
        figure, (axes,) = new_figure(3.6)
        axes.set_facecolor("#E5E7EB")
        mesh = axes.pcolormesh(
            np.arange(first, last + 1) + 0.5,
            edges,
            np.ma.masked_invalid(shares if above else shares[:-1]),
            cmap="Blues",
            # Shares of a few percent stay visible beside one of nearly all.
            norm=PowerNorm(0.4, 0, 1),
        )
        bar = figure.colorbar(mesh, ax=axes, ticks=[0, 0.02, 0.1, 0.3, 1], pad=0.02)
        bar.ax.yaxis.set_major_formatter(PercentFormatter(1, 0, symbol=" %"))
        bar.set_label("share of the labels")
        axes.grid(visible=False)
        if above:
            axes.axhline(1, color=GREY, linewidth=0.8)
            ticks = np.arange(0, 0.9, 0.2).tolist()
            axes.set_yticks([*ticks, 1 + step / 2], [*(f"{tick:.1f}" for tick in ticks), "> 1"])
        axes.set_ylabel("weight in the loss (no unit)")
        axes.set_xlabel("epoch, counted over all phases")
        show_epochs(axes, first, last)
        moved = column(metrics, MOVED)[first:last]
        if np.isfinite(moved).any():
            _mark_moved(axes, first + np.flatnonzero(moved > 0))
            figure.legend(loc="outside upper center")
        mark_phases((axes,), metrics, phases, (first, last), named=False)
    return figure


def label_course_figure(metrics: Rows) -> Figure | None:
    """Mean weight and zero weights, labels at the floor, and the validation loss's trend.

    Returns: None where no epoch has any of them, or nothing but the weight 1 of a run that
        weighs nothing.
    """
    shown = stretch(metrics, [FLOOR, MEAN, ZERO, TREND])
    acts = stretch(metrics, [FLOOR, TREND, MOVED])
    if shown is None or not (acts or _weighs(metrics)):
        return None
    if acts and not _weighs(metrics[: acts[0]]):
        # A first phase in which nothing is weighed would only take the others' room.
        shown = (acts[0], shown[1])
    phases = phases_of(metrics)
    panels = [
        [name for name in names if stretch(metrics, [name])]
        for names in ((MEAN, ZERO), (FLOOR,), (TREND,))
    ]
    panels = [names for names in panels if names]
    with house_style():
        figure, all_axes = new_figure(0.9 + 1.35 * len(panels), ratios=[1] * len(panels))
        for axes, names in zip(all_axes, panels, strict=True):
            if names[0] in (MEAN, ZERO):
                _weights_panel(axes, metrics, phases)
            elif names[0] == FLOOR:
                curve(axes, metrics, FLOOR, phases, GREEN, None, "o")
                axes.set_ylabel("labels at\nthe floor")
                axes.set_ylim(0, 1.1 * max(1.0, float(np.nanmax(column(metrics, FLOOR)))))
                axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
            else:
                _trend_panel(axes, metrics, phases)
            show_epochs(axes, *shown)
        for axes in all_axes[:-1]:
            axes.tick_params(labelbottom=False)
        all_axes[-1].set_xlabel("epoch, counted over all phases")
        mark_phases(all_axes, metrics, phases, shown)
        figure.align_ylabels(all_axes)
    return figure


def _weights_panel(axes: Axes, metrics: Rows, phases: Sequence[tuple[int, int]]) -> None:
    curve(axes, metrics, MEAN, phases, BLUE, "mean weight", "o")
    curve(axes, metrics, ZERO, phases, RED, "share of zero weights", "s")
    highest = float(np.nanmax(column(metrics, MEAN), initial=1))
    axes.set(ylabel="weight,\nshare", ylim=(-0.05, 1.05 * max(1.0, highest)))
    axes.legend(loc="center left")


def _trend_panel(axes: Axes, metrics: Rows, phases: Sequence[tuple[int, int]]) -> None:
    axes.axhline(0, color=GREY, linestyle="--", linewidth=1)
    curve(axes, metrics, TREND, phases, ORANGE, None, "s")
    moved = np.flatnonzero(column(metrics, MOVED) > 0)
    trend = column(metrics, TREND)
    if len(moved):
        axes.plot(moved + 1, trend[moved], linestyle="", marker="v", color=INK, markersize=5)
    axes.set_ylabel("validation\ntrend, nats")


def _mark_moved(axes: Axes, rows: NDArray[np.int64]) -> None:
    axes.plot(
        rows + 1, np.full(len(rows), 1.03), transform=axes.get_xaxis_transform(), clip_on=False,
        linestyle="", marker="v", color=INK, markersize=4, 
        label="weights moved in this epoch" if len(rows) else "weights moved in no epoch",
    )  # fmt: skip


def _weighs(metrics: Rows) -> bool:
    """Whether some epoch has a mean weight other than 1 or weights of zero."""
    means, zeros = column(metrics, MEAN), column(metrics, ZERO)
    return bool((np.isfinite(means) & (means != 1)).any() or (zeros > 0).any())


def _is_bin(row: Mapping[str, Any]) -> bool:
    return math.isfinite(row["lower"]) and math.isfinite(row["count"])


def _key(row: Mapping[str, Any]) -> tuple[str, float, float]:
    """Phase, round and epoch; a round that is blank, which is NaN, counts as 0."""
    round_, epoch = (float(row.get(name, 0)) for name in ("round", "epoch"))
    return str(row.get("phase")), 0 if math.isnan(round_) else round_, epoch
