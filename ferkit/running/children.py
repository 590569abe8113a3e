"""The runs of a matrix as child processes, each with its own folder and one line of progress."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferkit.running.plan import PlannedRun


@dataclass
class Child:
    """A run under way.

    task, done, total: what its last progress said. errors: the end of what it wrote on stderr.
    """

    run: PlannedRun
    process: subprocess.Popen[str]
    task: str = "starting"
    done: int = 0
    total: int = 0
    detail: str = ""
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=20))

    def hear(self, message: dict[str, Any]) -> str | None:
        """Take one progress message; returns a line for the user if it was one."""
        if "begin" in message:
            self.task, self.total, self.done = message["begin"], message["total"], 0
            self.detail = ""
        elif "done" in message:
            self.done, self.detail = message["done"], message.get("detail", "")
        elif "say" in message:
            return str(message["say"])
        return None

    def last_error(self) -> str:
        """The most telling line of stderr: the last one that is not empty."""
        lines = [line for line in self.errors if line.strip()]
        return lines[-1].strip() if lines else f"exit status {self.process.returncode}"


Event = tuple[Child, dict[str, Any] | None]
"""A progress message of a child, or None when it has ended."""


def start_child(
    run: PlannedRun,
    *,
    root: Path,
    recipe: Path,
    threads: int | None,
    smoke: bool,
    events: queue.Queue[Event],
) -> Child:
    """Start `ferkit run` for one planned run; its messages arrive in `events`.

    Args:
        root: the matrix folder. recipe: the run's own recipe file.
        threads: CPU threads of the child's libraries; None leaves the default.
    """
    folder = root / run.folder
    arguments = ["--progress", "json"]
    if (folder / "run.json").exists():
        arguments += ["--resume", str(folder)]
    else:
        arguments += [str(recipe), "--out", str(folder)] + (["--smoke"] if smoke else [])
    environment = dict(os.environ)
    if threads is not None:
        environment |= {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    process = subprocess.Popen(
        [sys.executable, "-m", "ferkit", "run", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,  # Ctrl-C reaches the matrix, which passes it on once
    )
    child = Child(run, process)
    threading.Thread(target=_listen, args=(child, events), daemon=True).start()
    threading.Thread(target=_keep_errors, args=(child,), daemon=True).start()
    return child


def _listen(child: Child, events: queue.Queue[Event]) -> None:
    assert child.process.stdout is not None
    for line in child.process.stdout:
        try:
            message = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(message, dict):
            events.put((child, message))
    child.process.wait()
    events.put((child, None))


def _keep_errors(child: Child) -> None:
    assert child.process.stderr is not None
    for line in child.process.stderr:
        child.errors.append(line)


def stop_children(children: list[Child], *, patience: float = 30.0) -> None:
    """Ask runs to save and stop, as Ctrl-C would; kill those that do not in `patience` s."""
    for child in children:
        if child.process.poll() is None:
            child.process.send_signal(signal.SIGINT)
    for child in children:
        try:
            child.process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
