"""Turning frames the way the display matrix of a video says."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = tuple[int, int, int, int]

UPRIGHT: Matrix = (1, 0, 0, 1)


def display_matrix(frame: Any) -> Matrix:
    """The part of a PyAV frame's display matrix that turns and mirrors."""
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
            return a, b, c, d
    return UPRIGHT


def sideways(matrix: Matrix) -> bool:
    """Whether rows become columns."""
    a, b, c, d = (abs(each) for each in matrix)
    return b + c > a + d


def turned(frames: npt.NDArray[np.uint8], matrix: Matrix) -> npt.NDArray[np.uint8]:
    """Turn and mirror frames by multiples of 90 degrees, the nearest ones.

    Args:
        frames: (..., H, W, 3).
        matrix: a, b, c, d: the pixel (x, y) is shown at (a x + c y, b x + d y), up to a shift.
    Returns: a view, (..., H, W, 3) or (..., W, H, 3).
    Source: ISO/IEC 14496-12, 6.2.2.
    """
    a, b, c, d = matrix
    if not sideways(matrix):
        return frames[..., :: -1 if d < 0 else 1, :: -1 if a < 0 else 1, :]
    across = frames.swapaxes(-3, -2)
    return across[..., :: -1 if b < 0 else 1, :: -1 if c < 0 else 1, :]
