"""What nobody foresaw, said in one sentence, so that it costs one file and not the whole run."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

UNEXPECTED = "unexpected error"
"""Kind of a problem that is the fault of a program rather than of a file."""


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
