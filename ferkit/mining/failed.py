"""Videos whose mining went wrong in a way that nobody foresaw: what is said of them."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

from ferkit.contracts.data import Problem
from ferkit.errors import FerkitError
from ferkit.faces.unexpected import UNEXPECTED, said_of

ENDED = "process ended"
FAILED = (UNEXPECTED, ENDED)
"""Kinds of problems that are the fault of a program rather than of a video."""

LIKELY = {
    "SIGKILL": "as the system does when memory runs out",
    "SIGSEGV": "as a decoder does that crashes at damaged data",
}


def unexpected(path: Path, error: Exception, *, during: str) -> Problem:
    """A reader or detector raised what it should not.

    Args:
        path: of the video.
        during: what was being done: "looking for faces".
    """
    if isinstance(error, MemoryError):
        what = f"memory ran out while {during}; a lower --jobs may help."
    elif isinstance(error, FerkitError):
        what = error.advice
    else:
        what = said_of(error, during=during)
    return Problem(UNEXPECTED, str(path), what, True)


def ended(path: Path, code: int) -> Problem:
    """The process that mined a video ended by itself, twice.

    Args:
        code: its exit code at last; below 0: the number of a signal.
    """
    why = ""
    if code < 0:
        with suppress(ValueError):
            name = signal.Signals(-code).name
            why = f" ({', '.join([name, *filter(None, [LIKELY.get(name)])])})"
    what = f"the process that mined it ended with exit code {code}{why}, and so did another one."
    return Problem(ENDED, str(path), what, True)
