"""Runs every variant of a matrix for every seed and puts one table over them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ferkit.errors import RunError
from ferkit.evaluation.report import write_matrix_report
from ferkit.evaluation.tables import (
    matrix_csv,
    matrix_markdown,
    matrix_table,
    summarise_matrix,
)
from ferkit.files import write_whole
from ferkit.running.children import Child, forking, next_messages, start_child, stop_children
from ferkit.running.folder import SCHEMA_VERSION, now, read_json, write_json
from ferkit.running.plan import FIRST, PlannedRun, ready

if TYPE_CHECKING:
    from ferkit.sections import MatrixSection


def finished(root: Path, run: PlannedRun) -> bool:
    """Whether the run's folder says it is done."""
    path = root / run.folder / "run.json"
    return path.exists() and read_json(path).get("status") == "done"


def run_matrix(
    root: Path,
    runs: Sequence[PlannedRun],
    matrix: MatrixSection,
    *,
    name: str,
    jobs: int,
    threads: int | None,
    smoke: bool,
    console: Console,
    quiet: bool,
) -> dict[str, Any]:
    """Run what is not done yet, then write the table and the report.

    Args:
        root: the matrix folder, locked by the caller; the plan is written already.
        jobs: runs side by side. threads: CPU threads of each; None: torch's default.
        quiet: no live display, a line per run only.
    Returns: what is in matrix.json.
    Raises: RunError: at least one run failed; the others are finished and in the table.
        KeyboardInterrupt: after the runs under way have saved.
    """
    done = {run.folder for run in runs if finished(root, run)}
    waiting = [run for run in runs if run.folder not in done]
    started = now()
    _write_state(root, name, runs, matrix, status="running", started=started, smoke=smoke)
    try:
        failures = _work_off(
            root,
            waiting,
            done,
            total=len(runs),
            jobs=jobs,
            threads=threads,
            smoke=smoke,
            console=console,
            quiet=quiet,
        )
    except KeyboardInterrupt:
        _write_state(root, name, runs, matrix, status="interrupted", started=started, smoke=smoke)
        raise
    status = "failed" if failures else "done"
    state = _write_state(
        root, name, runs, matrix, status=status, started=started, smoke=smoke, failures=failures
    )
    if state["summary"]:
        write_whole(root / "matrix.csv", matrix_csv(state["summary"]))
        write_whole(root / "matrix.md", matrix_markdown(state["summary"]))
        write_matrix_report(root)
        console.print(matrix_table(state["summary"]))
    if failures:
        lines = "; ".join(f"{label}: {reason}" for label, reason in failures.items())
        raise RunError(
            f"{len(failures)} of {len(runs)} runs failed: {lines}",
            where=str(root),
            hint=f"'ferkit run --resume {root}' tries them again.",
        )
    return state


def _work_off(
    root: Path,
    waiting: list[PlannedRun],
    done: set[Path],
    *,
    total: int,
    jobs: int,
    threads: int | None,
    smoke: bool,
    console: Console,
    quiet: bool,
) -> dict[str, str]:
    """Start runs as places become free; returns the failures, by label."""
    children: list[Child] = []
    failed: set[Path] = set()
    failures: dict[str, str] = {}
    live = Live(console=console, refresh_per_second=4, transient=True)
    if not quiet:
        live.start()

    def tell(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    try:
        with forking(threads) as context:
            while waiting or children:
                run, hopeless = ready(waiting, done, failed)
                for lost in hopeless:
                    waiting.remove(lost)
                    failed.add(lost.folder)
                    failures[lost.label] = "its first model failed"
                if run is not None and len(children) < jobs:
                    waiting.remove(run)
                    children.append(
                        start_child(run, root=root, threads=threads, smoke=smoke, context=context)
                    )
                    continue
                live.update(_display(children, len(done), total))
                for child, message in next_messages(children, timeout=0.5):
                    if message is not None:
                        child.hear(message)
                        continue
                    children.remove(child)
                    if child.process.exitcode == 0:
                        done.add(child.run.folder)
                        tell(f"done {len(done)}/{total}: {child.run.label}")
                    else:
                        failed.add(child.run.folder)
                        failures[child.run.label] = child.why()
                        tell(f"failed: {child.run.label}: {child.why()}")
    except KeyboardInterrupt:
        tell("Stopping: the runs under way save first.")
        raise
    finally:
        live.stop()
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


def _write_state(
    root: Path,
    name: str,
    runs: Sequence[PlannedRun],
    matrix: MatrixSection,
    *,
    status: str,
    started: str,
    smoke: bool,
    failures: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Write matrix.json: the plan, what is done, and the table over it."""
    results: dict[str, dict[int, dict[str, Any]]] = {}
    states = []
    for run in runs:
        is_done = finished(root, run)
        states.append(
            {
                "variant": run.variant,
                "seed": run.seed,
                "folder": run.folder.as_posix(),
                "done": is_done,
            }
        )
        if is_done and run.variant != FIRST:
            results.setdefault(run.variant, {})[run.seed] = read_json(
                root / run.folder / "results.json"
            )
    ordered = {variant: results[variant] for variant in matrix.variants if variant in results}
    summary = (
        summarise_matrix(ordered, baseline=matrix.baseline, metric=matrix.metric)
        if ordered
        else None
    )
    state: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "status": status,
        "started": started,
        "written": now(),
        "smoke": smoke,
        "matrix": matrix.model_dump(mode="json"),
        "runs": states,
        "failures": failures or {},
        "summary": summary,
    }
    write_json(root / "matrix.json", state)
    return state
