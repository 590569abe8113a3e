"""The runs of a matrix as child processes, each with its own folder and its own progress.

Children are forked from a server process that has imported what a run needs, so that a run does
not pay for imports, and each still has a process of its own to fail in.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from ferkit.errors import FerkitError
from ferkit.running.plan import PlannedRun

PRELOADED = ["ferkit.running.start", "torchmetrics.functional.classification", "kornia.geometry"]
"""Imported once by the server; a name that can't be imported is passed over."""

Message = Mapping[str, Any]


@dataclass
class Child:
    """A run under way.

    task, done, total, detail: what its last progress said. error: why it failed, if it said so.
    started: by the monotonic clock, in seconds.
    """

    run: PlannedRun
    process: BaseProcess
    messages: Connection
    log: Path
    task: str = "starting"
    done: int = 0
    total: int = 0
    detail: str = ""
    error: str = ""
    started: float = field(default_factory=time.monotonic)

    def hear(self, message: Message) -> None:
        """Take one progress message."""
        if "begin" in message:
            self.task, self.total = str(message["begin"]), int(message["total"])
            self.done, self.detail = 0, ""
        elif "done" in message:
            self.done, self.detail = int(message["done"]), str(message.get("detail", ""))
        elif "error" in message:
            self.error = str(message["error"])

    def why(self) -> str:
        """Why it failed, in one line."""
        if self.error:
            return self.error.splitlines()[0]
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"ended by {signal.Signals(-code).name}; see {self.log}"
        return f"exit status {code}; see {self.log}"


def start_child(run: PlannedRun, *, root: Path, smoke: bool, context: BaseContext) -> Child:
    """Start one planned run, or go on with it where its folder holds a run already.

    Args:
        root: the matrix folder.
        context: of `forking`.
    """
    receiving, sending = context.Pipe(duplex=False)
    log = root / run.plan_file.with_suffix(".log")
    process = context.Process(  # type: ignore[attr-defined]
        target=_run,
        args=(root / run.plan_file, root / run.folder, log, smoke, sending),
        daemon=False,
        name=f"ferkit {run.label}",
    )
    process.start()
    sending.close()  # the child's end; when it dies, reading ends
    return Child(run, process, receiving, log)


def next_messages(
    children: Sequence[Child], *, timeout: float
) -> Iterator[tuple[Child, Message | None]]:
    """What children said within `timeout` seconds; None for one that has ended."""
    by_connection = {child.messages: child for child in children}
    for ready in connection.wait(list(by_connection), timeout):
        child = by_connection[ready]  # type: ignore[index]
        try:
            yield child, child.messages.recv()
        except (EOFError, ConnectionResetError):
            child.process.join()
            child.messages.close()
            yield child, None


def stop_children(children: Sequence[Child], *, patience: float = 30.0) -> None:
    """Ask runs to save and stop, as Ctrl-C would; kill those that do not in `patience` s."""
    for child in children:
        if child.process.is_alive() and child.process.pid is not None:
            os.kill(child.process.pid, signal.SIGINT)
    deadline = time.monotonic() + patience
    for child in children:
        child.process.join(max(0.0, deadline - time.monotonic()))
        if child.process.is_alive():
            child.process.kill()
            child.process.join()
        child.messages.close()


@contextmanager
def forking(threads: int | None) -> Iterator[BaseContext]:
    """A context in which `start_child` may be called.

    Args:
        threads: as of the children; the server's libraries read it when they are imported.
    """
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    context = get_context("forkserver" if sys.platform != "win32" else "spawn")
    if sys.platform != "win32":
        context.set_forkserver_preload(PRELOADED)
    try:
        if threads is not None:
            os.environ.update(dict.fromkeys(names, str(threads)))
        yield context
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _run(recipe: Path, folder: Path, log: Path, smoke: bool, sending: Connection) -> None:
    """What a child does; its exit status is that of `ferkit run`."""
    os.setsid()  # Ctrl-C reaches the matrix alone, which passes it on once
    with log.open("a", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    from ferkit.running.progress import MessageDisplay
    from ferkit.running.start import begin_one, resume_one

    display = MessageDisplay(sending.send)
    try:
        if (folder / "run.json").exists():
            resume_one(folder, display=display)
        else:
            begin_one(recipe, folder, display=display, smoke=smoke)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        status = error.status if isinstance(error, FerkitError) else 1
        known = isinstance(error, FerkitError)
        display.fail(str(error) if known else f"{type(error).__name__}: {error}; see {log}")
        if status == 1:
            raise  # the traceback goes to the log, the exit status is 1
        sys.exit(status)
