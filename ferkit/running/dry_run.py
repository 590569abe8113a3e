"""`ferkit run --dry-run`: what would be done, how much it is and how long it takes. Nothing is
written and no face is prepared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from rich.markup import escape
from rich.table import Table

from ferkit import plugins
from ferkit.catalogue import Catalogue, catalogue
from ferkit.data.label_choice import FEWER_LABELS
from ferkit.data.report import summarise
from ferkit.errors import FerkitError
from ferkit.evaluation.replicates import replicate_words
from ferkit.evaluation.tables import narrow_table
from ferkit.plugin import Context
from ferkit.recipe import read_recipe
from ferkit.running.absent_files import refuse_absent
from ferkit.running.assemble import read_data
from ferkit.running.changed_recipe import refuse_changed_run
from ferkit.running.damaged import holds_matrix, unchanged_plan
from ferkit.running.folder import refuse_occupied
from ferkit.running.matrix_plan import MatrixPlan, make_plan, with_threads
from ferkit.running.matrix_start import (
    SharedData,
    estimate_line,
    estimate_plan,
    read_shared,
    said_of,
)
from ferkit.running.plan import PlannedRun, plan_runs, run_recipe
from ferkit.running.plan_lines import data_key, plan_lines
from ferkit.running.plan_table import plan_table
from ferkit.running.selection import selected
from ferkit.running.start import no_run, refuse_for_one, refuse_other_folder
from ferkit.running.time_estimate import Case, Counted, count, divide, estimate, in_words
from ferkit.running.unbegun import unbegun_files
from ferkit.training.devices import choose_device, make_fabric

if TYPE_CHECKING:
    from rich.console import Console

    from ferkit.running.under_way import EngineChoice
    from ferkit.sections import Recipe

UNPREPARED = "without the preparation of faces that are not in the store yet"


def dry_run(
    name: str,
    *,
    out: Path | None,
    settings: Sequence[str],
    smoke: bool,
    choice: EngineChoice,
    only: Sequence[str],
    console: Console,
) -> None:
    """Tell what `ferkit run` would do from the start.

    Args:
        name, out, settings, smoke, choice, only: as of `start.begin`.
    Raises: FerkitError: whatever the run would raise before its faces are prepared.
    """
    if out is not None and unbegun_files(out) is None:
        refuse_occupied(out)
    components = catalogue(plugins.load())
    loaded = read_recipe(
        name, overrides=settings, catalogue=components, look=True, parts=bool(only)
    )
    if loaded.matrix is None:
        refuse_for_one(only, choice, loaded.name)
        recipe = with_threads(loaded.recipe, torch.get_num_threads())
        make_fabric(recipe.training)
        tell_single(loaded.name, recipe, components, console, smoke=smoke)
        return
    wanted = selected(plan_runs(loaded.matrix), only, matrix=loaded.matrix)
    if only:
        refuse_absent(loaded, loaded.matrix, wanted, components)
    plan, _, _ = make_plan(
        loaded,
        loaded.matrix,
        components,
        root=Path("runs") / loaded.name,
        jobs=choice.jobs,
        threads=choice.threads,
        smoke=smoke,
    )
    tell_matrix(plan, components, console, choice=choice, only=only, new=True)


def dry_resume(
    folder: Path, *, choice: EngineChoice, only: Sequence[str], console: Console
) -> None:
    """Tell what `ferkit run --resume` would do.

    Raises: FerkitError: it is no run folder, or a recipe in it was changed.
    """
    refuse_other_folder(folder)
    components = catalogue(plugins.load())
    if holds_matrix(folder):

        def tell(path: Path, why: FerkitError) -> None:
            kept = f"{path} would be kept by another name." if path.exists() else ""
            _say(console, f"warning: {why.where}: {why.what} {kept or 'It would be made anew.'}")

        plan = unchanged_plan(folder, components, tell)
        tell_matrix(plan, components, console, choice=choice, only=only, new=False)
        return
    refuse_for_one(only, choice, str(folder), resumed=True)
    state = refuse_changed_run(folder)
    if not state:
        raise no_run(folder)
    loaded = read_recipe(str(folder / "recipe.yaml"), catalogue=components)
    _say(console, f"{folder}: {state.get('status')}")
    tell_single(loaded.name, loaded.recipe, components, console, smoke=bool(state.get("smoke")))


def tell_matrix(
    plan: MatrixPlan,
    components: Catalogue,
    console: Console,
    *,
    choice: EngineChoice,
    only: Sequence[str],
    new: bool,
) -> None:
    """Tell a plan, a row per setting and variant.

    Args:
        new: nothing of it is done.
    """
    wanted = selected(plan.runs, only, matrix=plan.matrix)
    runs = [run for run in plan.work if run.folder in wanted and not plan.finished(run)]
    jobs = choice.jobs or (1 if choice.kind == "ray" else plan.default_jobs())
    now = f", {len(runs)} of them now" if len(runs) < len(plan.work) else ""
    where = "Ray" if choice.kind == "ray" else ", ".join(sorted(plan.devices()))
    _say(console, f"{plan.name}: {plan.sizes()}{now}, {jobs} at a time on {where}")
    for line in plan_lines(plan):
        _say(console, f"  {line}")
    shared = read_shared(plan, runs, components, new=new)
    for line in divided(plan, runs, shared):
        _say(console, f"  {line}")
    estimated = estimate_plan(plan, runs, shared, components)
    console.print(plan_table(plan, wanted, estimated, done=not new, width=console.width))
    if line := estimate_line(plan, wanted, estimated, jobs=jobs):
        _say(console, f"{line}, {UNPREPARED}")


def divided(
    plan: MatrixPlan, runs: Sequence[PlannedRun], shared: Mapping[str, SharedData]
) -> Iterator[str]:
    """Divide the rows of runs, those of the same data once.

    Yields: what is too few, in words. Raises: FerkitError: there is no such fold, or fewer labels
        than asked for.
    """
    last = {run.cell: run for run in sorted(runs, key=lambda run: run.fold or 0)}
    tried: dict[str, PlannedRun] = {}
    for run in last.values():
        recipe = run_recipe(plan.recipes[run.cell], run, name=plan.name, root=plan.root)
        if tried.setdefault(repr(recipe.data), run) is run:
            with said_of(run):
                case = Case(recipe, shared[data_key(plan.recipes[run.cell])].read)
                yield from (f"{run.place}: {line}" for line in too_few(case, smoke=plan.smoke))


def too_few(case: Case, *, smoke: bool) -> list[str]:
    """Of which classes there are fewer labels than asked for, in words.

    Raises: FerkitError: the rows can't be divided as asked for.
    """
    problems = divide(case, rough=smoke).problems
    few = [one for one in problems if one.kind == FEWER_LABELS]
    return [f"data: {summary.line()}" for summary in summarise(few)]


def tell_single(
    name: str, recipe: Recipe, components: Catalogue, console: Console, *, smoke: bool
) -> None:
    """Tell the phases of a single run, the sizes of its splits and its time."""
    device = choose_device(recipe.training.device)
    context = Context(seed=recipe.seed, device=str(device))
    case = Case(recipe, read_data(recipe, components, context, smoke=smoke))
    few = too_few(case, smoke=smoke)
    counted = count(case, components)
    _say(console, f"{name}: {replicate_words(str(recipe.seed))}, on {device}")
    sizes = counted.sizes._asdict()
    _say(console, "  samples: " + ", ".join(f"{n} {split}" for split, n in sizes.items() if n))
    for line in few:
        _say(console, f"  {line}")
    console.print(phases_table(counted))
    if smoke:
        _say(console, "smoke: one step of each phase")
        return
    for time in estimate({name: case}, components, threads=recipe.training.threads).values():
        told = in_words(time.seconds, at_most=time.at_most, is_whole=True)
        _say(console, f"estimated time: {told}, {UNPREPARED}")


def phases_table(counted: Counted) -> Table:
    """A row per phase that is run."""
    table = narrow_table("", ["phase", "network", "epochs", "steps of each", "samples of a step"])
    for work in counted.work.phases:
        labelled, unlabelled = work.batch
        table.add_row(
            escape(work.phase.name),
            work.phase.network,
            f"{'at most ' if work.sooner else ''}{work.epochs}",
            str(work.steps),
            f"{labelled} labelled" + (f" + {unlabelled}" if unlabelled else ""),
        )
    return table


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
