"""Files that are whole or not there, and what a disk refuses in plain words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from ferkit.errors import BlockedError

TEMPORARY = ".writing"
"""Ending of files that are not whole yet; one that is left over may be removed."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that appears at `path`, complete and on the disk, when the block ends.

    If the block raises, or the process is killed, what was at `path` before stays.
    """
    temporary = path.with_name(f".{path.name}-{os.getpid()}{TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file, text as UTF-8, so that a kill leaves the old one or the new one.

    Raises: BlockedError: it can't be written.
    """
    with told_plainly(path), replacing(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)
    return path


@contextmanager
def told_plainly(where: Path, *, hint: str = "Nothing written before is lost.") -> Iterator[None]:
    """Turn errors of writing into a `BlockedError`.

    Args:
        where: what is written.
        hint: what is kept and what to do; room is asked for where the disk is full.
    """
    try:
        yield
    except OSError as error:
        full = is_full(error)
        what = "the disk is full." if full else f"can't be written ({error.strerror or error})."
        advice = f"{hint} Make room, or choose another place." if full else hint
        raise BlockedError(what, where=str(where), hint=advice) from error


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is that the disk has no room, or that the user may
    have no more of it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__
    return False
