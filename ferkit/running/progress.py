"""What a user watches while a run goes on: bars on a terminal, or lines for a parent process."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

Style = Literal["auto", "lines", "json", "none"]
"""auto: bars on a terminal, else lines. json: one JSON object per line on stdout."""


class Display(Protocol):
    """Where progress goes. `total` counts whatever `unit` says."""

    def begin(self, task: str, total: int, unit: str) -> None: ...

    def advance(self, done: float, detail: str = "") -> None:
        """`done` of the task's total are done; a part of one counts, too."""
        ...

    def end(self) -> None: ...

    def say(self, text: str) -> None:
        """A line for the user that stays."""
        ...


class RateColumn(ProgressColumn):
    """How many of the task's unit are done per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        unit = task.fields.get("unit", "")
        if speed is None:
            return Text(f"  -- {unit}/s", style="progress.data.speed")
        return Text(f"{speed:.3g} {unit}/s", style="progress.data.speed")


def bars(console: Console) -> Progress:
    """A rich progress display with count, rate and remaining time."""
    return Progress(
        SpinnerColumn(),
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[detail]}"),
        console=console,
        transient=True,
    )


class BarDisplay:
    """Bars on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task: Any = None

    def begin(self, task: str, total: int, unit: str) -> None:
        self.end()
        self._progress = bars(self._console)
        self._progress.start()
        self._task = self._progress.add_task(task, total=total, unit=unit, detail="")

    def advance(self, done: float, detail: str = "") -> None:
        if self._progress is not None:
            self._progress.update(self._task, completed=done, detail=detail)

    def end(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LineDisplay:
    """Plain lines, at most one every `every` seconds, for logs and pipes."""

    def __init__(self, console: Console, *, every: float = 10.0) -> None:
        self._console = console
        self._every = every
        self._task, self._total, self._unit = "", 0, ""
        self._started = self._last = 0.0

    def begin(self, task: str, total: int, unit: str) -> None:
        self._task, self._total, self._unit = task, total, unit
        self._started = self._last = time.monotonic()

    def advance(self, done: float, detail: str = "") -> None:
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        rate = done / (now - self._started)
        left = (self._total - done) / rate if rate > 0 else float("inf")
        done_of = f"{_number(done)}/{self._total} {self._unit}"
        self.say(
            f"{self._task}: {done_of}, {rate:.3g}/s, {left:.0f} s left"
            + (f", {detail}" if detail else "")
        )

    def end(self) -> None:
        self._task = ""

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _number(done: float) -> str:
    return f"{done:.0f}" if float(done).is_integer() else f"{done:.1f}"


class MessageDisplay:
    """Progress as messages: JSON lines for other programs, or what a matrix hears of its runs.

    If nobody listens any more, the next message ends the run as Ctrl-C would: a run does not
    outlive the matrix that asked for it.

    Args:
        send: takes a message; raises `OSError` when nobody listens.
        every: seconds between two messages on how far a task is.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None], *, every: float = 0.2) -> None:
        self._write = send
        self._every = every
        self._last = 0.0

    def begin(self, task: str, total: int, unit: str) -> None:
        self._send({"begin": task, "total": total, "unit": unit})

    def advance(self, done: float, detail: str = "") -> None:
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            self._send({"done": done, "detail": detail})

    def end(self) -> None:
        self._send({"end": True})

    def say(self, text: str) -> None:
        self._send({"say": text})

    def fail(self, text: str, *, full: bool = False) -> None:
        """Why the run failed, and whether that is a full disk."""
        self._send({"error": text, "full": full})

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._write(message)
        except OSError:
            raise KeyboardInterrupt from None


def json_lines(message: Mapping[str, Any]) -> None:
    """Write a message as a line on stdout."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class SilentDisplay:
    """Nothing at all."""

    def begin(self, task: str, total: int, unit: str) -> None:
        pass

    def advance(self, done: float, detail: str = "") -> None:
        pass

    def end(self) -> None:
        pass

    def say(self, text: str) -> None:
        pass


def make_display(style: Style, console: Console) -> Display:
    """The display for `style`; auto looks at the console."""
    if style == "json":
        return MessageDisplay(json_lines)
    if style == "none":
        return SilentDisplay()
    if style == "auto" and console.is_terminal:
        return BarDisplay(console)
    return LineDisplay(console)


@contextmanager
def counting(display: Display, task: str, total: int, unit: str) -> Iterator[Callable[[], None]]:
    """A task on `display` that ends whatever happens; yields a function to call per unit done."""
    done = 0

    def count_one() -> None:
        nonlocal done
        done += 1
        display.advance(done)

    display.begin(task, total, unit)
    try:
        yield count_one
    finally:
        display.end()
