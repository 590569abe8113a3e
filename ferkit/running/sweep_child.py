"""A run of a trial as a child process, which asks after each epoch whether it is to go on."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path

from ferkit import plugins
from ferkit.catalogue import catalogue
from ferkit.errors import BlockedError, FerkitError
from ferkit.files import is_full, told_plainly
from ferkit.recipe import read_recipe
from ferkit.running.changed_recipe import refuse_changed_run
from ferkit.running.children import Child, stop_children
from ferkit.running.folder import held, is_done
from ferkit.running.outputs import read_metrics
from ferkit.running.progress import Display, MessageDisplay
from ferkit.running.single import run_single
from ferkit.running.watch import EndedEarly, Row, row_key

GO_ON, END = "go on", "end"
"""What the parent answers to the value of an epoch."""

PRUNED_STATUS = 3
"""Exit status of a run that was ended early."""

BLOCKED_STATUS = 4
"""Exit status of a run that something outside it stopped, such as a full disk."""


@dataclass(frozen=True)
class TrialOrder:
    """What a process needs to know of a run of a trial.

    recipe: its own. folder: of the run. log: where its output goes. metric: column of metrics.csv
    that is told after each epoch. patience: seconds to wait for a process that still holds the
    folder.
    """

    recipe: Path
    folder: Path
    log: Path
    smoke: bool
    metric: str
    patience: float = 30.0


def start_trial(order: TrialOrder, *, context: BaseContext) -> Child:
    """Start a run, or go on with it where its folder holds one already.

    Args:
        context: of `children.forking`.
    Returns: the child; whoever reads a message with the key `epoch` must `answer` it.
    """
    own, other = context.Pipe(duplex=True)
    with told_plainly(order.log.parent):
        order.log.parent.mkdir(parents=True, exist_ok=True)
    process = context.Process(  # type: ignore[attr-defined]
        target=_run, args=(order, other), daemon=False, name=f"ferkit {order.folder}"
    )
    process.start()
    other.close()  # the child's end; when it dies, reading ends
    return Child(process, own, order.log)


def answer(child: Child, what: str) -> None:
    """Tell a child whether to go on; nothing happens if it has ended."""
    with suppress(OSError):
        child.messages.send(what)


def stop_trials(children: list[Child]) -> None:
    """Let runs save and stop."""
    for child in children:
        answer(child, GO_ON)  # one that waits for an answer would not stop
    stop_children(children)


def epoch_teller(
    folder: Path, metric: str, ask: Callable[[int, float], str]
) -> Callable[[Row], None]:
    """What is told of every epoch of a run.

    Epochs are counted through all phases, from 1; one that is trained again after a stop has its
    number again.

    Args:
        folder: of the run; rows of the epochs before a stop are in its metrics.csv.
        metric: column of metrics.csv.
        ask: gets number and value of an epoch and answers GO_ON or END.
    Returns: a function that raises `EndedEarly` where the answer is END.
    """
    numbers: dict[tuple[str, int, int], int] = {}
    for row in read_metrics(folder / "metrics.csv"):
        numbers.setdefault(row_key(row), len(numbers) + 1)

    def tell(row: Row) -> None:
        number = numbers.setdefault(row_key(row), len(numbers) + 1)
        value = row.get(metric)
        if value is not None and ask(number, float(value)) == END:
            raise EndedEarly

    return tell


def _run(order: TrialOrder, line: Connection) -> None:
    """What a child does."""
    os.setsid()  # Ctrl-C reaches the sweep alone, which passes it on once
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    display = MessageDisplay(line.send)

    def ask(number: int, value: float) -> str:
        try:
            line.send({"epoch": number, "value": value})
            return str(line.recv())
        except (EOFError, OSError):
            raise KeyboardInterrupt from None  # the sweep is gone

    try:
        with told_plainly(order.log), order.log.open("a", encoding="utf-8") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        run_trial(order, display=display, ask=ask)
    except EndedEarly:
        sys.exit(PRUNED_STATUS)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if why := blocked(error):
            display.fail(why)
            sys.exit(BLOCKED_STATUS)
        known = isinstance(error, FerkitError)
        told = str(error) if known else f"{type(error).__name__}: {error}; see {order.log}"
        display.fail(told)
        if not known:
            raise  # the traceback goes to the log, the exit status is 1
        sys.exit(error.status if isinstance(error, FerkitError) else 1)


def blocked(error: Exception) -> str | None:
    """What stood in the way of a run, and would in that of any other; None where nothing did."""
    if isinstance(error, OSError) and is_full(error):
        return f"{error.filename}: the disk is full." if error.filename else "the disk is full."
    if not isinstance(error, BlockedError):
        return None
    return f"{error.where}: {error.what}" if error.where else error.what


def run_trial(order: TrialOrder, *, display: Display, ask: Callable[[int, float], str]) -> None:
    """Do a run of a trial, or what is left of it, without looking at the test split.

    Args:
        display: where progress goes. ask: as of `epoch_teller`.
    Raises: EndedEarly: the answer was END.
    """
    components = catalogue(plugins.load())
    with told_plainly(order.folder):
        order.folder.mkdir(parents=True, exist_ok=True)
    with held(order.folder, patience=order.patience):
        state = refuse_changed_run(order.folder)
        if is_done(order.folder, state):
            return
        path = order.folder / "recipe.yaml" if state else order.recipe
        loaded = read_recipe(str(path), catalogue=components)
        run_single(
            loaded.recipe,
            folder=order.folder,
            recipe_folder=loaded.folder,
            catalogue=components,
            display=display,
            resume=bool(state),
            smoke=order.smoke,
            with_test=False,
            epoch_finished=epoch_teller(order.folder, order.metric, ask),
        )
