"""Several videos at a time, each process at one of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

import torch

from ferkit.errors import FerkitError, FerkitErrors, RunError
from ferkit.mining.look import Means, Tools
from ferkit.mining.video import Outcome, Task, mine_video

TELL_S = 0.2
"""Seconds between two messages on how far a video is."""

Told = Callable[[Task, int, float], None]
"""Told of a video: frames looked at since the last call, and the part of it that is done."""


@dataclass(frozen=True)
class Died:
    """The process that was at a video ended by itself. code: its exit code; -9: killed."""

    code: int


@dataclass
class _Worker:
    process: Any
    connection: Connection
    task: Task
    ready: bool = False


def mine_here(
    tasks: Sequence[Task], means: Means, told: Told
) -> Iterator[tuple[Task, Outcome | Died]]:
    """Mine videos in this process, one after another."""
    tools = Tools(means)
    for task in tasks:
        yield task, _mined(task, tools, lambda frames, share, task=task: told(task, frames, share))  # type: ignore[misc]


def mine_in_processes(
    tasks: Sequence[Task], means: Means, told: Told, *, jobs: int
) -> Iterator[tuple[Task, Outcome | Died]]:
    """Mine videos in processes of one thread each, which end with this one.

    Answers come as they are ready. Where a process dies, its video is answered by `Died`, and
    another process goes on with the rest.

    Args:
        jobs: processes, at most.
    Raises: RunError: processes die before they begin; whatever stops the mining of a video.
    """
    waiting = list(reversed(tasks))
    workers: dict[Any, _Worker] = {}
    try:
        for _ in range(min(jobs, len(tasks))):
            worker = _start(waiting.pop(), means)
            workers[worker.connection] = worker
        while workers:
            for connection in wait(list(workers)):
                worker = workers[connection]
                try:
                    kind, content = worker.connection.recv()
                except (EOFError, OSError):
                    del workers[connection]
                    yield worker.task, _died(worker)
                    if waiting:
                        worker = _start(waiting.pop(), means)
                        workers[worker.connection] = worker
                    continue
                if kind == "ready":
                    worker.ready = True
                elif kind == "seen":
                    told(worker.task, *content)
                elif kind == "error":
                    raise content
                else:
                    finished = worker.task
                    if waiting:
                        worker.task = waiting.pop()
                        worker.connection.send(worker.task)
                    else:
                        del workers[connection]
                        worker.connection.close()
                        worker.process.join()
                    yield finished, content
    finally:
        for worker in workers.values():
            worker.process.terminate()
        for worker in workers.values():
            worker.process.join()
            worker.connection.close()


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start(task: Task, means: Means) -> _Worker:
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, means), name="ferkit-mine", daemon=True)
    process.start()
    there.close()  # so that reading ends when the process does
    here.send(task)
    return _Worker(process, here, task)


def _died(worker: _Worker) -> Died:
    worker.process.join()
    worker.connection.close()
    code = int(worker.process.exitcode or 0)
    if not worker.ready:
        raise RunError(
            f"a process for mining ended as it began (exit code {code}).",
            hint="--jobs 1 does without.",
        )
    return Died(code)


def _work(connection: Connection, means: Means) -> None:
    """What a process does: mine the videos that it is sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends this process
    parent = parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    torch.set_num_threads(1)
    tools = Tools(means)
    connection.send(("ready", None))
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        meter = _Meter(connection)
        try:
            answer: tuple[str, Any] = "done", _mined(task, tools, meter.count)
        except Exception as error:
            answer = "error", _sendable(error)
        connection.send(answer)


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


def _mined(task: Task, tools: Tools, seen: Callable[[int, float], None]) -> Outcome:
    try:
        return mine_video(task, tools, seen)
    except MemoryError as error:
        raise RunError(
            "there is not enough memory for this video.",
            where=str(task.video.path),
            hint="Give a lower --jobs. The findings of finished videos stay.",
        ) from error
    except FerkitError:
        raise
    except Exception as error:
        error.add_note(f"while mining {task.video.path}")
        raise


def _sendable(error: Exception) -> Exception:
    """An error that survives the way to the parent."""
    if isinstance(error, FerkitErrors):
        return FerkitError(str(error))
    if isinstance(error, FerkitError):
        error.__cause__ = None
        return error
    plain = RuntimeError(f"{type(error).__name__}: {error}")
    plain.__notes__ = list(getattr(error, "__notes__", ()))
    return plain


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)  # nobody would read what is found
