"""Takes what an engine prepares into the store, while the engine goes on."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator
from contextlib import closing
from types import TracebackType

from ferkit.contracts.data import Problem
from ferkit.faces.prepared import Progress
from ferkit.faces.store import StoreWriter
from ferkit.faces.work import Cropped, Event, Finished, Unreadable
from ferkit.interrupting import uninterrupted

WAITING = 8
"""Events that may wait for the disk; crops of a batch each, at most."""


def store_events(
    events: Generator[Event, None, None], writer: StoreWriter, progress: Progress, *, files: int
) -> dict[str, Problem]:
    """Write everything that `events` brings.

    Args:
        files: how many there are to prepare, for the progress.
    Returns: problems that the store does not remember, by key.
    Raises: RunError: the store can't be written; whatever an engine raises. What was finished
        before is in the store.
    """
    passing: dict[str, Problem] = {}
    meter = _Meter(progress)
    progress.begin("preparing", files, "files")
    try:
        with closing(events), WriterThread(writer) as sink:
            for event in events:
                if isinstance(event, Unreadable):
                    passing[event.work.key] = event.problem
                else:
                    sink.put(event)
                meter.count(event)
    finally:
        progress.end()
    return passing


class WriterThread:
    """Writes events in a thread of its own, in order.

    What was put before an error or an interruption is still written at the end; one more
    interruption waits for that.
    """

    def __init__(self, writer: StoreWriter) -> None:
        self._writer = writer
        self._queue: queue.Queue[Cropped | Finished | None] = queue.Queue(WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)

    def __enter__(self) -> WriterThread:
        self._thread.start()
        return self

    def put(self, event: Cropped | Finished) -> None:
        """Hand over an event; raises what went wrong with an earlier one."""
        if self._error is not None:
            raise self._error
        self._queue.put(event)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with uninterrupted():
            self._queue.put(None)
            self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def _work(self) -> None:
        while (event := self._queue.get()) is not None:
            if self._error is None:  # afterwards only empties the queue, so that nobody waits
                try:
                    self._write(event)
                except BaseException as error:  # raised again where the run can be ended
                    self._error = error

    def _write(self, event: Cropped | Finished) -> None:
        if isinstance(event, Cropped):
            self._writer.add(event.crops, event.rows)
            return
        work = event.work
        self._writer.finish(
            work.key,
            work.path,
            state=work.state,
            status=event.status,
            kind=event.kind,
            reason=event.reason,
        )


class _Meter:
    """Counts events for the progress: a video counts by the part of it that is done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._files = self._failed = self._frames = self._crops = 0
        self._shares: dict[str, float] = {}
        self._began = time.monotonic()

    def count(self, event: Event) -> None:
        if isinstance(event, Cropped):
            self._frames += event.frames
            self._crops += len(event.rows)
            self._shares.update(event.share)
            if not event.share:
                return  # photographs: their ends follow at once
        else:
            self._files += 1
            self._failed += isinstance(event, Unreadable) or event.status == "failed"
            self._shares.pop(event.work.key, None)
        rate = self._frames / max(1e-9, time.monotonic() - self._began)
        failed = f", {self._failed} failed" if self._failed else ""
        detail = f"{rate:.3g} frames/s, {self._crops} crops{failed}"
        self._progress.advance(self._files + sum(self._shares.values()), detail)
