"""Galleries of faces: wrong predictions, and the training faces that weigh least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferkit.evaluation.drawing import WIDTH, house_style, literal, new_figure

MOST = 16
"""Faces in a gallery."""

_COLUMNS = 4


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
        figure, (whole,) = new_figure(rows * (WIDTH / _COLUMNS + 0.42))
        whole.remove()
        cells: NDArray[Any] = figure.subplots(rows, _COLUMNS, squeeze=False)
        for cell in cells.flat:
            cell.set_axis_off()
        for cell, face, caption in zip(cells.flat, faces, captions, strict=False):
            cell.imshow(face.transpose(1, 2, 0), interpolation="nearest")
            lines = "\n".join(literal(line) for line in caption.split("\n"))
            cell.set_title(lines, fontsize=8, fontweight="normal", loc="center", linespacing=1.15)
    return figure
