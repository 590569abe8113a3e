"""Several videos at a time, each process at one of them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from ferkit.errors import RunError
from ferkit.mining.failed import ended
from ferkit.mining.look import Means
from ferkit.mining.video import Outcome, Task
from ferkit.mining.worker import Miner, work

STILLBORN = 3
"""Processes in a row that end as they begin before mining gives up."""

Told = Callable[[Task, int, float], None]
"""Told of a video: frames looked at since the last call, and the part of it that is done."""


@dataclass
class _Worker:
    process: Any
    connection: Connection
    task: Task
    ready: bool = False

    def close(self) -> int:
        """Wait for its end; the exit code."""
        self.connection.close()  # it hears that nothing more comes
        self.process.join()
        return int(self.process.exitcode or 0)


class _Todo:
    """Videos to mine. What ended a process comes once more, when all others are done: alone it
    has the memory for itself, and nobody else waits for it."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._fresh = deque(tasks)
        self._again: deque[Task] = deque()
        self._fatal: set[str] = set()

    def next(self, *, alone: bool) -> Task | None:
        if self._fresh:
            return self._fresh.popleft()
        return self._again.popleft() if alone and self._again else None

    def put_back(self, task: Task) -> None:
        """It was not begun."""
        self._fresh.appendleft(task)

    def once_more(self, task: Task) -> bool:
        """It ended a process. False if that was its second one."""
        if task.video.content in self._fatal:
            return False
        self._fatal.add(task.video.content)
        self._again.append(task)
        return True


def mine_here(tasks: Sequence[Task], means: Means, told: Told) -> Iterator[tuple[Task, Outcome]]:
    """Mine videos in this process, one after another."""
    miner = Miner(means)
    for task in tasks:
        yield task, miner.mine(task, partial(told, task))


def mine_in_processes(
    tasks: Sequence[Task], means: Means, told: Told, *, jobs: int
) -> Iterator[tuple[Task, Outcome]]:
    """Mine videos in processes of one thread each, which end with this one.

    Answers come as they are ready. Where a process dies, another one goes on with the rest; the
    video is tried once more at the end, and if that one dies, too, the outcome says so.

    Args:
        jobs: processes, at most.
    Raises: RunError: processes die before they begin, or what is found can't be written.
    """
    todo = _Todo(tasks)
    workers: dict[Any, _Worker] = {}
    stillborn = 0
    try:
        while True:
            while len(workers) < jobs and (task := todo.next(alone=not workers)) is not None:
                worker = _start(task, means)
                workers[worker.connection] = worker
            if not workers:
                return
            for connection in wait(list(workers)):
                worker = workers[connection]
                try:
                    kind, content = worker.connection.recv()
                except (EOFError, OSError):
                    del workers[connection]
                    code = worker.close()
                    if not worker.ready:
                        todo.put_back(worker.task)
                        stillborn += 1
                        jobs = max(1, jobs - 1)  # there may be no memory for so many
                        if stillborn >= STILLBORN and not workers:
                            raise _never_began(code) from None
                    elif not todo.once_more(worker.task):
                        problem = ended(worker.task.video.path, code)
                        yield worker.task, Outcome(worker.task.video, problems=(problem,))
                    continue
                if kind == "ready":
                    worker.ready, stillborn = True, 0
                elif kind == "seen":
                    told(worker.task, *content)
                elif kind == "error":
                    raise content
                else:
                    finished = worker.task
                    following = todo.next(alone=len(workers) == 1)
                    if following is None or not _sent(worker, following):
                        del workers[connection]
                        worker.close()
                        if following is not None:
                            todo.put_back(following)
                    yield finished, content
    finally:
        for worker in workers.values():
            worker.process.terminate()
        for worker in workers.values():
            worker.close()


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start(task: Task, means: Means) -> _Worker:
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=work, args=(there, means), name="ferkit-mine", daemon=True)
    process.start()
    there.close()  # so that reading ends when the process does
    worker = _Worker(process, here, task)
    _sent(worker, task)  # if not, reading from it ends
    return worker


def _sent(worker: _Worker, task: Task) -> bool:
    """Whether the process takes the next video; it may have died since the last one."""
    try:
        worker.connection.send(task)
    except OSError:
        return False
    worker.task = task
    return True


def _never_began(code: int) -> RunError:
    return RunError(
        f"processes for mining end as they begin (exit code {code}).",
        hint="--jobs 0 does without; what they wrote to the terminal may say why.",
    )
