"""The figure of a matrix that varies a number, such as that of labels: a panel for each variant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from matplotlib import ticker
from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure
from matplotlib.text import Text

from ferkit.evaluation.axes import Axes, as_text
from ferkit.evaluation.drawing import GREY, class_colours, house_style, label, labels, new_panels
from ferkit.evaluation.settings_table import variant_names
from ferkit.evaluation.wording import METRIC_NAMES, is_number

_MOST_LINES = 6
"""In a panel; more could not be told apart."""

_LOGARITHMIC_FROM = 8.0
"""Where the largest number is so many times the smallest, the axis is logarithmic."""

_COLUMNS = 3
_TITLE, _WIDTH = 9.0, 100.0
"""Size of a panel's title, and the points that it has, in width."""
_MARKERS = "os^DvP"
_COLOURS = class_colours(_MOST_LINES)


class Course(NamedTuple):
    """A line. title: the values of the other axes. settings: the number -> the setting."""

    title: str
    settings: dict[float, str]


def number_axis(axes: Axes) -> str | None:
    """The axis whose values are numbers, of several the one with the most; None if there is none.

    Args:
        axes: setting -> axis -> value.
    """
    values: dict[str, set[Any]] = {}
    for point in axes.values():
        for name, value in point.items():
            values.setdefault(name, set()).add(value)
    numbers = {
        name: found
        for name, found in values.items()
        if len(found) > 1 and all(is_number(value) for value in found)
    }
    return max(numbers, key=lambda name: len(numbers[name])) if numbers else None


def courses(axes: Axes, along: str) -> list[Course]:
    """Settings that differ in one axis alone, in the order of its numbers; of each two or more.

    Args:
        axes: setting -> axis -> value. along: of `number_axis`.
    """
    found: dict[str, dict[float, str]] = {}
    for setting, point in axes.items():
        others = {name: value for name, value in point.items() if name != along}
        if is_number(point.get(along)):
            title = ", ".join(as_text(value) for value in others.values())
            found.setdefault(title, {})[point[along]] = setting
    return [
        Course(title, dict(sorted(of_title.items())))
        for title, of_title in found.items()
        if len(of_title) > 1
    ]


def axis_figure(summaries: Mapping[str, Mapping[str, Any]], axes: Axes | None) -> Figure | None:
    """The mean of each variant over a number, with its interval, and thinly the baseline's.

    Args:
        summaries: setting -> what `summarise_matrix` returned.
        axes: setting -> axis -> value, of the matrix.
    Returns: None where no axis is of numbers, or there are too many others.
    """
    known = {setting: point for setting, point in (axes or {}).items() if setting in summaries}
    along = number_axis(known)
    lines = courses(known, along) if along is not None else []
    if along is None or not 1 <= len(lines) <= _MOST_LINES:
        return None
    one = next(iter(summaries.values()))
    baseline, metric = one["baseline"], METRIC_NAMES.get(one["metric"], one["metric"])
    variants = [name for name in variant_names(summaries) if name != baseline] or [str(baseline)]
    with house_style():
        figure, panels = new_panels(len(variants), columns=_COLUMNS, height=1.45)
        for place, (panel, variant) in enumerate(zip(panels, variants, strict=True)):
            for row, course in enumerate(lines):
                if baseline is not None:
                    _line(panel, course, summaries, str(baseline), row, is_baseline=True)
                _line(panel, course, summaries, variant, row)
            _fit(panel.set_title(label(variant, place + 1, 20), fontsize=_TITLE), figure.dpi)
            if place > 0:
                panel.sharex(panels[0])
                panel.sharey(panels[0])
        _ticks(panels, sorted({number for course in lines for number in course.settings}))
        titles = labels([course.title or "all" for course in lines], 30)
        for row, title in enumerate(titles):
            panels[0].plot(
                [], [], color=_COLOURS[row], marker=_MARKERS[row], markersize=4, label=title
            )
        handles, texts = panels[0].get_legend_handles_labels()
        if baseline is not None:
            handles += panels[0].plot([], [], color=GREY, linewidth=0.9, linestyle="--")
            texts.append(label(str(baseline), 0, 20))
        figure.legend(handles, texts, loc="outside upper left", ncols=3, fontsize=8)
        figure.supxlabel(label(along, 0, 40), fontsize=10)
        figure.supylabel(f"{metric} on {one['split']}, %", fontsize=10)
    return figure


def _fit(title: Text, dpi: float) -> None:
    """Make a title as small as it must be to stay within its panel."""
    pixels = title.get_window_extent().width
    points = 72 * pixels / dpi
    title.set_fontsize(_TITLE * min(1.0, _WIDTH / max(1.0, points)))


def _line(
    panel: Panel,
    course: Course,
    summaries: Mapping[str, Mapping[str, Any]],
    variant: str,
    row: int,
    *,
    is_baseline: bool = False,
) -> None:
    """A variant over the numbers of a course, as far as it was run there."""
    colour = _COLOURS[row]
    entries = {
        number: entry
        for number, setting in course.settings.items()
        if (entry := summaries[setting]["variants"].get(variant))
    }
    means = [100 * entry["mean"] for entry in entries.values()]
    if is_baseline:
        panel.plot(list(entries), means, color=colour, linewidth=0.9, linestyle="--", alpha=0.8)
        return
    panel.plot(
        list(entries), means, color=colour, linewidth=1.3, marker=_MARKERS[row], markersize=3
    )
    for number, entry in entries.items():
        if is_number(entry["low"]) and is_number(entry["high"]):
            ends = [100 * entry["low"], 100 * entry["high"]]
            panel.plot([number, number], ends, color=colour, linewidth=1, alpha=0.6)


def _ticks(panels: list[Panel], numbers: list[float]) -> None:
    """The numbers themselves, below the lowest panel of each column; the scale beside each row."""
    is_log = numbers[0] > 0 and numbers[-1] >= _LOGARITHMIC_FROM * numbers[0]
    if is_log:
        panels[0].set_xscale("log")
    told = numbers if len(numbers) <= 5 else [numbers[0], numbers[-1]]
    for place, panel in enumerate(panels):
        if is_log:
            panel.xaxis.set_minor_locator(ticker.NullLocator())
        panel.set_xticks(told, [f"{number:g}" for number in told])
        panel.tick_params(labelsize=7.5)
        panel.tick_params(labelbottom=place + _COLUMNS >= len(panels))
        panel.tick_params(labelleft=place % _COLUMNS == 0)
        panel.margins(x=0.1, y=0.1)
    if is_log:  # an axis of powers would round its ends to them
        low, high = math.log(numbers[0]), math.log(numbers[-1])
        room = 0.1 * (high - low)
        panels[0].set_xlim(math.exp(low - room), math.exp(high + room))
