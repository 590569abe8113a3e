"""What a prepared source is filed under: its content and the settings, never its name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ferkit.errors import FerkitError

PIPELINE_VERSION = 2
"""Raised when the core itself cuts other pixels from the same files and settings."""
READ_BYTES = 1 << 20


class FileState(NamedTuple):
    """Size in bytes and time of the last change in ns; if both stay, so did the content."""

    size: int
    mtime_ns: int


def settings_hash(settings: Mapping[str, Any]) -> str:
    """16 hex digits that change with any setting; the order of keys does not matter."""
    text = json.dumps(
        {"pipeline": PIPELINE_VERSION, "settings": settings},
        sort_keys=True,
        separators=(",", ":"),
        default=str,
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_state(path: str | Path) -> FileState:
    """Size and time of the last change.

    Raises: FerkitError: no such file, or not one that can be read.
    """
    try:
        stat = Path(path).stat()
    except FileNotFoundError as error:
        raise FerkitError("no such file.", where=str(path)) from error
    except OSError as error:
        raise FerkitError(f"{error.strerror or error}.", where=str(path)) from error
    return FileState(stat.st_size, stat.st_mtime_ns)


def content_key(path: str | Path) -> str:
    """32 hex digits of the SHA-256 of a file's whole content.

    Raises: FerkitError: the file can't be read.
    """
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(READ_BYTES):
                digest.update(block)
    except OSError as error:
        raise FerkitError(f"{error.strerror or error}.", where=str(path)) from error
    return digest.hexdigest()[:32]


def source_key(
    content: str,
    *,
    landmarks: Sequence[Sequence[float]] | None = None,
    span: tuple[int, int] | None = None,
    video: bool = False,
) -> str:
    """The key of a file as it is used: with landmarks of its own, as a video, or a part of one.

    Args:
        content: key of the file's content.
        span: first and last frame.
        video: whether its ending says that it is one; renamed, it may be read after all.
    """
    own: dict[str, Any] = {"video": True} if video else {}
    if landmarks is not None:
        own["landmarks"] = [[float(value) for value in point] for point in landmarks]
    if span is not None:
        own["span"] = list(span)
    if not own:
        return content
    return f"{content}-{hashlib.sha256(json.dumps(own).encode()).hexdigest()[:8]}"
