"""One process at a time: for stores and run folders."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ferkit.errors import BlockedError

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[str]) -> None:
        file.seek(0x7FFFFFF0)  # far behind the text, which others may then still read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(
    path: Path,
    *,
    what: str,
    waiting: Callable[[str], None],
    patience_s: float | None = None,
    poll_s: float = 0.2,
) -> Iterator[None]:
    """Hold a lock.

    The operating system keeps the lock and drops it when its holder ends, however that
    happens, so a lock can't go stale. The file's text says who holds it, for people.

    Args:
        path: the lock file; stays behind, unlocked.
        what: is locked, for messages: "the store".
        waiting: told once, in a sentence, if someone else holds it.
        patience_s: give up after so many seconds; None: never.
        poll_s: seconds between two attempts.
    Raises: BlockedError: patience ran out, or the file system has no locks.
    """
    try:
        opened = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise BlockedError(f"can't be written ({error.strerror}).", where=str(path)) from error
    with opened as file:
        started = time.monotonic()
        told = False
        while True:
            try:
                _try_lock(file)
                break
            except (BlockingIOError, PermissionError):
                holder = f"{what} is in use by {_holder(path)}"
                if patience_s is not None and time.monotonic() - started >= patience_s:
                    raise BlockedError(f"{holder}.", where=str(path.parent)) from None
                if not told:
                    waiting(f"{holder}; waiting for it to end")
                    told = True
                time.sleep(poll_s)
            except OSError as error:
                raise BlockedError(
                    f"the file system can't lock files ({error.strerror}).",
                    where=str(path),
                    hint="Choose a folder on another one.",
                ) from error
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        yield


def _holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip() or "another process"
    except OSError:
        return "another process"
