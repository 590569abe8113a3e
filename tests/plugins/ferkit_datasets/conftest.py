"""Data sets in the layout of their distributions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from dataset_trees import write

Grow = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def grow(tmp_path: Path) -> Grow:
    """Writes files below a folder by their relative paths, and returns the folder."""
    return lambda files: write(files, tmp_path / "data")
