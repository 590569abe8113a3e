"""What a prepared source is filed under: its content and the settings, never its name."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from stat import S_ISDIR
from typing import Any, NamedTuple

from ferkit.errors import FerkitError
from ferkit.faces.frame_folder import images_in
from ferkit.faces.unexpected import refused

PIPELINE_VERSION = 2
"""Raised when the core itself cuts other pixels from the same files and settings."""
READ_BYTES = 1 << 20


class FileState(NamedTuple):
    """Size in bytes and time of the last change in ns; if both stay, so did the content.

    Of a folder of images: their sizes together, and in place of a time 63 bits of a hash of the
    names, sizes and times of all.
    """

    size: int
    mtime_ns: int


class FolderContent(NamedTuple):
    """key: of the folder, over name, size and content of its images. images: `content_key` of
    each, in order; "" of a link to nothing, or an empty file."""

    key: str
    images: tuple[str, ...]


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
    """Size and time of the last change of a file, or of a folder's images.

    Raises: FerkitError: no such file, or not one that can be read.
    """
    try:
        stat = Path(path).stat()
        if S_ISDIR(stat.st_mode):
            return folder_state(Path(path))
    except FileNotFoundError as error:
        raise FerkitError("no such file.", where=str(path)) from error
    except OSError as error:
        raise FerkitError(refused(error, path), where=str(path)) from error
    return FileState(stat.st_size, stat.st_mtime_ns)


def content_key(path: str | Path) -> str:
    """32 hex digits of the SHA-256 of a file's whole content, or of a folder's images.

    Raises: FerkitError: the file, or one of the images, can't be read.
    """
    if Path(path).is_dir():
        return folder_content(path).key
    try:
        return _digest(Path(path))[:32]
    except OSError as error:
        raise FerkitError(refused(error, path), where=str(path)) from error


def folder_content(path: str | Path) -> FolderContent:
    """`content_key` of a folder, and of its images; each is read once.

    Raises: FerkitError: the folder, or one of the images, can't be read.
    """
    folder, whole, images = Path(path), hashlib.sha256(), []
    try:
        for name in images_in(folder):
            try:
                size, content = (folder / name).stat().st_size, _digest(folder / name)
            except FileNotFoundError:
                size, content = -1, ""
            whole.update(f"{os.fsencode(name).hex()} {size} {content}\n".encode())
            images.append(content[:32] if size > 0 else "")
    except OSError as error:
        raise FerkitError(refused(error, path), where=str(path)) from error
    return FolderContent(whole.hexdigest()[:32], tuple(images))


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def folder_state(folder: Path) -> FileState:
    """`file_state` of a folder's images; 0 bytes without one.

    Raises: OSError: the folder, or an image in it, can't be looked at.
    """
    whole, total = hashlib.sha256(), 0
    for name in images_in(folder):
        try:
            stat = (folder / name).stat()
            size, time = stat.st_size, stat.st_mtime_ns
        except FileNotFoundError:
            size, time = 0, -1
        total += size
        whole.update(f"{os.fsencode(name).hex()} {size} {time}\n".encode())
    return FileState(total, int.from_bytes(whole.digest()[:8], "big") >> 1)


def source_key(
    content: str,
    *,
    landmarks: Sequence[Sequence[float]] | None = None,
    span: tuple[int, int] | None = None,
    video: bool = False,
    frame_rate: float | None = None,
) -> str:
    """The key of a file as it is used: with landmarks of its own, as a clip, or a part of one.

    Args:
        content: key of the file's content.
        span: first and last frame.
        video: whether it is a clip. A file is one by its ending; renamed, it may be read after
            all.
        frame_rate: of a folder of images, frames per second, if it is known.
    """
    own: dict[str, Any] = {"video": True} if video else {}
    if landmarks is not None:
        own["landmarks"] = [[float(value) for value in point] for point in landmarks]
    if span is not None:
        own["span"] = list(span)
    if frame_rate is not None:
        own["frame_rate"] = float(frame_rate)
    if not own:
        return content
    return f"{content}-{hashlib.sha256(json.dumps(own).encode()).hexdigest()[:8]}"
