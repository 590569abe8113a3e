"""Begins and resumes what `ferkit run` is asked for: a single run or a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
from rich.console import Console

from ferkit import plugins
from ferkit.catalogue import Catalogue, catalogue
from ferkit.errors import FerkitError
from ferkit.evaluation.report_epochs import epochs_table
from ferkit.evaluation.tables import results_table
from ferkit.recipe import read_recipe
from ferkit.running.absent_files import refuse_absent
from ferkit.running.changed_recipe import refuse_changed_run
from ferkit.running.damaged import holds_matrix, set_aside, unchanged_plan
from ferkit.running.folder import LOCK, DamagedError, held, is_done, read_json
from ferkit.running.matrix_plan import with_threads, write_plan
from ferkit.running.matrix_start import work_off
from ferkit.running.matrix_state import write_state
from ferkit.running.plan import plan_runs
from ferkit.running.progress import Display, Style, make_display
from ferkit.running.selection import selected
from ferkit.running.single import run_single
from ferkit.running.unbegun import held_anew
from ferkit.running.under_way import EngineChoice
from ferkit.sections import Recipe
from ferkit.training.devices import make_fabric


def begin(
    name: str,
    *,
    out: Path | None,
    settings: Sequence[str],
    smoke: bool,
    progress: Style,
    choice: EngineChoice,
    only: Sequence[str] = (),
) -> None:
    """Run a recipe from the start.

    Args:
        name: a file or a shipped recipe's name.
        out: the run folder; None chooses one.
        settings: `--set` arguments.
        smoke: one batch through every phase.
        progress: a `progress.Style`.
        choice: of a matrix, who does the runs.
        only: of a matrix, patterns of the runs to be done now; see `selection.selected`.
    """
    components = catalogue(plugins.load())
    loaded = read_recipe(
        name, overrides=settings, catalogue=components, look=True, parts=bool(only)
    )
    console = _console(progress)
    display = make_display(progress, console)
    for line in loaded.dropped:
        Console(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)
    _say_broken(components, display)
    if loaded.sweep is not None:
        display.say(f"The key sweep is left aside; to search: ferkit sweep {name}")
    if loaded.matrix is None:
        refuse_for_one(only, choice, loaded.name)
        recipe = with_threads(loaded.recipe, torch.get_num_threads())
        make_fabric(recipe.training)  # refuses what this machine has not, before a folder is made
        with held_anew(out, loaded.name, display) as folder, resumable(folder, display):
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
    wanted = selected(plan_runs(loaded.matrix), only, matrix=loaded.matrix)
    if only:
        refuse_absent(loaded, loaded.matrix, wanted, components)  # before a folder is made
    with held_anew(out, loaded.name, display) as folder, resumable(folder, display):
        plan = write_plan(
            loaded,
            loaded.matrix,
            components,
            root=folder,
            jobs=choice.jobs,
            threads=choice.threads,
            smoke=smoke,
        )
        work_off(
            plan,
            components,
            console,
            display,
            choice=choice,
            progress=progress,
            only=only,
            new=True,
        )


def resume(
    folder: Path,
    *,
    progress: Style,
    choice: EngineChoice,
    only: Sequence[str] = (),
) -> None:
    """Go on with what was stopped in `folder`; a finished run only shows its results again.

    Args:
        progress, choice, only: as of `begin`.
    Raises: FerkitError: it is no run folder.
    """
    refuse_other_folder(folder)
    console = _console(progress)
    display = make_display(progress, console)
    with held(folder), resumable(folder, display):
        components = catalogue(plugins.load())
        if holds_matrix(folder):
            plan = unchanged_plan(folder, components, partial(_make_anew, display))
            if not (folder / "matrix.json").exists():
                write_state(plan, "interrupted")
            work_off(
                plan, components, console, display, choice=choice, progress=progress, only=only
            )
            return
        refuse_for_one(only, choice, str(folder), resumed=True)
        resume_held(folder, components, display)
        _show_results(folder, console, display, progress)


def refuse_other_folder(folder: Path) -> None:
    """Raise FerkitError unless the folder is one of a run or matrix."""
    if not folder.is_dir():
        raise FerkitError("no such folder.", where=str(folder))
    known = any((folder / name).exists() for name in ("run.json", LOCK))
    if not known and not holds_matrix(folder):
        raise no_run(folder)


def _make_anew(display: Display, path: Path, why: DamagedError) -> None:
    """Set aside what is damaged, and say so."""
    done = f"Kept as {set_aside(path)}, and made anew." if path.exists() else "It is made anew."
    display.say(f"warning: {why.where}: {why.what} {done}")


def begin_one(
    recipe: Path,
    folder: Path,
    *,
    display: Display,
    smoke: bool,
    init: Path | None = None,
    patience: float = 5.0,
) -> None:
    """Run a planned recipe of a matrix from the start.

    Args:
        init: run that it starts from, where that lies now; the recipe may name it by the place
            where the matrix was planned. patience: as of `held`.
    """
    components = catalogue(plugins.load())
    loaded = read_recipe(str(recipe), catalogue=components)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder, patience=patience):
        run_single(
            _starting_from(loaded.recipe, init),
            folder=folder,
            recipe_folder=loaded.folder,
            catalogue=components,
            display=display,
            smoke=smoke,
            in_matrix=True,
        )


def resume_one(
    folder: Path, *, display: Display, init: Path | None = None, patience: float = 5.0
) -> None:
    """Go on with a single run of a matrix; nothing happens if it is done.

    Args:
        init, patience: as of `begin_one`.
    """
    with held(folder, patience=patience):
        resume_held(folder, catalogue(plugins.load()), display, init=init, in_matrix=True)


def _starting_from(recipe: Recipe, init: Path | None) -> Recipe:
    return recipe if init is None else recipe.model_copy(update={"init": str(init)})


def resume_held(
    folder: Path,
    components: Catalogue,
    display: Display,
    *,
    init: Path | None = None,
    in_matrix: bool = False,
) -> None:
    """Go on with a single run in a folder that is locked; nothing happens if it is done.

    Args:
        init: as of `begin_one`. in_matrix: as of `run_single`.
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
        _starting_from(loaded.recipe, init),
        folder=folder,
        recipe_folder=loaded.folder,
        catalogue=components,
        display=display,
        resume=True,
        smoke=bool(state.get("smoke")),
        in_matrix=in_matrix,
    )


