"""The figure of a matrix with settings and many variants: a panel for each setting, sorted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ferkit.evaluation.drawing import BLUE, GREY, ORANGE, RED, house_style, label, new_panels
from ferkit.evaluation.settings_table import variant_names
from ferkit.evaluation.wording import METRIC_NAMES, is_number

MOST_TOGETHER = 8
"""Variants that `settings_figure` tells apart by colour; with more, panels are better to read."""

_LINE = 0.135
"""Inches from one variant to the next."""


def settings_panels(summaries: Mapping[str, Mapping[str, Any]]) -> Figure:
    """The gain of each variant over the baseline in points, or without a baseline the mean in
    percent, with its interval; the largest on top. All panels have the same scale.

    Args:
        summaries: setting -> what `summarise_matrix` returned, at least one.
    """
    one = next(iter(summaries.values()))
    baseline, metric = one["baseline"], METRIC_NAMES.get(one["metric"], one["metric"])
    variants = [name for name in variant_names(summaries) if name != baseline]
    names = {name: label(name, row + 1, 19) for row, name in enumerate(variants)}
    with house_style():
        height = 0.75 + _LINE * len(variants)
        figure, panels = new_panels(len(summaries), columns=2, height=height)
        for axes, (setting, summary) in zip(panels, summaries.items(), strict=True):
            shown = {
                name: found
                for name in variants
                if (entry := summary["variants"].get(name))
                and (found := entry if baseline is None else entry["gain"])
            }
            _draw(axes, shown, names, rows=len(variants), is_gain=baseline is not None)
            axes.set_title(label(setting, 0, 28), fontsize=9)
        _same_scale(panels)
        over = "" if baseline is None else label(baseline, 0, 20)
        figure.supxlabel(f"gain over {over}, points" if over else f"{metric}, %", fontsize=10)
    return figure


def _draw(
    axes: Axes,
    shown: Mapping[str, Mapping[str, Any]],
    names: Mapping[str, str],
    *,
    rows: int,
    is_gain: bool,
) -> None:
    """A setting: a row for each variant, sorted."""
    ranked = sorted(shown, key=lambda name: -shown[name]["mean"])
    for row, name in enumerate(ranked):
        entry = shown[name]
        colour = _colour(entry) if is_gain else BLUE
        if is_number(entry["low"]) and is_number(entry["high"]):
            ends = [100 * entry["low"], 100 * entry["high"]]
            axes.plot(ends, [row, row], color=colour, linewidth=1.3)
        axes.plot([100 * entry["mean"]], [row], color=colour, marker="o", markersize=3.5)
    if is_gain:
        axes.axvline(0, color=ORANGE, linewidth=1.2, zorder=1)
    axes.set_yticks(range(len(ranked)), [names[name] for name in ranked], fontsize=6.5)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, pad=2)
    axes.tick_params(axis="x", labelsize=8)
    axes.locator_params(axis="x", nbins=5)


def _colour(gain: Mapping[str, Any]) -> str:
    """Of a gain whose interval lies above 0, below it, or on both sides."""
    if not (is_number(gain["low"]) and is_number(gain["high"])):
        return GREY
    return BLUE if gain["low"] > 0 else RED if gain["high"] < 0 else GREY


def _same_scale(panels: list[Axes]) -> None:
    limits = [panel.get_xlim() for panel in panels if panel.has_data()]
    if not limits:
        return
    for panel in panels:
        panel.set_xlim(min(low for low, _ in limits), max(high for _, high in limits))
