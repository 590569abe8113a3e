"""Turning frames by the display matrix."""

from __future__ import annotations

import numpy as np
import pytest
from ferkit_pyav.orientation import turned


@pytest.mark.parametrize(
    "matrix",
    [(a, 0, 0, d) for a in (1, -1) for d in (1, -1)]
    + [(0, b, c, 0) for b in (1, -1) for c in (1, -1)],
)
def test_pixels_go_where_the_matrix_sends_them(matrix: tuple[int, int, int, int]) -> None:
    a, b, c, d = matrix
    frame = np.arange(3 * 4 * 3, dtype=np.uint8).reshape(3, 4, 3)
    height, width = (3, 4) if a else (4, 3)
    shown = turned(frame, matrix)
    assert shown.shape == (height, width, 3)
    # The shift that a whole picture needs for its coordinates to begin at 0.
    left, top = (size - 1 if sign < 0 else 0 for sign, size in ((a + c, width), (b + d, height)))
    for y in range(3):
        for x in range(4):
            assert (shown[b * x + d * y + top, a * x + c * y + left] == frame[y, x]).all()
