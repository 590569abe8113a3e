"""Gallery of faces with bars of their class probabilities (paper A, Fig. 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ferkit.evaluation.class_gallery import show_face
from ferkit.evaluation.drawing import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    WIDTH,
    WRONG,
    free_figure,
    house_style,
    is_drawable,
    literal,
)

MOST = 24
"""Faces in a gallery."""

COLUMNS = 3
_MOST_BARS = 8
_CELL_IN = WIDTH / COLUMNS
_FACE, _NAMES, _BARS = 0.44, 0.29, 0.25  # widths of a cell's parts, in widths of a cell
_LINE, _HEADING, _GAP, _LEGEND = 0.095, 0.14, 0.06, 0.14  # heights, in widths of a cell
_PALE = "#B6BCC6"


class BarFace(NamedTuple):
    """A face and what the model says of it.

    face: (3, H, W) uint8 RGB. probs: (K,). given, truth, second: index of the given label, of
    the true class and of the second emotion, -1 where unknown. caption: one or two lines.
    is_wrong: draws the last line of the caption in red.
    """

    face: NDArray[np.uint8]
    probs: NDArray[np.float64]
    given: int
    truth: int
    second: int
    caption: str
    is_wrong: bool = False


class BarGroup(NamedTuple):
    """Faces under a heading, which may be ""."""

    heading: str
    faces: Sequence[BarFace]


def bar_gallery_figure(
    groups: Sequence[BarGroup], classes: Sequence[str], note: str = ""
) -> Figure:
    """Faces in three columns, each with its class probabilities as bars beside it.

    The bar of the given label is blue; of the true class, where that is another, green; of the
    known second emotion orange. With more than eight classes the highest bars are shown.

    Args:
        groups: at least one face in all. classes: K names. note: a line at the end.
    """
    everything = [face for group in groups for face in group.faces]
    lines = max(1 + face.caption.count("\n") for face in everything)
    cell = _FACE + _LINE * lines + _GAP
    heights = [
        (_HEADING if group.heading else 0) + cell * -(-len(group.faces) // COLUMNS)
        for group in groups
    ]
    total = sum(heights) + _LEGEND + (_HEADING if note else 0)
    short = short_names(classes)
    with house_style():
        figure, axes = free_figure(_CELL_IN * total)
        axes.set(xlim=(0, COLUMNS), ylim=(total, 0))
        bars = _Bars()
        top = _LEGEND
        for group, height in zip(groups, heights, strict=True):
            start = top + (_HEADING if group.heading else 0)
            if group.heading:
                axes.text(0.01, start - 0.01, group.heading, fontsize=9, weight="bold")
            for place, face in enumerate(group.faces):
                row, column = divmod(place, COLUMNS)
                _cell(axes, face, bars, short, column, start + row * cell, lines)
            top += height
        bars.draw(axes)
        axes.text(0.01, total - 0.04, note, fontsize=8)
        _legend(axes, bars.used)
    return figure


class _Bars:
    """Collects all bars of a figure, which drawn at once take a fraction of the time."""

    def __init__(self) -> None:
        self.left: list[float] = []
        self.centre: list[float] = []
        self.width: list[float] = []
        self.thick: list[float] = []
        self.colours: list[str] = []
        self.used: dict[str, str] = {}

    def add(self, left: float, centre: float, width: float, thick: float, colour: str) -> None:
        for values, value in (
            (self.left, left), (self.centre, centre), (self.width, width), (self.thick, thick)
        ):  # fmt: skip
            values.append(value)
        self.colours.append(colour)

    def draw(self, axes: Axes) -> None:
        axes.barh(self.centre, self.width, self.thick, self.left, color=self.colours)


def _cell(
    axes: Axes,
    face: BarFace,
    bars: _Bars,
    names: Sequence[str],
    column: int,
    top: float,
    lines: int,
) -> None:
    own = face.caption.split("\n")
    for line, text in enumerate(own):
        red = face.is_wrong and line == len(own) - 1
        axes.text(
            column + 0.01, top + _LINE * (line + 0.85), literal(text), fontsize=7.5, va="baseline",
            color=WRONG if red else INK,
        )  # fmt: skip
    top += _LINE * lines
    show_face(axes, face.face, column + 0.01, top, _FACE - 0.02)
    shown = shown_classes(face)
    step = (_FACE - 0.02) / max(4, len(shown))
    zero = column + _FACE + _NAMES
    above = top + (_FACE - 0.02 - step * len(shown)) / 2
    axes.plot([zero, zero], [above, above + step * len(shown)], color=GREY, linewidth=0.7)
    for row, one in enumerate(shown):
        centre = above + step * (row + 0.5)
        colour, what = _meaning(face, one)
        if what:
            bars.used[what] = colour
        bars.add(zero, centre, _BARS * float(face.probs[one]), 0.72 * step, colour)
        axes.text(
            zero - 0.012, centre, names[one], ha="right", va="center_baseline", fontsize=7,
            color=INK if what else GREY,
        )  # fmt: skip


def shown_classes(face: BarFace) -> list[int]:
    """Classes whose bars are drawn, in label order: all, or the highest and those that matter."""
    k = len(face.probs)
    if k <= _MOST_BARS:
        return list(range(k))
    matter = [one for one in (face.given, face.truth, face.second) if one >= 0]
    ranked = np.argsort(-face.probs, kind="stable").tolist()
    return sorted(list(dict.fromkeys([*matter, *ranked]))[:_MOST_BARS])


def _meaning(face: BarFace, one: int) -> tuple[str, str]:
    if one == face.given:
        return BLUE, "given label"
    if one == face.truth:
        return GREEN, "true class"
    if one == face.second:
        return ORANGE, "second emotion"
    return _PALE, ""


def _legend(axes: Axes, used: dict[str, str]) -> None:
    order = [name for name in ("given label", "true class", "second emotion") if name in used]
    handles = [Patch(color=used[name], label=name) for name in order]
    handles.append(Patch(color=_PALE, label="other classes"))
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, 1), borderaxespad=0, borderpad=0.1,
        ncols=4, fontsize=8, handlelength=1, columnspacing=1.2,
    )  # fmt: skip


def short_names(classes: Sequence[str]) -> list[str]:
    """Names short enough to stand beside a bar; equal ones get their number, from 1."""
    drawn = [
        " ".join(name.split())[:8].rstrip() if is_drawable(" ".join(name.split())) else ""
        for name in classes
    ]
    return [
        literal(text) if text and drawn.count(text) == 1 else f"#{row + 1} {literal(text[:4])}"
        for row, text in enumerate(drawn)
    ]
