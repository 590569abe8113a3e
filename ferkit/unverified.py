"""What can be told of a file of weights that no hash speaks for: pages, and files cut off."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import BinaryIO

HEAD = 512
"""Bytes that are looked at to tell a web page from a file."""

_PAGE = (b"<!doctype html", b"<html")
_ZIP = b"PK\x03\x04"
_LONGEST = 100_000_000
"""Bytes of a safetensors header, at most; as in its own library."""


def begins_as_page(head: bytes) -> bool:
    """Whether a file that begins so is a web page."""
    return _begun(head).startswith(_PAGE)


def begins_as_markup(head: bytes) -> bool:
    """Whether a file that begins so can be a page, if it is said to be one."""
    return _begun(head).startswith(b"<")


def what_is_broken(path: Path) -> str | None:
    """Why a file can't be weights, in a sentence; None: nothing speaks against it.

    Told are empty files, web pages, and files cut off of the two formats that say their length:
    zip (that of torch and numpy) and safetensors.

    Raises: OSError: it can't be read.
    """
    size = path.stat().st_size
    if not size:
        return "it is empty."
    with path.open("rb") as file:
        head = file.read(HEAD)
        if begins_as_page(head):
            return "it is a web page."
        if head.startswith(_ZIP):
            whole = _is_whole_zip(file)
        elif head[8:9] == b"{":
            length = _safetensors_length(file)
            whole = length is None or length == size
        else:
            return None
    return None if whole else "it is damaged, or not whole."


def _begun(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()


def _is_whole_zip(file: BinaryIO) -> bool:
    """Whether the table at its end is there."""
    try:
        zipfile.ZipFile(file).close()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False
    return True


def _safetensors_length(file: BinaryIO) -> int | None:
    """Bytes that a safetensors file must have; None: its header is of something else."""
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if length > _LONGEST:
        return None
    header = file.read(length)
    try:
        entries = json.loads(header)
        ends = [each["data_offsets"][1] for key, each in entries.items() if key != "__metadata__"]
        return 8 + length + max(ends, default=0)
    except (ValueError, TypeError, LookupError, AttributeError):
        # A header that is not whole is of a file that is not whole.
        return -1 if len(header) < length else None