def no_run(folder: Path) -> FerkitError:
    """Says that a folder can't be resumed."""
    hint = None
    if (folder / "sweep.json").exists():
        hint = f"It is of a sweep: ferkit sweep --resume {folder}"
    elif (folder / ".plan").is_dir():
        hint = "Nor is a recipe.yaml of a matrix, by which it could be made anew: begin it anew."
    return FerkitError(
        "holds no run: neither run.json nor matrix.json is there.", where=str(folder), hint=hint
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


def refuse_for_one(
    only: Sequence[str], choice: EngineChoice, where: str, *, resumed: bool = False
) -> None:
    """Refuse what a single run has no use for."""
    if resumed and choice.jobs is not None:
        raise FerkitError(
            "there is no matrix, so there are no runs to be done side by side.",
            where=f"--jobs, {where}",
        )
    if only:
        raise FerkitError(
            "there is no matrix, so there is nothing to choose from.", where=f"--only, {where}"
        )
    if choice.kind == "ray":
        raise FerkitError(
            "there is no matrix, so there are no runs to spread over machines.",
            where=f"--engine ray, {where}",
            hint="Leave the option out, or give the recipe a key 'matrix'.",
        )


def _console(progress: Style) -> Console:
    return Console(stderr=True) if progress == "json" else Console()


def _say_broken(components: Catalogue, display: Display) -> None:
    for plugin in components.loaded.broken:
        display.say(f"warning: plugin '{plugin.name}' is not used: {plugin.error}")


def _show_results(folder: Path, console: Console, display: Display, progress: Style) -> None:
    if progress in ("auto", "lines"):
        results = read_json(folder / "results.json")
        console.print(results_table(results))
        epochs = epochs_table(results)
        if epochs is not None:
            console.print(epochs)
    display.say(f"report: {folder / 'report.html'}")
