"""What a process does that mines videos, one after another."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from typing import Any

import torch

from ferkit.errors import FerkitError, FerkitErrors, RunError
from ferkit.mining.failed import unexpected
from ferkit.mining.look import Means, Seen, Tools
from ferkit.mining.video import Outcome, Task, mine_video

TELL_S = 0.2
"""Seconds between two messages on how far a video is."""


class Miner:
    """Mines videos; one that goes wrong leaves nothing behind for the next.

    Raises: whatever building the reader and the detector raises: no video's fault.
    """

    def __init__(self, means: Means) -> None:
        self._means = means
        self._tools = _built(means)

    def mine(self, task: Task, seen: Seen) -> Outcome:
        """Mine a video.

        Returns: the outcome; of a reader or a detector that raises something, one that says so.
        Raises: RunError: what was found can't be written, so that going on is of no use.
        """
        try:
            return mine_video(task, self._tools, seen)
        except RunError:
            raise
        except Exception as error:
            self._tools = _built(self._means)  # the old ones may be in any state
            problem = unexpected(task.video.path, error, during="looking for faces")
            return Outcome(task.video, problems=(problem,))


def work(connection: Connection, means: Means) -> None:
    """Mine the videos that a parent sends, and send it the outcomes.

    Messages are pairs: ("ready", None), ("seen", (frames, share)), ("done", outcome), ("error",
    exception); the last one says that no video can be mined.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends this process
    parent = parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    torch.set_num_threads(1)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # nobody listens any more
        try:
            miner = Miner(means)
            connection.send(("ready", None))
            while True:
                task = connection.recv()
                connection.send(("done", miner.mine(task, _Meter(connection).count)))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            connection.send(("error", sendable(error)))


class _Meter:
    """Adds up what is seen and tells it now and then."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._frames = 0
        self._last = time.monotonic()

    def count(self, frames: int, share: float) -> None:
        self._frames += frames
        now = time.monotonic()
        if now - self._last >= TELL_S:
            self._connection.send(("seen", (self._frames, share)))
            self._frames, self._last = 0, now


def sendable(error: Exception) -> Exception:
    """An error that survives the way to the parent."""
    if isinstance(error, FerkitErrors):
        return FerkitError(str(error))
    if isinstance(error, FerkitError):
        error.__cause__ = None
        return error
    plain = RuntimeError(f"{type(error).__name__}: {error}")
    plain.__notes__ = list(getattr(error, "__notes__", ()))
    return plain


def _built(means: Means) -> Tools:
    tools = Tools(means)
    tools.build()
    return tools


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)  # nobody would read what is found
