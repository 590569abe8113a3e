"""Five points of sixty-eight."""

from __future__ import annotations

import pytest
from ferkit_datasets.points68 import five_of, parse_points


def face() -> list[tuple[float, float]]:
    """Eyes at (100, 100) and (200, 100), nose (150, 150), mouth from (110, 200) to (190, 202)."""
    points = [(0.0, 0.0)] * 68
    ring = [(-10.0, 0.0), (-4.0, -5.0), (4.0, -5.0), (10.0, 0.0), (4.0, 5.0), (-4.0, 5.0)]
    for place, (x, y) in enumerate(ring):
        points[36 + place] = (100 + x, 100 + y)
        points[42 + place] = (200 + x, 100 + y)
    points[30], points[48], points[54] = (150.0, 150.0), (110.0, 200.0), (190.0, 202.0)
    return points


def test_the_five_by_their_places() -> None:
    five = five_of(face())
    assert five == ((100, 100), (200, 100), (150, 150), (110, 200), (190, 202))


@pytest.mark.parametrize("change", ["mirrored", "upside down", "reversed"])
def test_what_is_no_upright_face_is_none(change) -> None:
    points = face()
    if change == "mirrored":
        points = [(300 - x, y) for x, y in points]
    elif change == "upside down":
        points = [(x, 300 - y) for x, y in points]
    else:
        points = points[::-1]
    assert five_of(points) is None


def test_lines_are_read_as_they_are_written() -> None:
    text = "".join(f"   {x:.7e}   {y:.7e}\n" for x, y in face())
    assert parse_points(text) == face()


@pytest.mark.parametrize(
    "text", ["", "1 2\n" * 67, "1 2 3\n" * 68, "1 x\n" * 68, "nan 2\n" * 68, "1\n" * 68]
)
def test_what_is_not_68_points_is_none(text) -> None:
    assert parse_points(text) is None
