"""The figure of a matrix whose networks differ: accuracy against cost (paper B: B27, Fig. 7)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ferkit.evaluation.cost import count_in_words, gflops
from ferkit.evaluation.drawing import GREY, INK, class_colours, house_style, labels, new_figure
from ferkit.evaluation.wording import METRIC_NAMES, is_number

_FEWEST = 3
"""Different costs that a figure is worth."""

_ALIKE = 1.05
"""Costs of a column differ by less than this factor."""

_LOGARITHMIC_FROM = 8.0
"""Where the dearest costs so many times the cheapest, the axis is logarithmic."""

_MARKERS = "os^DvP"
_COLOURS = (*class_colours(6), INK)
"""One more than markers, so that the 42 pairs of both differ, neighbours in both."""

_MOST_ON_SCALE = 3
"""Variants of a column on an axis to scale; where a column has more, columns are evenly spaced."""

_STEP = 0.03
"""Between neighbours of a column, of the axis's length, where there is room."""

_GAP = 1.5
"""Between columns off the scale, in steps between neighbours."""


def costs_figure(summaries: Mapping[str, Mapping[str, Any]]) -> Figure | None:
    """Mean of each variant in each setting against multiply-adds.

    Variants of about the same cost are a column: they stand side by side, in the order of the
    table. Where a column has many of them, it gets the room it needs and the axis is not to scale.

    Args:
        summaries: setting ("" where there is none) -> what `summarise_matrix` returned.
    Returns: None where there are fewer than three different costs, or too many variants to be
        told apart; the tables have them.
    """
    entries = {
        f"{setting}/{variant}" if setting else variant: entry
        for setting, summary in summaries.items()
        for variant, entry in summary["variants"].items()
        if gflops(entry.get("cost"))
    }
    entries |= published_entries(summaries)
    costs = [entry["cost"]["multiply_adds"] / 1e9 for entry in entries.values()]
    columns = cost_columns(costs)
    if len(columns) < _FEWEST or len(entries) > len(_COLOURS) * len(_MARKERS):
        return None
    names = [
        f"{name} ({count_in_words(entry['cost']['parameters'])})"
        for name, entry in zip(labels(list(entries), 40), entries.values(), strict=True)
    ]
    beside = 2 if len(names) > 4 and max(map(len, names)) <= 27 else 1
    one = next(iter(summaries.values()))
    with house_style():
        figure, (axes,) = new_figure(3.4 + 0.2 * math.ceil(len(names) / beside))
        if max(map(len, columns)) > _MOST_ON_SCALE:
            places = _off_scale(axes, costs, columns)
        else:
            places = _on_scale(axes, costs, columns)
        for row, (entry, name, at) in enumerate(zip(entries.values(), names, places, strict=True)):
            _draw(axes, entry, at, name, row)
        axes.margins(x=0.08, y=0.12)
        metric = METRIC_NAMES.get(one["metric"], one["metric"])
        axes.set_ylabel(f"{metric} on {one['split']}, %")
        figure.legend(loc="outside upper left", fontsize=9, ncols=beside)
    return figure


