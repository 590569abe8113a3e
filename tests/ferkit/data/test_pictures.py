"""Which picture a sample is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from ferkit.contracts.data import DrawnDataset, Sample
from ferkit.data.pictures import pictures

FILES = cast(Any, SimpleNamespace())


class Drawn:
    """A data set that draws."""

    classes, frame_size, clip_length, aligned = ("a",), (8, 8), 1, True

    def __init__(self, pixels: str) -> None:
        self._pixels = pixels

    def fingerprint(self) -> str:
        return self._pixels

    samples = problems = landmarks = draw = fingerprint


def test_a_file_is_known_by_its_content() -> None:
    rows = [Sample("a.png", landmarks=((0.0, 0.0),) * 5), Sample("b.png"), Sample("c.png")]
    one, same, other = pictures(FILES, rows, [0, 1, 2], ["aa-1234", "aa", "bb"])
    assert one == same != other
    assert len(one) == 16
    assert pictures(FILES, rows[::-1], [2, 1, 0], ["aa", "aa", "bb"]) == (one, same, other)


def test_parts_of_a_clip_differ_and_faces_of_a_picture_do_not() -> None:
    rows = [Sample("x1", span=(0, 5)), Sample("x2", span=(6, 9))]
    first, again, second = pictures(FILES, rows, [0, 0, 1], ["aa-1", "aa-1", "aa-2"])
    assert first == again != second


def test_what_is_drawn_is_known_by_what_decides_its_pixels() -> None:
    rows = [Sample("1"), Sample("2")]
    assert isinstance(Drawn("easy"), DrawnDataset)
    easy, wild = (pictures(cast(Any, Drawn(name)), rows, [0, 1], None) for name in ("easy", "wild"))
    assert len({*easy, *wild}) == 4
    assert pictures(cast(Any, Drawn("easy")), [rows[1]], [0], ["1"]) == easy[1:]


def test_it_may_be_unknown() -> None:
    assert pictures(FILES, [Sample("a")], [0], None) == ("",)
