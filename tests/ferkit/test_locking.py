"""Locks that others hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.errors import RunError
from ferkit.locking import locked


def test_patience_of_a_lock_ends(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with (
        locked(lock, what="the store", waiting=str),
        pytest.raises(RunError, match="in use by process"),
        locked(lock, what="the store", waiting=lambda text: None, patience_s=0),
    ):
        pass
