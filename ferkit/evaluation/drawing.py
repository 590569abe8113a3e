"""The common look of all figures: sizes for a phone, colours for every kind of eye.

Figures are made through matplotlib's objects, without pyplot: no global state, no display.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

from ferkit.evaluation.wording import shortened
from ferkit.evaluation.writing import write_bytes

# Okabe and Ito's palette, which stays apart for all common kinds of colour blindness.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#6B7280"
INK = "#1F2937"
WRONG = "#B42318"
"""Of words that tell of an error: a red that can be read on white."""

_PALETTE = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", RED, "#F0E442", GREY)

WIDTH = 5.0
"""Inches. On a phone a figure is some 340 px wide, so text of 11 pt stays near 10 px."""

_DPI = 180
_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E5E7EB",
    "grid.linewidth": 0.8,
    "text.color": INK,
    "text.usetex": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 2,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Within it, new matplotlib objects look like ours, whatever the user's settings."""
    with mpl.rc_context(_STYLE):
        yield


def new_figure(height: float, *, ratios: Sequence[float] = (1,)) -> tuple[Figure, list[Axes]]:
    """A figure with axes below each other, within `house_style`.

    Args:
        height: inches.
        ratios: relative heights of the axes, as many as there are axes.
    """
    figure = Figure(figsize=(WIDTH, height), dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(ratios), 1, squeeze=False, height_ratios=ratios)
    return figure, list(axes[:, 0])


def new_panels(count: int, *, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of small axes beside and below each other, within `house_style`.

    Args:
        count: of the axes; places left over in the last row stay empty.
        height: inches of each row.
    """
    rows = -(-count // columns)
    size = (WIDTH, rows * height + 0.6)
    figure = Figure(figsize=size, dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(rows, columns)
    return figure, [figure.add_subplot(grid[divmod(place, columns)]) for place in range(count)]


def free_figure(height: float) -> tuple[Figure, Axes]:
    """A figure whose only axes fill it and have no frame, within `house_style`.

    Nothing is laid out, which for hundreds of texts would take seconds.

    Args:
        height: inches.
    """
    figure = Figure(figsize=(WIDTH, height), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    return figure, axes


def class_colours(k: int) -> list[Any]:
    """A colour for each of k classes; with more than eight, shades of one map in their order."""
    if k <= len(_PALETTE):
        return list(_PALETTE[:k])
    return list(mpl.colormaps["viridis"](np.linspace(0, 1, k)))


def png(figure: Figure) -> bytes:
    """The figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Names in a script the font lacks are replaced by `label`; paths and the like may not be.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG.

    Raises: RunError: the file cannot be written.
    """
    return write_bytes(path, png(figure))


def literal(text: str) -> str:
    """Text to be drawn as it is: matplotlib would take dollar signs for formulas."""
    return " ".join(text.split()).replace("$", r"\$")


def label(name: str, number: int, length: int = 16) -> str:
    """A name to be drawn, shortened; `#number` where the figures' font lacks its script."""
    text = " ".join(name.split())
    return literal(shortened(text, length)) if is_drawable(text) else f"#{number}"


def labels(names: Sequence[str], length: int = 16) -> list[str]:
    """`label` of several names; those that shortening made equal get their numbers, from 1."""
    drawn = [label(name, row + 1, length) for row, name in enumerate(names)]
    return [
        text if drawn.count(text) == 1 else f"#{row + 1} {label(names[row], row + 1, length - 4)}"
        for row, text in enumerate(drawn)
    ]


def is_drawable(text: str) -> bool:
    """Whether the figures' font has every character of `text`."""
    known = _glyphs()
    return bool(text) and all(ord(character) in known for character in text)


@lru_cache(maxsize=1)
def _glyphs() -> Mapping[int, int]:
    return get_font(findfont(FontProperties(family=["DejaVu Sans"]))).get_charmap()


def bar_height(bars: int) -> float:
    """Inches for a chart of so many horizontal bars."""
    return 1.3 + 0.34 * max(2, bars)
