"""Runs every variant of a matrix for every seed and puts one table over them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ferkit.errors import RunError
from ferkit.evaluation.report import write_matrix_report
from ferkit.evaluation.tables import matrix_csv, matrix_markdown, matrix_table
from ferkit.files import write_whole
from ferkit.running.children import Child, forking, next_messages, start_child, stop_children
from ferkit.running.folder import read_json
from ferkit.running.matrix_plan import MatrixPlan
from ferkit.running.plan import ready
from ferkit.running.progress import Display


def run_matrix(
    plan: MatrixPlan, *, jobs: int, display: Display, console: Console, live: bool
) -> dict[str, Any]:
    """Run what is not done yet, then write the table and the report.

    Args:
        plan: written; its folder is locked by the caller.
        jobs: runs side by side.
        display: told when a run ends.
        console, live: whether to show on it what is under way.
    Returns: what is in matrix.json.
    Raises: RunError: at least one run failed; the others are finished and in the table.
        KeyboardInterrupt: after the runs under way have saved.
    """
    plan.write_state("running")
    try:
        failures = _work_off(plan, jobs=jobs, display=display, console=console, live=live)
    except KeyboardInterrupt:
        plan.write_state("interrupted")
        raise
    state = plan.write_state("failed" if failures else "done", failures)
    if state["summary"]:
        write_whole(plan.root / "matrix.csv", matrix_csv(state["summary"]))
        write_whole(plan.root / "matrix.md", matrix_markdown(state["summary"]))
    write_matrix_report(plan.root)
    if failures:
        lines = "; ".join(f"{label}: {reason}" for label, reason in failures.items())
        raise RunError(
            f"{len(failures)} of {len(plan.runs)} runs failed: {lines}",
            where=str(plan.root),
            hint=f"'ferkit run --resume {plan.root}' tries them again.",
        )
    return state


def show_table(root: Path, console: Console) -> None:
    """Print the table of a matrix, if any run is done."""
    summary = read_json(root / "matrix.json").get("summary")
    if summary:
        console.print(matrix_table(summary))


def _work_off(
    plan: MatrixPlan, *, jobs: int, display: Display, console: Console, live: bool
) -> dict[str, str]:
    """Start runs as places become free; returns the failures, by label."""
    done = {run.folder for run in plan.runs if plan.finished(run)}
    waiting = [run for run in plan.runs if run.folder not in done]
    total = len(plan.runs)
    children: list[Child] = []
    failed: set[Path] = set()
    failures: dict[str, str] = {}
    shown = Live(console=console, refresh_per_second=4, transient=True)
    if live:
        shown.start()
    try:
        with forking(plan.threads()) as context:
            while waiting or children:
                run, hopeless = ready(waiting, done, failed)
                for lost in hopeless:
                    waiting.remove(lost)
                    failed.add(lost.folder)
                    failures[lost.label] = "its first model failed"
                if run is not None and len(children) < jobs:
                    waiting.remove(run)
                    children.append(
                        start_child(run, root=plan.root, smoke=plan.smoke, context=context)
                    )
                    continue
                shown.update(_display(children, len(done), total))
                for child, message in next_messages(children, timeout=0.5):
                    if message is not None:
                        child.hear(message)
                        continue
                    children.remove(child)
                    if child.process.exitcode == 0:
                        done.add(child.run.folder)
                        display.say(f"done {len(done)}/{total}: {child.run.label}")
                    else:
                        failed.add(child.run.folder)
                        failures[child.run.label] = child.why()
                        display.say(f"failed: {child.run.label}: {child.why()}")
    except KeyboardInterrupt:
        display.say("Stopping: the runs under way save first.")
        raise
    finally:
        shown.stop()
        stop_children(children)
    return failures


def _display(children: Sequence[Child], done: int, total: int) -> Table:
    """What is under way, a line per run."""
    table = Table.grid(padding=(0, 2))
    table.add_row(f"[bold]{done} of {total} runs done[/bold]")
    for child in children:
        share = f"{child.done}/{child.total}" if child.total else ""
        table.add_row(child.run.label, child.task, share, f"[dim]{child.detail}[/dim]")
    return table
