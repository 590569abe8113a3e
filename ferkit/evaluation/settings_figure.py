"""The figure of a matrix with settings: what each variant gains in each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from ferkit.evaluation.drawing import GREY, class_colours, house_style, labels, new_figure
from ferkit.evaluation.settings_table import variant_names
from ferkit.evaluation.wording import METRIC_NAMES, is_number

_LINE = 0.15
"""Inches from one variant's line to the next; between settings one more is left free."""


def settings_figure(summaries: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Each setting a row, each variant a dot with its interval: the gain over the baseline in
    points, or without a baseline the mean in percent.

    Args:
        summaries: setting -> what `summarise_matrix` returned, at least one.
    """
    one = next(iter(summaries.values()))
    baseline, metric = one["baseline"], METRIC_NAMES.get(one["metric"], one["metric"])
    variants = [name for name in variant_names(summaries) if name != baseline]
    colours = class_colours(len(variants))
    step = 1 / (len(variants) + 1)
    height = 1.4 + len(summaries) * _LINE * (len(variants) + 1)
    with house_style():
        figure, (axes,) = new_figure(max(2.2, height))
        for row, summary in enumerate(summaries.values()):
            if row % 2:  # every other setting on grey, so that the eye keeps its row
                axes.axhspan(row - 0.5, row + 0.5, color="#F3F4F6", linewidth=0, zorder=0)
            for place, variant in enumerate(variants):
                entry = summary["variants"].get(variant)
                shown = entry and (entry if baseline is None else entry["gain"])
                if not shown:
                    continue
                at = row - 0.5 + (place + 1) * step
                if is_number(shown["low"]) and is_number(shown["high"]):
                    ends = [100 * shown["low"], 100 * shown["high"]]
                    axes.plot(ends, [at, at], color=colours[place], linewidth=1.6)
                axes.plot([100 * shown["mean"]], [at], color=colours[place], marker="o",
                          markersize=4.5)  # fmt: skip
        if baseline is not None:
            axes.axvline(0, color=GREY, linewidth=1.2, zorder=1)
        names = labels(variants, 20)
        for colour, name in zip(colours, names, strict=True):
            axes.plot([], [], color=colour, marker="o", markersize=4.5, label=name)
        if variants:
            columns = 3 if max(map(len, names)) <= 10 else 2
            figure.legend(loc="outside upper left", ncols=min(columns, len(names)))
        axes.set_yticks(range(len(summaries)), labels(list(summaries), 26), fontsize=8.5)
        axes.set_ylim(len(summaries) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.05)
        axes.locator_params(axis="x", nbins=6)
        over = labels([baseline], 20)[0] if baseline is not None else ""
        axes.set_xlabel(f"gain over {over}, points" if over else f"{metric}, %")
    return figure
