"""Begins and resumes what `ferkit run` is asked for: a single run or a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from rich.console import Console

from ferkit import plugins
from ferkit.catalogue import Catalogue, catalogue
from ferkit.errors import FerkitError
from ferkit.evaluation.tables import results_table
from ferkit.plugin import Context
from ferkit.recipe import read_recipe
from ferkit.running.assemble import ReadSets, prepare_data, read_data
from ferkit.running.changed_recipe import refuse_changed, refuse_changed_run
from ferkit.running.folder import LOCK, held, is_done, new_folder, read_json
from ferkit.running.matrix import run_matrix, show_table
from ferkit.running.matrix_plan import MatrixPlan, read_plan, with_threads, write_plan
from ferkit.running.plan import PlannedRun, plan_runs
from ferkit.running.progress import Display, Style, make_display
from ferkit.running.selection import selected
from ferkit.running.single import run_single
from ferkit.running.trial import Trial
from ferkit.sections import Recipe
from ferkit.training.devices import choose_device, make_fabric


def begin(
    name: str,
    *,
    out: Path | None,
    settings: Sequence[str],
    smoke: bool,
    jobs: int | None,
    progress: Style,
    only: Sequence[str] = (),
) -> None:
    """Run a recipe from the start.

    Args:
        name: a file or a shipped recipe's name.
        out: the run folder; None chooses one.
        settings: `--set` arguments.
        smoke: one batch through every phase.
        jobs: runs side by side, of a matrix; None chooses by device.
        progress: a `progress.Style`.
        only: of a matrix, patterns of the runs to be done now; see `selection.selected`.
    """
    components = catalogue(plugins.load())
    loaded = read_recipe(name, overrides=settings, catalogue=components, look=True)
    console = _console(progress)
    display = make_display(progress, console)
    for line in loaded.dropped:
        Console(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)
    _say_broken(components, display)
    if loaded.matrix is None:
        _refuse_only(only, loaded.name)
        recipe = with_threads(loaded.recipe, torch.get_num_threads())
        make_fabric(recipe.training)  # refuses what this machine has not, before a folder is made
        folder = new_folder(out, loaded.name)
        with held(folder), resumable(folder, display):
            run_single(
                recipe,
                folder=folder,
                recipe_folder=loaded.folder,
                catalogue=components,
                display=display,
                smoke=smoke,
            )
            _show_results(folder, console, display, progress)
        return
    make_fabric(loaded.recipe.training)
    selected(plan_runs(loaded.matrix), only, matrix=loaded.matrix)  # before a folder is made
    folder = new_folder(out, loaded.name)
    with held(folder), resumable(folder, display):
        plan = write_plan(loaded, loaded.matrix, components, root=folder, jobs=jobs, smoke=smoke)
        _matrix(
            plan, components, console, display, jobs=jobs, progress=progress, only=only, new=True
        )


def resume(folder: Path, *, jobs: int | None, progress: Style, only: Sequence[str] = ()) -> None:
    """Go on with what was stopped in `folder`; a finished run only shows its results again.

    Args:
        jobs, progress, only: as of `begin`.
    Raises: FerkitError: it is no run folder.
    """
    if not folder.is_dir():
        raise FerkitError("no such folder.", where=str(folder))
    if not any((folder / name).exists() for name in ("matrix.json", "run.json", LOCK)):
        raise no_run(folder)
    console = _console(progress)
    display = make_display(progress, console)
    with held(folder), resumable(folder, display):
        components = catalogue(plugins.load())
        if (folder / "matrix.json").exists():
            plan = read_plan(folder, components)
            refuse_changed(folder, plan.recorded, finished=False)
            for run in plan.work:
                refuse_changed_run(folder / run.folder)
            _matrix(plan, components, console, display, jobs=jobs, progress=progress, only=only)
            return
        _refuse_only(only, str(folder))
        resume_held(folder, components, display)
        _show_results(folder, console, display, progress)


def begin_one(recipe: Path, folder: Path, *, display: Display, smoke: bool) -> None:
    """Run a planned recipe of a matrix from the start."""
    components = catalogue(plugins.load())
    loaded = read_recipe(str(recipe), catalogue=components)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):
        run_single(
            loaded.recipe,
            folder=folder,
            recipe_folder=loaded.folder,
            catalogue=components,
            display=display,
            smoke=smoke,
        )


def resume_one(folder: Path, *, display: Display) -> None:
    """Go on with a single run of a matrix; nothing happens if it is done."""
    with held(folder):
        resume_held(folder, catalogue(plugins.load()), display)


def resume_held(folder: Path, components: Catalogue, display: Display) -> None:
    """Go on with a single run in a folder that is locked; nothing happens if it is done.

    Raises: FerkitError: the folder holds no run.
    """
    if not (folder / "run.json").exists():
        raise no_run(folder)
    state = refuse_changed_run(folder)
    if is_done(folder, state):
        display.say(f"{folder}: this run is done already.")
        return
    loaded = read_recipe(str(folder / "recipe.yaml"), catalogue=components)
    run_single(
        loaded.recipe,
        folder=folder,
        recipe_folder=loaded.folder,
        catalogue=components,
        display=display,
        resume=True,
        smoke=bool(state.get("smoke")),
    )


def no_run(folder: Path) -> FerkitError:
    """Says that a folder can't be resumed."""
    return FerkitError(
        "holds no run: neither run.json nor matrix.json is there.", where=str(folder)
    )


