"""Galleries of faces: wrong predictions, and the training faces that weigh least."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferkit.evaluation.drawing import WIDTH, house_style, literal, new_figure

MOST = 16
"""Faces in a gallery."""

_COLUMNS = 4
_CAPTION = 0.33  # height of a caption, in widths of a face


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