def published_entries(summaries: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Published models of known cost, as if they were variants: for a clip as long as ours.

    Args:
        summaries: as of `costs_figure`.
    Returns: name -> mean, cost and `published`; {} where no variant's cost is known.
    """
    ours = [
        entry["cost"]
        for summary in summaries.values()
        for entry in summary["variants"].values()
        if gflops(entry.get("cost"))
    ]
    if not ours:
        return {}
    frames = ours[0].get("frames", 1)
    found = {}
    for summary in summaries.values():
        paper = summary.get("paper") or {}
        for name, cost in (paper.get("costs") or {}).items():
            if name in paper.get("models", {}):
                millions = cost.get("parameters")
                whole = {
                    "multiply_adds": frames * 1e9 * cost["gflops"],
                    "parameters": None if millions is None else 1e6 * millions,
                }
                mean = paper["models"][name]
                none = {"low": None, "high": None, "published": True}
                found[name] = {"mean": mean, "cost": whole, **none}
    return found


def cost_columns(costs: Sequence[float]) -> list[list[int]]:
    """Places of costs that are about the same, the cheapest first, each in their order.

    Args:
        costs: all above 0.
    """
    columns: list[list[int]] = []
    for place in sorted(range(len(costs)), key=costs.__getitem__):
        if columns and costs[place] < _ALIKE * costs[columns[-1][0]]:
            columns[-1].append(place)
        else:
            columns.append([place])
    return [sorted(column) for column in columns]


def side_by_side(
    costs: Sequence[float], columns: Sequence[Sequence[int]], *, is_log: bool
) -> list[float]:
    """Where each is drawn on the axis of the costs: those of a column evenly around its middle.

    Args:
        columns: of `cost_columns`, several.
    """
    middles = [_middle([costs[place] for place in column]) for column in columns]
    at = [math.log(middle) if is_log else middle for middle in middles]
    length = at[-1] - at[0]
    # Columns that lie near each other are the narrower.
    room = [
        2 * (right - left) / (len(one) + len(other))
        for left, right, one, other in zip(at, at[1:], columns, columns[1:], strict=False)
    ]
    step = min(_STEP * length, *room)
    drawn = list(costs)
    for column, middle in zip(columns, at, strict=True):
        for rank, place in enumerate(column):
            moved = middle + (rank - (len(column) - 1) / 2) * step
            drawn[place] = math.exp(moved) if is_log else moved
    return drawn


def _on_scale(axes: Axes, costs: Sequence[float], columns: Sequence[Sequence[int]]) -> list[float]:
    """Sets up an axis of numbers; where on it each is drawn."""
    factor, unit = (1.0, 9) if max(costs) >= 1 else (1e3, 6)
    costs = [factor * cost for cost in costs]
    is_log = max(costs) >= _LOGARITHMIC_FROM * min(costs)
    if is_log:
        axes.set_xscale("log")
    else:
        axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(f"multiply-adds of a clip, 10$^{unit}$")
    return side_by_side(costs, columns, is_log=is_log)


def _off_scale(axes: Axes, costs: Sequence[float], columns: Sequence[Sequence[int]]) -> list[float]:
    """Sets up an axis with a label below each column; where on it each is drawn."""
    places, middles, left = [0.0] * len(costs), [], 0.0
    for column in columns:
        if left:
            axes.axvline(left - (1 + _GAP) / 2, color=GREY, linewidth=0.8, linestyle=":")
        for rank, place in enumerate(column):
            places[place] = left + rank
        middles.append(left + (len(column) - 1) / 2)
        left += len(column) + _GAP
    axes.grid(visible=False, axis="x")
    told = [count_in_words(1e9 * _middle([costs[place] for place in column])) for column in columns]
    axes.set_xticks(middles, told, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_xlabel("multiply-adds of a clip (columns, not to scale)")
    return places


def _middle(costs: Sequence[float]) -> float:
    return (min(costs) + max(costs)) / 2


def _draw(axes: Axes, entry: Mapping[str, Any], at: float, name: str, row: int) -> None:
    """The interval and the mean of a variant, in the colour and shape of its row."""
    colour, marker = _COLOURS[row % len(_COLOURS)], _MARKERS[row % len(_MARKERS)]
    if is_number(entry["low"]) and is_number(entry["high"]):
        ends = [100 * entry["low"], 100 * entry["high"]]
        axes.plot([at, at], ends, color=colour, linewidth=1.2, marker="_", markersize=7)
    size = 9 if marker == "P" else 7.5  # of which little is left within its white edge
    hollow = bool(entry.get("published"))
    axes.plot([at], [100 * entry["mean"]], color=colour, label=name, marker=marker,
              markersize=size, linestyle="none", markerfacecolor="white" if hollow else colour,
              markeredgecolor=colour if hollow else "white",
              markeredgewidth=1.4 if hollow else 0.6)  # fmt: skip
