"""Pictures asked for others, against loops over single frames."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from ferkit.data.picture_sets import OwnedPictures, PictureSet
from ferkit.data.pictures import END, file_of, frames_of, part_of

LENGTH = 12
"""Frames of the videos here; what is asked of a whole one goes on, as it has no end."""


def some(choose: random.Random) -> list[str]:
    """A few pictures of two files: whole ones and parts."""
    found = []
    for _ in range(choose.randint(0, 4)):
        first, last = sorted((choose.randrange(LENGTH), choose.randrange(LENGTH)))
        file = choose.choice("ab")
        found.append(file if choose.random() < 0.15 else f"{file}:{first}-{last}")
    return found


def frames(pictures: list[str] | tuple[str, ...]) -> set[tuple[str, int]]:
    """Frame by frame; the last one stands for all that come after."""
    return {
        (file_of(one), frame)
        for one in pictures
        for first, last in [frames_of(one)]
        for frame in range(first, min(last, LENGTH) + 1)
    }


@pytest.mark.parametrize("seed", range(20))
def test_they_answer_as_frame_by_frame(seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(50):
        owned = [(choose.choice("xyz"), some(choose)) for _ in range(choose.randint(0, 5))]
        asked = some(choose)
        every = [one for _, pictures in owned for one in pictures]
        assert PictureSet(every).has_any(asked) == bool(frames(every) & frames(asked))
        known = OwnedPictures(owned, asked)
        for picture in asked:
            for owner in "xw":
                others = frames([p for key, had in owned if key != owner for p in had])
                left = known.left(picture, owner)
                assert frames(left) == frames([picture]) - others
                # In order, and no more pieces than needed.
                spans = [frames_of(one) for one in left]
                assert all(a[1] + 1 < b[0] for a, b in pairwise(spans))
                assert all(
                    part_of(file_of(picture), *span) == one
                    for span, one in zip(spans, left, strict=True)
                )


def test_what_is_left_of_a_whole_video() -> None:
    known = OwnedPictures([("x", ["v:3-5"]), ("y", ["v:5-8", "w:0-1"])], ["v"])
    assert known.left("v", "z") == ("v:0-2", f"v:9-{END}")
    assert known.left("v", "x") == ("v:0-4", f"v:9-{END}")
    assert known.left("v", "y") == ("v:0-2", f"v:6-{END}")
    assert OwnedPictures([("x", ["v"])], ["v:1-2"]).left("v:1-2", "x") == ("v:1-2",)


def test_parts_of_one_video_are_not_compared_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 2000 learned parts a tested one looks at those that it overlaps."""
    parts = [f"v:{10 * i}-{10 * i + 8}" for i in range(2000)]
    known = OwnedPictures(((str(i), [one]) for i, one in enumerate(parts)), ["v"])
    learned = PictureSet(parts)
    read = 0

    def counted(picture: str) -> tuple[int, int]:
        nonlocal read
        read += 1
        return frames_of(picture)

    monkeypatch.setattr("ferkit.data.picture_sets.frames_of", counted)
    assert [known.left(one, "z") for one in parts] == [()] * 2000
    assert [known.left(one, str(i)) for i, one in enumerate(parts)] == [(one,) for one in parts]
    assert not any(learned.has_any([f"v:{10 * i + 9}-{10 * i + 9}"]) for i in range(2000))
    assert read == 6000
