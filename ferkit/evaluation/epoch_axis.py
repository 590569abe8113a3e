"""The axis that figures over epochs share: epochs counted over all phases, from 1."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ferkit.evaluation.drawing import GREY, label

Rows = Sequence[Mapping[str, Any]]
"""Of `metrics.csv`, in order; numbers as float, NaN where blank."""


def column(rows: Rows, name: str) -> NDArray[np.float64]:
    """A column of the rows: (N,), NaN where blank or not there."""
    return np.array([row.get(name, math.nan) for row in rows], np.float64)


def stretch(rows: Rows, names: Sequence[str]) -> tuple[int, int] | None:
    """First row, and row after the last, in which a column has a number; None if none has."""
    known = np.zeros(len(rows), bool)
    for name in names:
        known |= np.isfinite(column(rows, name))
    places = np.flatnonzero(known)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else None


def show_epochs(axes: Axes, start: int, end: int) -> None:
    """Show the epochs of rows `start` to `end` - 1, which are counted from 1."""
    axes.set_xlim(start + 0.5, max(start + 1, end) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))


def phases_of(rows: Rows) -> list[tuple[int, int]]:
    """First row, and row after the last, of each stretch with the same phase and round."""
    # As text, because a blank round is NaN, which is not equal to itself.
    keys = [(row.get("phase"), str(row.get("round"))) for row in rows]
    starts = [row for row in range(len(rows)) if row == 0 or keys[row] != keys[row - 1]]
    return list(zip(starts, [*starts, len(rows)][1:], strict=True))


def curve(
    axes: Axes,
    rows: Rows,
    name: str,
    phases: Sequence[tuple[int, int]],
    colour: str,
    legend: str | None,
    marker: str,
    *,
    scale: float = 1,
) -> None:
    """A line through the finite values of each phase; dots where it has few of them.

    Args:
        name: of the column. legend: the line's name, or None. scale: factor of the values.
    """
    y = scale * column(rows, name)
    for start, end in phases:
        known = start + np.flatnonzero(np.isfinite(y[start:end]))
        if len(known):
            few = marker if len(known) <= 15 else ""
            axes.plot(known + 1, y[known], color=colour, label=legend, marker=few, markersize=4)
            legend = None


def mark_phases(
    all_axes: Sequence[Axes],
    rows: Rows,
    phases: Sequence[tuple[int, int]],
    shown: tuple[int, int] | None = None,
    *,
    named: bool = True,
) -> None:
    """Lines between phases; their names above the first axes, as far as there is room.

    Args:
        named: whether names are written.
        shown: first row, and row after the last, that the axes show; None: all.
    """
    first, last = shown or (0, len(rows))
    for number, (begin, stop) in enumerate(phases):
        start, end = max(begin, first), min(stop, last)
        if start >= end:
            continue
        for axes in all_axes:
            if start > first:
                axes.axvline(start + 0.5, color=GREY, linestyle=":", linewidth=1.2)
        room = int(34 * (end - start) / max(2, last - first))
        if named and room >= 3:
            name = label(str(rows[start].get("phase", "")), number + 1, room)
            all_axes[0].text(
                (start + end + 1) / 2, 1.02, name, transform=all_axes[0].get_xaxis_transform(),
                ha="center", va="bottom", fontsize=9, color=GREY,
            )  # fmt: skip
