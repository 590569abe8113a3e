from __future__ import annotations

import pytest
from pydantic import ValidationError

from ferkit.view_sections import StrongSection


def test_the_usual_strong_view_is_that_of_b17() -> None:
    section = StrongSection()
    assert section.count == (2, 4)
    assert section.magnitude == (0, 9)
    assert set(section.operations) == {
        "brightness",
        "contrast",
        "translate_x",
        "translate_y",
        "sharpness",
        "flip",
    }
    assert not section.per_frame
    assert section.largest("translate_x") == 0.3
    assert section.largest("flip") == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": (4, 2)}, "count: the first number must not exceed the second"),
        ({"magnitude": (9, 8)}, "magnitude: the first number must not exceed the second"),
        ({"magnitude": (0, 10)}, "less than or equal to 9"),
        ({"count": (0, 0)}, "greater than or equal to 1"),
        ({"operations": ()}, "at least 1 item"),
        ({"operations": ("blur",)}, "'brightness', 'contrast'"),
        ({"ranges": {"flip": 0.5}}, "ranges: flip has no magnitude"),
        ({"ranges": {"brightness": 1.5}}, "ranges: brightness must be at most 1"),
        ({"ranges": {"translate_x": 0}}, "greater than 0"),
        ({"ranges": {"rotate": float("nan")}}, "finite"),
    ],
)
def test_what_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        StrongSection(**changes)  # type: ignore[arg-type]
