"""What sources and settings are filed under."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.errors import FerkitError
from ferkit.faces.keys import content_key, source_key


def test_keys_follow_content_and_landmarks(tmp_path: Path) -> None:
    for name, text in [("a", "one"), ("b", "one"), ("c", "two")]:
        (tmp_path / name).write_text(text)
    a, b, c = (content_key(tmp_path / name) for name in "abc")
    assert a == b != c
    points = [(1.0, 2.0)] * 5
    assert source_key(a) == a
    assert source_key(a, landmarks=points) == source_key(a, landmarks=[(1, 2)] * 5)
    others = [
        source_key(a, landmarks=points),
        source_key(a, landmarks=[(1.0, 3.0)] * 5),
        source_key(a, span=(0, 9)),
        source_key(a, span=(0, 10)),
        source_key(a, landmarks=points, span=(0, 9)),
    ]
    assert len({a, *others}) == 6
    with pytest.raises(FerkitError, match="No such file"):
        content_key(tmp_path / "none")
