"""From a planned matrix to its runs: what they share is prepared, then an engine is set to work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit.running.assemble import ReadSets, prepare_data, read_data
from ferkit.running.children import local_engine
from ferkit.running.matrix import run_matrix, show_table
from ferkit.running.plan_lines import data_key, plan_lines
from ferkit.running.selection import selected
from ferkit.running.trial import Trial
from ferkit.training.devices import choose_device

if TYPE_CHECKING:
    from rich.console import Console

    from ferkit.catalogue import Catalogue
    from ferkit.running.matrix_plan import MatrixPlan
    from ferkit.running.plan import Cell, PlannedRun
    from ferkit.running.progress import Display, Style
    from ferkit.running.under_way import Engine, EngineChoice
    from ferkit.sections import Recipe


def work_off(
    plan: MatrixPlan,
    components: Catalogue,
    console: Console,
    display: Display,
    *,
    choice: EngineChoice,
    progress: Style,
    only: Sequence[str],
    new: bool = False,
) -> None:
    """Prepare what the runs share, then run them.

    Args:
        choice: who does them.
        only: as of `start.begin`.
        new: refuse all if one of them can't be right. Later on the others are not kept waiting.
    """
    wanted = selected(plan.runs, only, matrix=plan.matrix)
    open_runs = [run for run in plan.work if run.folder in wanted and not plan.finished(run)]
    jobs = choice.jobs or plan.default_jobs()
    now = f", {len(wanted)} of them now" if only else ""
    on_ray = choice.kind == "ray" and bool(open_runs)
    where = "on Ray" if on_ray else f"{jobs} at a time on {', '.join(sorted(plan.devices()))}"
    display.say(f"{plan.name}: {plan.sizes()}{now}, {where}")
    for line in plan_lines(plan) if new else ():
        display.say(f"  {line}")
    with ExitStack() as stack:
        engine: Engine
        if on_ray:  # before faces are prepared: it may turn out that the cluster can't be used
            from ferkit.running.ray_matrix import ray_engine

            engine = stack.enter_context(ray_engine(plan, open_runs, choice, display=display))
        prepare_shared(plan, open_runs, components, display, new=new)
        if not on_ray:
            engine = stack.enter_context(
                local_engine(plan.root, smoke=plan.smoke, jobs=jobs, threads=plan.threads())
            )
        try:
            run_matrix(
                plan,
                wanted=wanted,
                engine=engine,
                display=display,
                console=console,
                live=progress == "auto" and console.is_terminal,
            )
        finally:
            if progress in ("auto", "lines"):
                show_table(plan.root, console)
    display.say(f"report: {plan.root / 'report.html'}")


def prepare_shared(
    plan: MatrixPlan,
    runs: Sequence[PlannedRun],
    components: Catalogue,
    display: Display,
    *,
    new: bool,
) -> None:
    """Prepare the faces of runs, those of the same data once, when the rest was tried."""
    shared: dict[str, tuple[ReadSets, Recipe, Context]] = {}
    trial = Trial(components)
    tried: set[tuple[Cell, bool]] = set()  # seeds and folds of a cell are built of the same parts
    for run in runs:
        recipe = plan.recipes[run.cell]
        key = data_key(recipe)
        context = Context(seed=recipe.seed, device=str(choose_device(recipe.training.device)))
        if key not in shared:
            read = read_data(recipe, components, context, smoke=plan.smoke)
            shared[key] = read, recipe, context
        if new and (run.cell, run.needs is None) not in tried:
            tried.add((run.cell, run.needs is None))
            trying = recipe if run.needs is None else recipe.model_copy(update={"init": None})
            with said_of(run):
                trial(trying, shared[key][0], context)
    for read, recipe, context in shared.values():
        prepare_data(read, recipe, components, context, display=display)


@contextmanager
def said_of(run: PlannedRun) -> Iterator[None]:
    """Say of an error in which run of the matrix it is."""
    try:
        yield
    except FerkitError as error:
        where = run.place if error.where is None else f"{run.place}, {error.where}"
        raise FerkitError(error.what, where=where, hint=error.hint) from error
