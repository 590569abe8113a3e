"""What is told of runs of a matrix that failed: each cause once, whatever the runs' folders are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ferkit.errors import RunError

if TYPE_CHECKING:
    from ferkit.running.matrix_plan import MatrixPlan
    from ferkit.running.matrix_state import Outcome
    from ferkit.running.plan import PlannedRun

_MOST_TOLD = 5
"""Causes that the final error spells out, and runs that it names of each; matrix.json has all."""


def note_failure(outcome: Outcome, run: PlannedRun, why: str) -> str:
    """Keep why a run failed.

    Returns: what to say of it now; the reason only if no run before failed of the same.
    """
    alike = outcome.causes.setdefault(_cause(run, why), [])
    alike.append(run.label)
    outcome.failures[run.label] = why
    return f"failed: {run.label}{f': {why}' if len(alike) == 1 else f', as {alike[0]} did'}"


def no_more(outcome: Outcome, left: int) -> str:
    """Keep that a full disk stopped the matrix.

    Args:
        left: runs that were not begun.
    Returns: what to say of it now.
    """
    outcome.not_begun += left
    runs = "The 1 run that is left is" if left == 1 else f"The {left} runs that are left are"
    return f"{runs} not begun."


def _cause(run: PlannedRun, why: str) -> str:
    """A reason without the names of the run's own folder and log."""
    for own in (run.folder, run.plan_file.with_suffix(".log")):
        why = why.replace(own.as_posix(), "")
    return why


def failed(plan: MatrixPlan, outcome: Outcome) -> RunError:
    """Says what failed, each cause once."""
    failures, lost = outcome.failures, len(outcome.not_tried)
    told = [
        f"{first}: {failures[first].removesuffix('.')}{_alike(others)}"
        for first, *others in outcome.causes.values()
    ]
    if len(told) > _MOST_TOLD:
        told[_MOST_TOLD:] = [f"and of {len(told) - _MOST_TOLD} more causes, see matrix.json"]
    if lost:
        them = "it" if len(failures) == 1 else "them"
        told.append(
            f"1 run that starts from {them} was not tried"
            if lost == 1
            else f"{lost} runs that start from {them} were not tried"
        )
    if left := outcome.not_begun:
        told.append("1 more was not begun" if left == 1 else f"{left} more were not begun")
    again = f"'ferkit run --resume {plan.root}'"
    return RunError(
        f"{len(failures)} of {len(plan.work)} runs failed: {'; '.join(told)}.",
        where=str(plan.root),
        hint=f"Make room; {again} goes on." if left else f"{again} tries them again.",
    )


def _alike(labels: Sequence[str]) -> str:
    """The other runs that failed of a cause, in brackets."""
    if not labels:
        return ""
    named = [*labels[:_MOST_TOLD]]
    if len(labels) > _MOST_TOLD:
        named.append(f"{len(labels) - _MOST_TOLD} more")
    return f" (so did {'; '.join(named)})"
