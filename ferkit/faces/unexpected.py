"""What nobody foresaw or the system refused, in one sentence: it costs a file, not the run."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

UNEXPECTED = "unexpected error"
"""Kind of a problem that is the fault of a program rather than of a file."""


def refused(error: OSError, path: str | Path) -> str:
    """What the system said of a file: "Permission denied."; of an image in a folder, with its name.

    Args:
        path: the file, or the folder.
    """
    inner = isinstance(error.filename, str) and Path(error.filename).parent == Path(path)
    return f"{Path(error.filename).name + ': ' if inner else ''}{error.strerror or error}."


def said_of(error: Exception, *, during: str) -> str:
    """Type, message and place: "ValueError: no such plane (while decoding, reader.py line 7)."

    Args:
        during: what was being done: "decoding".
    """
    text = " ".join(str(error).split()).rstrip(".")
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    places = extract_tb(error.__traceback__)
    where = f", {Path(places[-1].filename).name} line {places[-1].lineno}" if places else ""
    return f"{said} (while {during}{where})."
