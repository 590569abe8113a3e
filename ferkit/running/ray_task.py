"""What runs on the machines of a Ray cluster: a run as a child process, and a look around.

Nothing heavy is imported: the worker only watches the child and passes its messages on.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import ferkit
from ferkit.running.children import Order, forking, next_messages, start_child, stop_children
from ferkit.running.under_way import Message

HOST = "host"
"""Key of a run's first message: where it began."""

EVERY = 0.5
"""Seconds between two reports on a run."""


class Ended(NamedTuple):
    """How a run ended. status: exit status of its process, -N if signal N ended it."""

    status: int
    error: str


class Found(NamedTuple):
    """What a machine has. differs: names of markers that are not there, or hold something else.
    missing: paths that do not exist. plugins, versions: name -> version."""

    host: str
    ferkit: str
    plugins: Mapping[str, str]
    versions: Mapping[str, str]
    unseen: tuple[str, ...]
    missing: tuple[str, ...]


class Mailbox:
    """An actor between the runs and the process that was started.

    Its own methods are the only place where both meet: a run leaves its messages and learns
    whether it is to stop.
    """

    def __init__(self) -> None:
        self._told: dict[int, list[Message]] = {}
        self._stopping = False

    def tell(self, number: int, messages: Sequence[Message]) -> bool:
        """Leave messages of a run; -> whether it is to save and stop."""
        self._told.setdefault(number, []).extend(messages)
        return self._stopping

    def take(self) -> dict[int, list[Message]]:
        """Messages that nobody has taken yet, by run."""
        told, self._told = self._told, {}
        return told

    def stop(self) -> None:
        """Let every run save and stop."""
        self._stopping = True


def do_run(order: Order, number: int, *, threads: int | None, version: str, mailbox: Any) -> Ended:
    """A run, from its start or from where it stood.

    Args:
        number: of the run in the mailbox. threads: as of `forking`. version: ferkit's that the
            matrix was started with.
        mailbox: handle of a `Mailbox`.
    """
    import ray
    from ray.exceptions import RayError

    host = socket.gethostname()
    if ferkit.__version__ != version:
        return Ended(2, f"{host} has ferkit {ferkit.__version__}, the matrix runs with {version}.")
    if not order.recipe.exists():
        return Ended(2, f"{host} does not see {order.recipe}.")
    gpus = os.environ.get("CUDA_VISIBLE_DEVICES")  # another one for each task of a worker
    environment = dict(order.environment) | ({} if gpus is None else {"CUDA_VISIBLE_DEVICES": gpus})
    with forking(threads) as context, without_main():
        child = start_child(replace(order, environment=environment), context=context)
    told: list[Message] = [{HOST: host}]
    ended, reported = False, 0.0
    while not ended:
        for _, message in next_messages([child], timeout=EVERY):
            ended = message is None
            told += [] if message is None else [message]
        if ended or time.monotonic() - reported > EVERY:
            try:
                stop = ray.get(mailbox.tell.remote(number, told))
            except RayError:  # whoever asked for the run is gone
                stop = True
            told, reported = [], time.monotonic()
            if stop and not ended:
                stop_children([child])
                ended = True
    code = child.process.exitcode
    return Ended(1 if code is None else code, child.why() if code else "")


@contextmanager
def without_main() -> Iterator[None]:
    """Let children start that do not import the main program, which is Ray's own."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def look_around(
    markers: Mapping[str, str], paths: Sequence[str], environment: Mapping[str, str]
) -> Found:
    """What this machine has of what runs need.

    Args:
        markers: path -> what the file must hold; "" for a folder that must be there.
        paths: that must exist.
    """
    os.environ.update(environment)
    from ferkit import plugins
    from ferkit.running.environment import plugin_versions, versions

    return Found(
        host=socket.gethostname(),
        ferkit=ferkit.__version__,
        plugins=plugin_versions(plugins.load()),
        versions=versions(),
        unseen=tuple(path for path, text in markers.items() if not _holds(Path(path), text)),
        missing=tuple(path for path in paths if not Path(path).exists()),
    )


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except OSError:
        return False
