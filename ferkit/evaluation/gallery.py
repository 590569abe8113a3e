"""A gallery of faces in a grid, and what all galleries share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferkit.evaluation.drawing import WIDTH, house_style, labels, literal, new_figure

if TYPE_CHECKING:
    from torch import Tensor

MOST = 16
"""Faces in a gallery."""

_COLUMNS = 4
_CAPTION = 0.33  # height of a caption, in widths of a face


Crops = Callable[[Sequence[str]], "NDArray[np.uint8] | Tensor"]
"""Sample ids -> their faces, (n, 3, H, W) uint8 RGB, in that order."""


def gallery_figure(faces: NDArray[np.uint8], captions: Sequence[str]) -> Figure:
    """Faces in a grid, each with a caption of one or two lines.

    Args:
        faces: (n, 3, H, W) uint8 RGB, n >= 1.
        captions: n texts.
    Raises: ValueError: the faces are not uint8 RGB, or captions do not match them.
    """
    if faces.ndim != 4 or faces.shape[1] != 3 or faces.dtype != np.uint8:
        raise ValueError(f"faces must be (n, 3, H, W) uint8, not {faces.shape} {faces.dtype}")
    if len(faces) != len(captions) or not len(faces):
        raise ValueError(f"{len(captions)} captions were given for {len(faces)} faces")
    rows = -(-len(faces) // _COLUMNS)
    with house_style():
        figure, (axes,) = new_figure(WIDTH / _COLUMNS * rows * (1 + _CAPTION))
        axes.set_axis_off()
        for place, (face, caption) in enumerate(zip(faces, captions, strict=True)):
            row, column = divmod(place, _COLUMNS)
            top = row * (1 + _CAPTION) + _CAPTION
            # One image per face in shared axes: axes of their own would take far longer to lay out.
            axes.imshow(
                face.transpose(1, 2, 0),
                extent=(column + 0.02, column + 0.98, top + 0.96, top),
                interpolation="nearest",
            )
            lines = "\n".join(literal(line) for line in caption.split("\n"))
            axes.text(
                column + 0.5, top - 0.03, lines, ha="center", va="bottom", fontsize=8,
                linespacing=1.15,
            )  # fmt: skip
        axes.set(xlim=(0, _COLUMNS), ylim=(rows * (1 + _CAPTION), 0), aspect="equal")
    return figure


def row_headings(classes: Sequence[str], short: Sequence[str]) -> list[str]:
    """Names of a gallery's rows; with their number where its short names are numbers.

    Args:
        classes: K names. short: K, as `drawing.labels` shortened them for its captions.
    """
    return [
        f"#{row + 1} {text}" if short[row].startswith("#") and not text.startswith("#") else text
        for row, text in enumerate(labels(classes, 24))
    ]


def further_classes(number: int) -> str:
    """A line about classes that found no room."""
    return f"{number} further classes are not shown." if number else ""
