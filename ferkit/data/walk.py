"""The images and videos below a folder, in an order that does not depend on the file system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ferkit.contracts.data import Problem
from ferkit.errors import FerkitError
from ferkit.faces.decode import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from ferkit.suggest import nearest


class MediaFile(NamedTuple):
    """relative: path below the folder, with forward slashes. stamp: (bytes, modified in ns)."""

    relative: str
    path: str
    stamp: tuple[int, int]


def is_media(name: str) -> bool:
    """Whether the suffix is one of an image or a video; case does not matter."""
    suffix = Path(name).suffix.lower()
    return suffix in IMAGE_SUFFIXES or suffix in VIDEO_SUFFIXES


def require_folder(path: str) -> Path:
    """The folder, or a `FerkitError` that says what is there instead."""
    folder = Path(path)
    require_path(folder, what="the folder")
    if not folder.is_dir():
        raise FerkitError(
            "is a file, not a folder.", where=path, hint="A table is read by 'use: table'."
        )
    return folder


def media_below(folder: Path, problems: list[Problem]) -> list[MediaFile]:
    """All images and videos at any depth, sorted by their path below the folder.

    Links are followed, a folder is entered once only. Whatever is left out goes to `problems`:
    hidden files and folders, other files, broken links, folders that cannot be read.

    Raises: FerkitError: the folder itself cannot be read.
    """
    found = list(_walk(folder, "", problems, {os.path.realpath(folder)}))
    return sorted(found)


def _walk(
    folder: Path, prefix: str, problems: list[Problem], entered: set[str]
) -> Iterator[MediaFile]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        what = f"the folder cannot be read: {error.strerror or error}."
        if not prefix:
            raise FerkitError(what, where=str(folder)) from error
        problems.append(Problem("unreadable folder", str(folder), what, dropped=True))
        return
    for entry in entries:
        problem = _why_not(entry, entered)
        if problem is not None:
            problems.append(problem)
        elif entry.is_dir():
            entered.add(os.path.realpath(entry.path))
            yield from _walk(Path(entry.path), f"{prefix}{entry.name}/", problems, entered)
        else:
            stat = entry.stat()
            stamp = (stat.st_size, stat.st_mtime_ns)
            yield MediaFile(f"{prefix}{entry.name}", entry.path, stamp)


def _why_not(entry: os.DirEntry[str], entered: set[str]) -> Problem | None:
    """Why this entry is left out, or None."""
    if entry.name.startswith(".") or entry.name == "__MACOSX":
        kind = "hidden folder" if entry.is_dir() else "hidden file"
        return Problem(kind, entry.path, "hidden, therefore not read.", dropped=True)
    if entry.is_dir():
        if os.path.realpath(entry.path) in entered:
            what = "the folder is reached a second time by a link."
            return Problem("repeated folder", entry.path, what, dropped=True)
        return None
    if not _encodable(entry.name):
        what = "the file's name is not valid text."
        return Problem("bad file name", ascii(entry.path), what, dropped=True)
    if not is_media(entry.name):
        what = "neither an image nor a video, by its suffix."
        return Problem("not media", entry.path, what, dropped=True)
    if not entry.is_file():
        what = "a link to nothing, or not a plain file."
        return Problem("missing file", entry.path, what, dropped=True)
    return None


def _encodable(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def require_path(path: Path, *, what: str) -> None:
    """Raise a `FerkitError` that names the nearest existing name, unless `path` exists."""
    if path.exists():
        return
    missing = path
    while missing.parent != missing and not missing.parent.exists():
        missing = missing.parent
    try:
        names = [entry.name for entry in missing.parent.iterdir()]
    except OSError:
        names = []
    close = nearest(missing.name, names)
    raise FerkitError(
        f"{what} does not exist."
        if missing == path
        else f"{what} does not exist; there is no {str(missing)!r}.",
        where=str(path),
        hint=f"Did you mean {str(missing.parent / close)!r}?" if close else None,
    )
