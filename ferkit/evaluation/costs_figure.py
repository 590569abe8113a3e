"""The figure of a matrix whose networks differ: accuracy against cost (paper B: B27, Fig. 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from ferkit.evaluation.cost import costs_differ, count_in_words, gflops
from ferkit.evaluation.drawing import GREY, class_colours, house_style, labels, new_figure
from ferkit.evaluation.wording import METRIC_NAMES, is_number

_LOGARITHMIC_FROM = 8.0
"""Where the dearest costs so many times the cheapest, the axis is logarithmic."""


def costs_figure(summaries: Mapping[str, Mapping[str, Any]]) -> Figure | None:
    """Mean of each variant in each setting against multiply-adds; None where all cost the same.

    Args:
        summaries: setting ("" where there is none) -> what `summarise_matrix` returned.
    """
    entries = {
        f"{setting}/{variant}" if setting else variant: entry
        for setting, summary in summaries.items()
        for variant, entry in summary["variants"].items()
        if gflops(entry.get("cost")) is not None
    }
    if not costs_differ(entry["cost"] for entry in entries.values()):
        return None
    one = next(iter(summaries.values()))
    colours, names = class_colours(len(entries)), labels(list(entries), 28)
    with house_style():
        figure, (axes,) = new_figure(3.4 + 0.2 * len(entries))
        most = max(gflops(entry["cost"]) or 0.0 for entry in entries.values())
        factor, unit = (1.0, 9) if most >= 1 else (1e3, 6)
        costs = []
        for colour, name, entry in zip(colours, names, entries.values(), strict=True):
            cost = factor * (gflops(entry["cost"]) or 0.0)
            costs.append(cost)
            if is_number(entry["low"]) and is_number(entry["high"]):
                ends = [100 * entry["low"], 100 * entry["high"]]
                axes.plot([cost, cost], ends, color=colour, linewidth=1.2, marker="_", markersize=7)
            said = f"{name} ({count_in_words(entry['cost']['parameters'])})"
            axes.plot([cost], [100 * entry["mean"]], color=colour, label=said, marker="o",
                      markersize=7, linestyle="none", markeredgecolor=GREY)  # fmt: skip
        if min(costs) > 0 and max(costs) >= _LOGARITHMIC_FROM * min(costs):
            axes.set_xscale("log")
        else:
            axes.locator_params(axis="x", nbins=5)
        axes.margins(x=0.12, y=0.12)
        metric = METRIC_NAMES.get(one["metric"], one["metric"])
        axes.set_ylabel(f"{metric} on {one['split']}, %")
        axes.set_xlabel(f"multiply-adds of a clip, 10$^{unit}$")
        figure.legend(loc="outside upper left", fontsize=9)
    return figure
