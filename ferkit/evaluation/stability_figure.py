"""The figure of stability: how much each alteration changes the predictions (paper B: B28)."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from ferkit.evaluation.drawing import BLUE, ORANGE, bar_height, house_style, literal, new_figure
from ferkit.evaluation.stability import is_stability


def stability_figure(results: Any) -> Figure | None:
    """Two bars for each alteration: mean total variation distance, changed top classes.

    Args:
        results: what `stability_results` returned, or whatever stands in its place.
    """
    if not is_stability(results):
        return None
    entries = results["alterations"]
    with house_style():
        figure, (axes,) = new_figure(bar_height(len(entries)) + 0.5)
        for row, entry in enumerate(entries.values()):
            both = (("total_variation", BLUE), ("changed", ORANGE))
            for place, (key, colour) in enumerate(both):
                axes.barh(row - 0.19 + 0.38 * place, 100 * entry[key], height=0.36, color=colour)
        axes.barh([0], [0], color=BLUE, label="mean distance (total variation)")
        axes.barh([0], [0], color=ORANGE, label="changed top classes")
        figure.legend(loc="outside upper left", fontsize=9)
        axes.set_yticks(range(len(entries)), [literal(name) for name in entries])
        axes.set_ylim(len(entries) - 0.4, -0.6)
        axes.set_xlim(0, max(axes.get_xlim()[1], 5))
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("%")
    return figure
