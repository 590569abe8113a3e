"""Which picture a sample is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

from ferkit.contracts.data import DrawnDataset, Sample
from ferkit.data.picture_sets import OwnedPictures, PictureSet
from ferkit.data.pictures import UNKNOWN, Shows, file_of, pictures

FILES = cast(Any, SimpleNamespace())


class Drawn:
    """A data set that draws."""

    classes, frame_size, clip_length, aligned = ("a",), (8, 8), 1, True

    def __init__(self, pixels: str) -> None:
        self._pixels = pixels

    def fingerprint(self) -> str:
        return self._pixels

    samples = problems = landmarks = draw = fingerprint


def shown(*crops: tuple[Sample, str], images: Mapping[str, Sequence[str]] = {}) -> list[Shows]:
    """What samples of files show, by what the store files them under."""
    rows, keys = zip(*crops, strict=True)
    return list(pictures(FILES, rows, range(len(rows)), keys, images))


def test_a_file_is_known_by_its_content() -> None:
    face = Sample("a.png", landmarks=((0.0, 0.0),) * 5)
    one, same, other = shown((face, "aa-1234"), (Sample("b.png"), "aa"), (Sample("c.png"), "bb"))
    assert one == same != other
    assert one.pictures == (one.name,)
    assert len(one.name) == 16
    rows = [Sample("a"), Sample("b")]
    assert pictures(FILES, rows, [1, 0, 0], ["bb", "aa", "aa"], {}) == (other, one, one)


def test_a_clip_in_a_folder_is_the_images_in_it() -> None:
    images = {"ff": ["aa", "bb", "", "cc"], "gg": ["cc", "bb", "bb"]}
    clips = [
        (Sample("f"), "ff-1"),
        (Sample("part", span=(1, 2)), "ff-2"),
        (Sample("g", frame_rate=5.0), "gg-3"),
    ]
    whole, part, other = shown(*clips, images=images)
    a, b, c = (shown((Sample(key), key))[0].name for key in ("aa", "bb", "cc"))
    assert [one.pictures for one in (whole, part, other)] == [(a, b, c), (b,), (c, b)]
    assert len({a, b, c, whole.name, part.name, other.name}) == 6


def test_parts_of_a_video_are_the_same_where_they_overlap() -> None:
    spans = [(0, 5), (6, 9), (3, 6), (3, 3), None]
    parts = [
        one
        for shows in shown(*((Sample(f"{span}", span=span), "aa-1") for span in spans))
        for one in shows.pictures
    ]
    (other,) = shown((Sample("x", span=(0, 5)), "bb-1"))[0].pictures

    def having(*places: int) -> list[bool]:
        among = PictureSet(parts[place] for place in places)
        assert not among.has_any([other])
        return [among.has_any([part]) for part in parts]

    assert having(0) == [True, False, True, True, True]
    assert having(1) == [False, True, True, False, True]
    assert having(0, 1) == [True] * 5
    assert having(4) == [True] * 5
    assert having() == [False] * 5
    first, second, across, one, whole = parts
    name = whole

    def without(picture: str, others: Sequence[str]) -> tuple[str, ...]:
        return OwnedPictures([("others", others)], [picture]).left(picture, "own")

    assert without(across, [other]) == (across,)
    assert without(across, [first]) == (f"{name}:6-6",)
    assert without(across, [first, second]) == without(first, [whole]) == ()
    assert without(first, [one]) == (f"{name}:0-2", f"{name}:4-5")
    assert [PictureSet([left]).has_any([first]) for left in without(whole, [first])] == [False]
    assert file_of(first) == file_of(whole) == whole


def test_faces_of_one_picture_show_the_same() -> None:
    rows = [Sample("x1", span=(0, 5)), Sample("x2", span=(6, 9))]
    first, again, second = pictures(FILES, rows, [0, 0, 1], ["aa-1", "aa-1", "aa-2"], {})
    assert first == again != second


def test_what_is_drawn_is_known_by_what_decides_its_pixels() -> None:
    rows = [Sample("1"), Sample("2")]
    assert isinstance(Drawn("easy"), DrawnDataset)
    easy, wild = (
        pictures(cast(Any, Drawn(name)), rows, [0, 1], None, {}) for name in ("easy", "wild")
    )
    assert len({*easy, *wild}) == 4
    assert pictures(cast(Any, Drawn("easy")), [rows[1]], [0], ["1"], {}) == easy[1:]


def test_it_may_be_unknown() -> None:
    assert pictures(FILES, [Sample("a")], [0], None, {}) == (UNKNOWN,)
