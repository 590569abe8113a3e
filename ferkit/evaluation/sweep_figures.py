"""Figures of a sweep: how it went on, what the values did, which of them mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ferkit.evaluation.drawing import (
    BLUE,
    GREY,
    ORANGE,
    bar_height,
    house_style,
    labels,
    literal,
    new_figure,
)
from ferkit.evaluation.sweep_summary import Trial, best_of, metric_name, short_keys

_SLICE = 1.75
"""Inches that the axes of one key take."""

MOST_SLICES = 12
"""Keys that get axes; more would make a figure that nobody scrolls through."""

MOST_COURSES = 200
"""Trials whose course is drawn."""

MOST_DOTS = 12
"""Epochs of a course that get a dot each; of one epoch there is no line to be seen."""


def history_figure(state: Mapping[str, Any]) -> Figure:
    """Each complete trial a dot, the best so far a line, ended trials as ticks at the foot.

    Args:
        state: of sweep.json, with a complete trial.
    """
    complete = [one for one in state["trials"] if one["state"] == "complete"]
    best = best_of(state)
    assert best is not None
    with house_style():
        figure, (axes,) = new_figure(3.2)
        numbers = [one["number"] for one in complete]
        axes.plot(numbers, [_scaled(state, one) for one in complete], linestyle="", marker="o",
                  color=BLUE, markersize=5, alpha=0.8, label="complete")  # fmt: skip
        axes.step([*numbers, len(state["trials"]) - 1],
                  [*(so_far := _best_so_far(state, complete)), so_far[-1]],
                  where="post", color=GREY, linewidth=1.4, label="best so far")  # fmt: skip
        axes.plot([best["number"]], [_scaled(state, best)], linestyle="", marker="D",
                  color=ORANGE, markersize=8, label="best")  # fmt: skip
        for name, marker in (("pruned", "|"), ("failed", "x")):
            found = [one["number"] for one in state["trials"] if one["state"] == name]
            if found:
                axes.plot(found, [0.02] * len(found), linestyle="", marker=marker, color=GREY,
                          markersize=8, transform=axes.get_xaxis_transform(),
                          label=name)  # fmt: skip
        axes.set_xlabel("trial")
        axes.set_ylabel(_axis(state))
        axes.locator_params(axis="x", integer=True)
        axes.margins(x=0.04, y=0.12)
        figure.legend(loc="outside upper left", ncols=3)
    return figure


def slices_figure(state: Mapping[str, Any], importance: Mapping[str, float] | None) -> Figure:
    """For each key the value of the metric over what was drawn, the most important first.

    Args:
        state: of sweep.json, with a complete trial. importance: key -> share.
    """
    keys = list(state["space"])
    if importance:
        keys.sort(key=lambda key: -importance.get(key, 0.0))
    shown = keys[:MOST_SLICES]
    short = short_keys(list(state["space"]))
    complete = [one for one in state["trials"] if one["state"] == "complete"]
    best = best_of(state)
    with house_style():
        figure, rows = new_figure(0.3 + _SLICE * len(shown), ratios=[1] * len(shown))
        for key, axes in zip(shown, rows, strict=True):
            _slice(axes, state, key, complete, best)
            axes.set_xlabel(literal(short[key]), fontsize=10)
        figure.supylabel(_axis(state), fontsize=11)
    return figure


def _slice(
    axes: Axes, state: Mapping[str, Any], key: str, complete: Sequence[Trial], best: Trial | None
) -> None:
    """One key."""
    space = state["space"][key]
    names = list(space.get("choices") or ())
    known = [one for one in complete if key in one["drawn"]]

    def at(one: Trial) -> float:
        drawn = one["drawn"][key]
        return float(names.index(drawn)) if names else float(drawn)

    axes.plot([at(one) for one in known], [_scaled(state, one) for one in known], linestyle="",
              marker="o", color=BLUE, markersize=4.5, alpha=0.7)  # fmt: skip
    if best is not None and key in best["drawn"]:
        axes.plot([at(best)], [_scaled(state, best)], linestyle="", marker="D", color=ORANGE,
                  markersize=7)  # fmt: skip
    if names:
        axes.set_xticks(range(len(names)), labels(names, 14), fontsize=9)
        axes.set_xlim(-0.5, len(names) - 0.5)
    elif space.get("log"):
        axes.set_xscale("log")
    axes.margins(y=0.15)
    axes.tick_params(labelsize=9)
    axes.locator_params(axis="y", nbins=4)


def importance_figure(importance: Mapping[str, float]) -> Figure:
    """A bar per key, the longest on top.

    Args:
        importance: key -> share of the whole.
    """
    ordered = sorted(importance.items(), key=lambda pair: pair[1])
    with house_style():
        figure, (axes,) = new_figure(bar_height(len(ordered)))
        names = labels([key for key, _ in ordered], 30)
        axes.barh(range(len(ordered)), [100 * share for _, share in ordered], color=BLUE)
        axes.set_yticks(range(len(ordered)), names, fontsize=9.5)
        axes.set_xlim(left=0)
        axes.set_xlabel("importance, %")
        axes.grid(visible=False, axis="y")
    return figure


def courses_figure(state: Mapping[str, Any]) -> Figure | None:
    """Validation over the epochs, a line per trial, pruned ones up to where they were ended.

    Failed ones are left out: they may be of other validation samples.

    Args:
        state: of sweep.json. None where no trial told of two epochs.
    """
    best = best_of(state)
    going = [one for one in state["trials"] if one["state"] != "failed" and one["course"]]
    told = going[:MOST_COURSES]
    if not any(len(one["course"]) > 1 for one in told):
        return None
    factor = 1 if state["metric"] == "loss" else 100
    with house_style():
        figure, (axes,) = new_figure(3.2)
        for one in told:
            is_best = best is not None and one["number"] == best["number"]
            is_pruned = one["state"] == "pruned"
            colour = ORANGE if is_best else GREY if is_pruned else BLUE
            epochs = [epoch for epoch, _ in one["course"]]
            values = [factor * value for _, value in one["course"]]
            dots = "o" if len(values) <= MOST_DOTS else ""
            axes.plot(epochs, values, color=colour, linewidth=2.4 if is_best else 1,
                      marker=dots, markersize=5 if is_best else 3.5,
                      alpha=1 if is_best else 0.6, zorder=3 if is_best else 2)  # fmt: skip
            if is_pruned:
                axes.plot(epochs[-1:], values[-1:], marker="x", color=GREY, markersize=6)
        entries = [("best", ORANGE, ""), ("complete", BLUE, "")]
        if any(one["state"] == "pruned" for one in told):
            entries.append(("pruned", GREY, "x"))
        for name, colour, marker in entries:
            axes.plot([], [], color=colour, marker=marker, label=name)
        axes.set_xlabel("epoch, over all phases")
        what = "validation loss" if state["metric"] == "loss" else "validation accuracy, %"
        axes.set_ylabel(what)
        axes.locator_params(axis="x", integer=True)
        figure.legend(loc="outside upper left", ncols=3)
    return figure


def _scaled(state: Mapping[str, Any], trial: Trial) -> float:
    return float(trial["value"]) * (1 if state["metric"] == "loss" else 100)


def _best_so_far(state: Mapping[str, Any], complete: Sequence[Trial]) -> list[float]:
    values: list[float] = []
    better = min if state["direction"] == "minimize" else max
    for one in complete:
        value = _scaled(state, one)
        values.append(better(values[-1], value) if values else value)
    return values


def _axis(state: Mapping[str, Any]) -> str:
    return metric_name(state) + ("" if state["metric"] == "loss" else ", %")
