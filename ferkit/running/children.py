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

from ferkit.errors import FerkitError
from ferkit.files import is_full
from ferkit.running.plan import PlannedRun
from ferkit.running.under_way import Message, UnderWay

PRELOADED = [
    "ferkit.running.start",
    "torchmetrics.functional.classification",
    "kornia.geometry",
    "pyarrow.dataset",
    "pandas",  # which pyarrow imports where it is installed
]
"""Imported once by the server; a name that can't be imported is passed over."""


@dataclass(frozen=True)
class Order:
    """What a process needs to know of a run.

    recipe: its own, written by the plan. folder: of the run. log: where its output goes.
    init: the run that it starts from, wherever the matrix lies by now, or None.
    patience: seconds to wait for a process that still holds the folder.
    environment: variables to be set in the process.
    """

    recipe: Path
    folder: Path
    log: Path
    smoke: bool
    init: Path | None = None
    patience: float = 5.0
    environment: Mapping[str, str] = field(default_factory=dict)


def order_of(run: PlannedRun, *, root: Path, smoke: bool) -> Order:
    """The order for a planned run.

    Args:
        root: the matrix folder.
    """
    root = root.absolute()
    return Order(
        recipe=root / run.plan_file,
        folder=root / run.folder,
        log=root / run.plan_file.with_suffix(".log"),
        smoke=smoke,
        init=None if run.needs is None else root / run.needs,
    )


@dataclass(eq=False)
class Child:
    """A process that does a run. error: why it failed, if it said so."""

    process: BaseProcess
    messages: Connection
    log: Path
    error: str = ""

    def why(self) -> str:
        """Why it failed."""
        if self.error:
            return self.error
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"ended by {signal.Signals(-code).name}; see {self.log}"
        return f"exit status {code}; see {self.log}"


def start_child(order: Order, *, context: BaseContext) -> Child:
    """Start a run, or go on with it where its folder holds a run already.

    Args:
        context: of `forking`.
    """
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(  # type: ignore[attr-defined]
        target=_run, args=(order, sending), daemon=False, name=f"ferkit {order.folder}"
    )
    process.start()
    sending.close()  # the child's end; when it dies, reading ends
    return Child(process, receiving, order.log)


def next_messages(
    children: Sequence[Child], *, timeout: float
) -> Iterator[tuple[Child, Message | None]]:
    """What children said within `timeout` seconds; None for one that has ended."""
    by_connection = {child.messages: child for child in children}
    for ready in connection.wait(list(by_connection), timeout):
        child = by_connection[ready]  # type: ignore[index]
        try:
            message = child.messages.recv()
        except (EOFError, ConnectionResetError):
            child.process.join()
            child.messages.close()
            yield child, None
            continue
        child.error = str(message.get("error", child.error))
        yield child, message


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


class LocalEngine:
    """Runs as children of this process.

    Args:
        root: the matrix folder. jobs: runs side by side. context: of `forking`.
    """

    def __init__(self, root: Path, *, smoke: bool, jobs: int, context: BaseContext) -> None:
        self._root, self._smoke, self._jobs, self._context = root, smoke, jobs, context
        self._children: dict[Child, UnderWay] = {}

    def places(self) -> int:
        return self._jobs

    def start(self, run: PlannedRun) -> UnderWay:
        order = order_of(run, root=self._root, smoke=self._smoke)
        one = UnderWay(run)
        self._children[start_child(order, context=self._context)] = one
        return one

    def messages(self, timeout: float) -> Iterator[tuple[UnderWay, Message | None]]:
        for child, message in next_messages(list(self._children), timeout=timeout):
            one = self._children[child]
            if message is None:
                del self._children[child]
                one.ended = child.process.exitcode == 0
                one.error = "" if one.ended else child.why()
            yield one, message

    def stop(self) -> None:
        stop_children(list(self._children))
        self._children.clear()


@contextmanager
def local_engine(
    root: Path, *, smoke: bool, jobs: int, threads: int | None
) -> Iterator[LocalEngine]:
    """This machine as an engine.

    Args:
        root: the matrix folder. jobs: runs side by side. threads: as of `forking`.
    """
    with forking(threads) as context:
        yield LocalEngine(root, smoke=smoke, jobs=jobs, context=context)


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


def _run(order: Order, sending: Connection) -> None:
    """What a child does; its exit status is that of `ferkit run`."""
    os.setsid()  # Ctrl-C reaches the matrix alone, which passes it on once
    os.environ.update(order.environment)
    if hasattr(signal, "pthread_sigmask"):  # Ray's processes block it, and children inherit that
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with order.log.open("a", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    from ferkit.running.progress import MessageDisplay
    from ferkit.running.start import begin_one, resume_one

    display = MessageDisplay(sending.send)
    init, patience = order.init, order.patience
    try:
        if (order.folder / "run.json").exists():
            resume_one(order.folder, display=display, init=init, patience=patience)
        else:
            begin_one(
                order.recipe,
                order.folder,
                display=display,
                smoke=order.smoke,
                init=init,
                patience=patience,
            )
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        status = error.status if isinstance(error, FerkitError) else 1
        known = isinstance(error, FerkitError)
        told = str(error) if known else f"{type(error).__name__}: {error}; see {order.log}"
        display.fail(told, full=is_full(error))
        if status == 1:
            raise  # the traceback goes to the log, the exit status is 1
        sys.exit(status)
