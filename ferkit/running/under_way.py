"""A run of a matrix that is under way, and who can do one: this machine, or a Ray cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ferkit.running.plan import PlannedRun

Message = Mapping[str, Any]
"""Of a `MessageDisplay`."""


@dataclass(eq=False)
class UnderWay:
    """A run under way.

    task, done, total, detail: what its last progress said. error: why it failed, if it said so.
    full: whether that is a full disk.
    started: by the monotonic clock, in seconds. ended: whether it is done; None before its end.
    """

    run: PlannedRun
    task: str = "starting"
    done: int = 0
    total: int = 0
    detail: str = ""
    error: str = ""
    full: bool = False
    started: float = field(default_factory=time.monotonic)
    ended: bool | None = None

    def hear(self, message: Message) -> None:
        """Take one progress message."""
        if "begin" in message:
            self.task, self.total = str(message["begin"]), int(message["total"])
            self.done, self.detail = 0, ""
        elif "done" in message:
            self.done, self.detail = int(message["done"]), str(message.get("detail", ""))
        elif "error" in message:
            self.error, self.full = str(message["error"]), bool(message.get("full"))

    def why(self) -> str:
        """Why it failed, in one line."""
        return self.error.splitlines()[0] if self.error else "no reason is known"


class Engine(Protocol):
    """Does the runs of a matrix; each ends with its folder as `ferkit run` leaves it."""

    def places(self) -> int:
        """How many runs go side by side now; at least 1."""
        ...

    def start(self, run: PlannedRun) -> UnderWay:
        """Start a run, or go on with it where its folder holds one already."""
        ...

    def messages(self, timeout: float) -> Iterator[tuple[UnderWay, Message | None]]:
        """What runs said within `timeout` seconds; None for one that has ended."""
        ...

    def stop(self) -> None:
        """Let all runs under way save and stop; those that do not in time are killed."""
        ...


@dataclass(frozen=True)
class EngineChoice:
    """What the user asked for.

    kind: "local" is this machine. jobs: runs side by side; None chooses. address: of a Ray
    cluster; None: one is started on this machine. gpus, cpus: of a Ray cluster, per run; None
    chooses.
    """

    kind: Literal["local", "ray"] = "local"
    jobs: int | None = None
    address: str | None = None
    gpus: float | None = None
    cpus: int | None = None

    @property
    def threads(self) -> int | None:
        """CPU threads of each run, where they follow from this; else the plan chooses."""
        if self.kind == "local":
            return None
        return self.cpus or (None if self.gpus else 1)
