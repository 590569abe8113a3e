"""Folders and tables of empty files: the data sets decode no pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ferkit.contracts.data import Problem


@pytest.fixture
def touch(tmp_path: Path) -> Callable[..., Path]:
    """Makes files below the test's folder and gives that folder back."""

    def make(*names: str, size: int = 1) -> Path:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * size)
        return tmp_path

    return make


@pytest.fixture
def kinds() -> Callable[[Sequence[Problem]], dict[str, int]]:
    """Counts problems by kind."""
    return lambda problems: dict(Counter(problem.kind for problem in problems))
