"""Files by their relative paths, and how they get onto the disk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

Files = dict[str, str | bytes]
"""Path below the data set's folder, with forward slashes: content."""


def write(files: Mapping[str, str | bytes], folder: Path) -> Path:
    """Write files below a folder, which it makes, beside those that lie there.

    Returns: the folder.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
