"""Where ferkit keeps what it can make again: prepared stores, drawn faces, fetched weights."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder(name: str = "") -> Path:
    """The user's cache folder of ferkit, or a folder `name` in it; not created.

    `FERKIT_CACHE` in the environment moves it.
    """
    chosen = os.environ.get("FERKIT_CACHE")
    root = Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("ferkit"))
    return root / name if name else root
