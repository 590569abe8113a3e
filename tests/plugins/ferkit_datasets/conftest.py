"""Trees in the layout of the distributions, with tiny files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Grow = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def grow(tmp_path: Path) -> Grow:
    """Writes files below a folder by their relative paths, and returns the folder."""

    def make(files: Mapping[str, str | bytes]) -> Path:
        for name, content in files.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path / "data"

    return make
