"""Gallery with a row of faces per class (paper A, Fig. 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferkit.evaluation.drawing import INK, WIDTH, WRONG, free_figure, house_style, literal

COLUMNS = 6
"""Faces in a row."""

MOST_ROWS = 10
"""Classes in a gallery."""

_HEADING, _LINE, _GAP = 0.24, 0.17, 0.06  # heights in widths of a cell


class Caption(NamedTuple):
    """Below a face: a first line, and a second one in red, "" if there is none."""

    first: str
    second: str = ""


class FaceRow(NamedTuple):
    """Faces of one class. heading: its name. faces: (n, 3, H, W) uint8 RGB. captions: n."""

    heading: str
    faces: NDArray[np.uint8]
    captions: Sequence[Caption]


def class_gallery_figure(rows: Sequence[FaceRow], note: str = "") -> Figure:
    """A row of faces per class, captions below each.

    Args:
        rows: at least one, each with at most `COLUMNS` faces. note: a line at the end.
    """
    has_second = [any(caption.second for caption in row.captions) for row in rows]
    heights = [1 + _HEADING + _LINE * (1 + second) + _GAP for second in has_second]
    total = sum(heights) + (_HEADING if note else 0)
    with house_style():
        figure, axes = free_figure(WIDTH * total / COLUMNS)
        axes.set(xlim=(0, COLUMNS), ylim=(total, 0))
        top = 0.0
        for row, height in zip(rows, heights, strict=True):
            axes.text(0.02, top + _HEADING - 0.06, row.heading, fontsize=9, weight="bold")
            for column, (face, caption) in enumerate(zip(row.faces, row.captions, strict=True)):
                show_face(axes, face, column + 0.02, top + _HEADING, 0.96)
                _below(axes, caption, column + 0.5, top + _HEADING + 0.97)
            top += height
        axes.text(0.02, total - 0.06, note, fontsize=8)
    return figure


def show_face(axes: Axes, face: NDArray[np.uint8], left: float, top: float, side: float) -> None:
    """Draw a face, (3, H, W), into a square of the axes, whose y axis points down."""
    axes.imshow(
        face.transpose(1, 2, 0), extent=(left, left + side, top + side, top),
        interpolation="nearest", aspect="auto",
    )  # fmt: skip


def _below(axes: Axes, caption: Caption, centre: float, top: float) -> None:
    for line, (text, colour) in enumerate(((caption.first, INK), (caption.second, WRONG))):
        if text:
            axes.text(
                centre, top + _LINE * line, literal(text), ha="center", va="top", fontsize=8,
                color=colour,
            )  # fmt: skip
