"""The tables that a matrix folder holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ferkit.evaluation.axes_table import axes_markdown, layout_of
from ferkit.evaluation.latex import matrix_latex, settings_latex
from ferkit.evaluation.matrix_epochs import epochs_markdown
from ferkit.evaluation.matrix_table import matrix_markdown
from ferkit.evaluation.runs_csv import MatrixRun, rounds_csv, runs_csv
from ferkit.evaluation.settings_csv import matrix_csv, settings_csv
from ferkit.evaluation.settings_table import compact_markdown, settings_markdown
from ferkit.evaluation.tables import rounds_markdown
from ferkit.evaluation.wording import SMOKE
from ferkit.files import write_whole
from ferkit.running.matrix_state import Finished, first_accuracy

if TYPE_CHECKING:
    from ferkit.running.matrix_plan import MatrixPlan


def write_tables(plan: MatrixPlan, state: Mapping[str, Any], finished: Sequence[Finished]) -> None:
    """Write matrix.csv, matrix.md, matrix.tex, matrix_epochs.md and matrix_runs.csv; with settings
    matrix_compact.md too, and where loops have rounds matrix_rounds.md and matrix_rounds.csv. In
    smoke runs, whose numbers mean nothing, each Markdown file and LaTeX table says so first.

    Args:
        state: what is in matrix.json. finished: all runs that are done.
    """
    summary, settings = state["summary"], state.get("settings")
    axes, layout = state.get("axes"), layout_of(state)
    smoke = SMOKE if state.get("smoke") else ""
    warning = f"{smoke}\n\n" if smoke else ""
    if summary:
        write_whole(plan.root / "matrix.csv", matrix_csv(summary))
        write_whole(plan.root / "matrix.tex", matrix_latex(summary, warning=smoke))
        write_whole(plan.root / "matrix.md", warning + matrix_markdown(summary))
    if settings:
        first = state["first_accuracy"]
        write_whole(
            plan.root / "matrix.csv", settings_csv(settings, first_accuracy=first, axes=axes)
        )
        write_whole(plan.root / "matrix.md", warning + settings_markdown(settings, axes))
        write_whole(
            plan.root / "matrix.tex",
            settings_latex(settings, warning=smoke, layout=layout, axes=axes),
        )
        compact = axes_markdown(settings, layout) if layout else compact_markdown(settings)
        write_whole(plan.root / "matrix_compact.md", warning + compact)
    if epochs := epochs_markdown(state):
        write_whole(plan.root / "matrix_epochs.md", warning + epochs)
    if state.get("rounds"):
        write_whole(plan.root / "matrix_rounds.md", warning + rounds_markdown(state["rounds"]))
        write_whole(plan.root / "matrix_rounds.csv", rounds_csv(_rows(plan, finished)))
    if finished:
        write_whole(plan.root / "matrix_runs.csv", runs_csv(_rows(plan, finished), axes=axes))


def _rows(plan: MatrixPlan, finished: Sequence[Finished]) -> list[MatrixRun]:
    settings: list[str | None] = [None, *(plan.matrix.settings or {})]
    first = {name: first_accuracy(list(finished), name) for name in settings}
    return [
        MatrixRun(
            setting=one.run.setting or "",
            variant=one.run.variant,
            seed=one.run.seed,
            folder=one.run.folder.as_posix(),
            results=one.results,
            first_accuracy=first[one.run.setting].get(one.run.replicate),
            seconds=one.seconds,
            fold=one.run.fold,
        )
        for one in finished
    ]
