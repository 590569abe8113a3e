"""From a planned matrix to its runs: what they share is prepared, then an engine is set to work."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit.running.absent_files import refuse_absent_later
from ferkit.running.assemble import ReadSets, read_data
from ferkit.running.children import local_engine
from ferkit.running.matrix import run_matrix, show_table
from ferkit.running.plan_lines import data_key, plan_lines
from ferkit.running.selection import selected
from ferkit.running.sources import prepare_data
from ferkit.running.time_estimate import Case, Estimated, estimate, in_words
from ferkit.running.time_left import RunTimes, seconds_left
from ferkit.running.trial import Trial
from ferkit.training.devices import choose_device

if TYPE_CHECKING:
    from rich.console import Console

    from ferkit.catalogue import Catalogue
    from ferkit.contracts.data import ClipSource
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
    cells = dict.fromkeys(run.cell for run in open_runs)
    refuse_absent_later([plan.recipes[cell] for cell in cells], where=str(plan.root))
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
        data = prepare_shared(plan, open_runs, components, display, new=new)
        heard = progress != "none"  # else nobody is told
        estimated = estimate_plan(plan, open_runs, data, components) if heard else {}
        places = engine.places() if on_ray else jobs
        if line := estimate_line(plan, wanted, estimated, jobs=places):
            display.say(line)
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
                estimated={cell: one.seconds for cell, one in estimated.items()},
            )
        finally:
            if progress in ("auto", "lines"):
                show_table(plan.root, console)
    display.say(f"report: {plan.root / 'report.html'}")


@dataclass(frozen=True)
class SharedData:
    """Rows that several runs share. clips: of the training set, prepared; None before they are.
    seconds: that reading the rows took."""

    read: ReadSets
    recipe: Recipe
    context: Context
    seconds: float
    clips: ClipSource | None = None


def read_shared(
    plan: MatrixPlan, runs: Sequence[PlannedRun], components: Catalogue, *, new: bool
) -> dict[str, SharedData]:
    """Read the rows of runs, those of the same data once, and try the rest.

    Args:
        new: try it.
    Returns: by `data_key`.
    Raises: FerkitError: a run can't be right.
    """
    shared: dict[str, SharedData] = {}
    trial = Trial(components)
    tried: set[tuple[Cell, bool]] = set()  # seeds and folds of a cell are built of the same parts
    for run in runs:
        recipe = plan.recipes[run.cell]
        key = data_key(recipe)
        context = Context(seed=recipe.seed, device=str(choose_device(recipe.training.device)))
        if key not in shared:
            began = time.perf_counter()
            read = read_data(recipe, components, context, smoke=plan.smoke)
            shared[key] = SharedData(read, recipe, context, time.perf_counter() - began)
        if new and (run.cell, run.needs is None) not in tried:
            tried.add((run.cell, run.needs is None))
            trying = recipe if run.needs is None else recipe.model_copy(update={"init": None})
            with said_of(run):
                has_init = run.needs is not None or recipe.init is not None
                trial(trying, shared[key].read, context, has_init=has_init)
    return shared


def prepare_shared(
    plan: MatrixPlan,
    runs: Sequence[PlannedRun],
    components: Catalogue,
    display: Display,
    *,
    new: bool,
) -> dict[str, SharedData]:
    """Prepare the faces of runs, when the rest was tried. Returns: as `read_shared`."""
    shared = read_shared(plan, runs, components, new=new)
    for key, one in shared.items():
        made = prepare_data(one.read, one.recipe, components, one.context, display=display)
        shared[key] = replace(one, clips=made["train"].clips)
    return shared


def estimate_plan(
    plan: MatrixPlan,
    runs: Sequence[PlannedRun],
    shared: Mapping[str, SharedData],
    components: Catalogue,
) -> dict[Cell, Estimated]:
    """Estimate the time of runs, by setting and variant.

    Args:
        shared: their data.
    """
    if plan.smoke:
        return {}
    cases = {}
    for run in runs:
        recipe = plan.recipes[run.cell]
        data = shared[data_key(recipe)]
        cases[run.cell] = Case(recipe, data.read, data.clips, data.seconds)
    return estimate(cases, components, threads=plan.threads()) if cases else {}


def estimate_line(
    plan: MatrixPlan, wanted: set[Path], estimated: Mapping[Cell, Estimated], *, jobs: int
) -> str:
    """ "estimated time: about 12 min 0 s"; "" where nothing is known or to be done.

    Args:
        wanted: folders of the runs to be done. jobs: side by side.
    """
    runs = [run for run in plan.work if run.folder in wanted and not plan.finished(run)]
    times = RunTimes((), {cell: one.seconds for cell, one in estimated.items()})
    left = seconds_left(times, runs, {}, jobs=jobs)
    if left is None:
        return ""
    seconds, is_whole = left
    at_most = any(estimated[run.cell].at_most for run in runs if run.cell in estimated)
    return f"estimated time: {in_words(seconds, at_most=at_most, is_whole=is_whole)}"


@contextmanager
def said_of(run: PlannedRun) -> Iterator[None]:
    """Say of an error in which run of the matrix it is."""
    try:
        yield
    except FerkitError as error:
        where = run.place if error.where is None else f"{run.place}, {error.where}"
        raise FerkitError(error.what, where=where, hint=error.hint) from error
