"""Runs every variant of a matrix for every seed and puts one table over them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ferkit.evaluation.matrix_sentences import compact_sentence
from ferkit.evaluation.matrix_table import matrix_table
from ferkit.evaluation.report import write_matrix_report
from ferkit.evaluation.settings_table import settings_tables
from ferkit.running.folder import read_json
from ferkit.running.matrix_failures import failed, no_more, note_failure
from ferkit.running.matrix_plan import MatrixPlan
from ferkit.running.matrix_state import Outcome, read_finished, write_state
from ferkit.running.matrix_tables import write_tables
from ferkit.running.plan import Cell, PlannedRun, ready
from ferkit.running.progress import Display
from ferkit.running.time_left import RunTimes, left_in_words, seconds_left
from ferkit.running.under_way import Engine, UnderWay

TABLE_WIDTH = 100
"""Columns that the table of a matrix with settings takes at most."""


def run_matrix(
    plan: MatrixPlan,
    *,
    wanted: set[Path],
    engine: Engine,
    display: Display,
    console: Console,
    live: bool,
    estimated: Mapping[Cell, float] | None = None,
) -> dict[str, Any]:
    """Run what is not done yet, then write the table and the report.

    Args:
        plan: written; its folder is locked by the caller.
        wanted: folders of the runs to be done now, with all that they start from.
        engine: does the runs.
        display: told when a run ends.
        console, live: whether to show on it what is under way.
        estimated: seconds of the runs of a setting and variant.
    Returns: what is in matrix.json.
    Raises: RunError: at least one run failed; the others are finished and in the table.
        KeyboardInterrupt: after the runs under way have saved.
    """
    write_state(plan, "running")
    try:
        outcome = _work_off(
            plan,
            wanted,
            engine=engine,
            display=display,
            console=console,
            live=live,
            estimated=estimated,
        )
    except KeyboardInterrupt:
        write_state(plan, "interrupted")
        raise
    finished = read_finished(plan)
    whole = len({one.run.folder for one in finished}) == len(plan.work)
    status = "failed" if outcome.failures else "done" if whole else "partial"
    state = write_state(plan, status, outcome, finished=finished)
    write_tables(plan, state, finished)
    write_matrix_report(plan.root)
    if outcome.failures:
        raise failed(plan, outcome)
    return state


def show_table(root: Path, console: Console) -> None:
    """Print the table of a matrix, if any run is done."""
    state = read_json(root / "matrix.json")
    if state.get("summary"):
        console.print(matrix_table(state["summary"]))
    if settings := state.get("settings"):
        width = min(TABLE_WIDTH, console.width)
        console.print(*settings_tables(settings, width=width))
        console.print(compact_sentence(settings), markup=False, highlight=False, width=width)


def _work_off(
    plan: MatrixPlan,
    wanted: set[Path],
    *,
    engine: Engine,
    display: Display,
    console: Console,
    live: bool,
    estimated: Mapping[Cell, float] | None,
) -> Outcome:
    """Start runs as places become free."""
    asked = [run for run in plan.work if run.folder in wanted]
    done = {run.folder for run in asked if plan.finished(run)}
    waiting = [run for run in asked if run.folder not in done]
    took = ((run, _seconds(plan, run)) for run in asked if run.folder in done)
    times = RunTimes(took, estimated)
    total = len(asked)
    under_way: list[UnderWay] = []
    lacking: dict[Path, str] = {}  # folder -> label of the run that failed
    outcome = Outcome()
    if not waiting:
        return outcome
    shown = Live(console=console, refresh_per_second=4, transient=True)
    if live:
        shown.start()
    try:
        while waiting or under_way:
            run, hopeless = ready(waiting, done, set(lacking))
            for lost in hopeless:
                waiting.remove(lost)
                assert lost.needs is not None
                lacking[lost.folder] = outcome.not_tried[lost.label] = lacking[lost.needs]
            if run is not None and len(under_way) < engine.places():
                waiting.remove(run)
                under_way.append(engine.start(run))
                continue
            left = _left(times, waiting, under_way, jobs=max(1, len(under_way)))
            shown.update(_display(under_way, len(done), total, left))
            for one, message in engine.messages(timeout=0.5):
                if message is not None:
                    one.hear(message)
                    continue
                under_way.remove(one)
                if one.ended:
                    done.add(one.run.folder)
                    times.add(one.run, _seconds(plan, one.run))
                    left = _left(times, waiting, under_way, jobs=engine.places())
                    display.say(
                        f"done {len(done)}/{total}: {one.run.label}" + (f"; {left}" if left else "")
                    )
                else:
                    lacking[one.run.folder] = one.run.label
                    display.say(note_failure(outcome, one.run, one.why()))
                    if one.full and waiting:  # each of them would fail of the same
                        display.say(no_more(outcome, len(waiting)))
                        waiting.clear()
    except KeyboardInterrupt:
        display.say("Stopping: the runs under way save first.")
        raise
    finally:
        shown.stop()
        engine.stop()
    return outcome


def _seconds(plan: MatrixPlan, run: PlannedRun) -> float:
    """How long a finished run took."""
    return float(read_json(plan.root / run.folder / "run.json").get("seconds") or 0.0)


def _left(
    times: RunTimes, waiting: Sequence[PlannedRun], under_way: Sequence[UnderWay], *, jobs: int
) -> str:
    """The time left, in words."""
    now = time.monotonic()
    since = {one.run: now - one.started for one in under_way}
    return left_in_words(seconds_left(times, waiting, since, jobs=jobs))


def _display(under_way: Sequence[UnderWay], done: int, total: int, left: str) -> Table:
    """What is under way, a line per run."""
    table = Table.grid(padding=(0, 2))
    table.add_row(f"[bold]{done} of {total} runs done[/bold]", left)
    for one in under_way:
        share = f"{one.done}/{one.total}" if one.total else ""
        table.add_row(one.run.label, one.task, share, f"[dim]{one.detail}[/dim]")
    return table