@contextmanager
def resumable(folder: Path, display: Display) -> Iterator[None]:
    """On Ctrl-C says how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        display.end()
        display.say(f"Stopped; what was saved is kept. Go on with: ferkit run --resume {folder}")
        raise


def _matrix(
    plan: MatrixPlan,
    components: Catalogue,
    console: Console,
    display: Display,
    *,
    jobs: int | None,
    progress: Style,
    only: Sequence[str],
    new: bool = False,
) -> None:
    """Prepare what the runs share, then run them.

    Args:
        new: refuse all if one of them can't be right. Later on the others are not kept waiting.
    """
    wanted = selected(plan.runs, only, matrix=plan.matrix)
    side_by_side = jobs or plan.default_jobs()
    now = f", {len(wanted)} of them now" if only else ""
    display.say(
        f"{plan.name}: {plan.sizes()}{now}, {side_by_side} at a time on "
        f"{', '.join(sorted(plan.devices()))}"
    )
    _prepare(
        plan,
        [run for run in plan.work if run.folder in wanted and not plan.finished(run)],
        components,
        display,
        new=new,
    )
    try:
        run_matrix(
            plan,
            wanted=wanted,
            jobs=side_by_side,
            display=display,
            console=console,
            live=progress == "auto" and console.is_terminal,
        )
    finally:
        if progress in ("auto", "lines"):
            show_table(plan.root, console)
    display.say(f"report: {plan.root / 'report.html'}")


def _prepare(
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
    for run in runs:
        recipe = plan.recipes[run.cell]
        key = repr((recipe.data, recipe.faces))
        context = Context(seed=recipe.seed, device=str(choose_device(recipe.training.device)))
        if key not in shared:
            read = read_data(recipe, components, context, smoke=plan.smoke)
            shared[key] = read, recipe, context
        if new:
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


def _refuse_only(only: Sequence[str], where: str) -> None:
    if only:
        raise FerkitError(
            "there is no matrix, so there is nothing to choose from.", where=f"--only, {where}"
        )


def _console(progress: Style) -> Console:
    return Console(stderr=True) if progress == "json" else Console()


def _say_broken(components: Catalogue, display: Display) -> None:
    for plugin in components.loaded.broken:
        display.say(f"warning: plugin '{plugin.name}' is not used: {plugin.error}")


def _show_results(folder: Path, console: Console, display: Display, progress: Style) -> None:
    if progress in ("auto", "lines"):
        console.print(results_table(read_json(folder / "results.json")))
    display.say(f"report: {folder / 'report.html'}")
