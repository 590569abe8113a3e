"""Sixty-eight tracked points of a face, reduced to the five that ferkit works with."""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = tuple[float, float]

COUNT = 68
LEFT_EYE, RIGHT_EYE = range(36, 42), range(42, 48)
NOSE_TIP, LEFT_CORNER, RIGHT_CORNER = 30, 48, 54
"""Places of the points, from 0, in the order of Multi-PIE; left is the smaller x."""


def parse_points(text: str) -> list[Point] | None:
    """A point a line, x and y; None unless there are 68 and all are finite numbers."""
    try:
        points = [tuple(map(float, line.split())) for line in text.splitlines() if line.strip()]
    except ValueError:
        return None
    if len(points) != COUNT or any(len(point) != 2 for point in points):
        return None
    if not all(math.isfinite(value) for point in points for value in point):
        return None
    return [(x, y) for x, y in points]


def five_of(points: Sequence[Point]) -> tuple[Point, ...] | None:
    """Centre of the left eye and of the right, tip of the nose, left and right mouth corner.

    Args:
        points: 68 of them, in pixels.
    Returns: five points; None where they do not lie as in an upright face, so that points in
        another order are not taken for a face.
    """
    five = (
        _centre([points[place] for place in LEFT_EYE]),
        _centre([points[place] for place in RIGHT_EYE]),
        points[NOSE_TIP],
        points[LEFT_CORNER],
        points[RIGHT_CORNER],
    )
    (left, eye_y), (right, other_y), (_, nose_y), (corner, mouth_y), (last, lower_y) = five
    side_by_side = left < right and corner < last
    one_below_the_other = max(eye_y, other_y) < nose_y < min(mouth_y, lower_y)
    return five if side_by_side and one_below_the_other else None


def _centre(points: Sequence[Point]) -> Point:
    count = len(points)
    return sum(x for x, _ in points) / count, sum(y for _, y in points) / count
