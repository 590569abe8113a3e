"""Begins and resumes what `ferkit run` is asked for: a single run or a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from ferkit import plugins
from ferkit.catalogue import Catalogue, catalogue
from ferkit.errors import FerkitError
from ferkit.evaluation.tables import results_table
from ferkit.files import write_whole
from ferkit.plugin import Context
from ferkit.recipe import LoadedRecipe, read_recipe, validate
from ferkit.recipe_write import dump_recipe, recipe_document
from ferkit.running.assemble import prepare_data
from ferkit.running.folder import held, new_folder, read_json
from ferkit.running.matrix import run_matrix
from ferkit.running.plan import PlannedRun, default_jobs, plan_runs, run_document
from ferkit.running.progress import Display, Style, make_display
from ferkit.running.single import run_single
from ferkit.sections import MatrixSection, Recipe
from ferkit.training.devices import choose_device


def begin(
    name: str,
    *,
    out: Path | None,
    settings: Sequence[str],
    smoke: bool,
    jobs: int | None,
    progress: Style,
) -> None:
    """Run a recipe from the start.

    Args:
        name: a file or a shipped recipe's name.
        out: the run folder; None chooses one.
        settings: `--set` arguments.
        smoke: one batch through every phase.
        jobs: runs side by side, of a matrix; None chooses by device.
        progress: a `progress.Style`.
    """
    components = catalogue(plugins.load())
    loaded = read_recipe(name, overrides=settings, catalogue=components)
    choose_device(loaded.recipe.training.device)  # before a folder is made
    folder = new_folder(out, loaded.name)
    console = _console(progress)
    display = make_display(progress, console)
    _say_broken(components, display)
    with held(folder), resumable(folder, display):
        if loaded.matrix is None:
            run_single(
                loaded.recipe,
                folder=folder,
                recipe_folder=loaded.folder,
                catalogue=components,
                display=display,
                smoke=smoke,
            )
            _show_results(folder, console, display, progress)
            return
        runs = plan_runs(loaded.matrix)
        recipes = _write_plan(loaded, loaded.matrix, runs, components, root=folder)
        _matrix(
            folder, loaded.name, runs, loaded.matrix, recipes, components, console, display,
            jobs=jobs, smoke=smoke, progress=progress,
        )  # fmt: skip


def resume(folder: Path, *, jobs: int | None, progress: Style) -> None:
    """Go on with what was stopped in `folder`; a finished run only shows its results again.

    Raises: FerkitError: it is no run folder.
    """
    if not folder.is_dir():
        raise FerkitError("no such folder.", where=str(folder))
    console = _console(progress)
    display = make_display(progress, console)
    if (folder / "matrix.json").exists():
        components = catalogue(plugins.load())
        with held(folder), resumable(folder, display):
            state = read_json(folder / "matrix.json")
            matrix = MatrixSection.model_validate(state["matrix"])
            runs = plan_runs(matrix)
            recipes = [_planned_recipe(folder, run, components) for run in runs]
            _matrix(
                folder, state["name"], runs, matrix, recipes, components, console, display,
                jobs=jobs, smoke=bool(state.get("smoke")), progress=progress,
            )  # fmt: skip
        return
    with resumable(folder, display):
        resume_one(folder, display=display)
    _show_results(folder, console, display, progress)


def begin_one(
    recipe: Path, folder: Path, *, display: Display, threads: int | None, smoke: bool
) -> None:
    """Run a planned recipe of a matrix from the start.

    Args:
        threads: CPU threads; what the recipe says comes first.
    """
    components = catalogue(plugins.load())
    loaded = read_recipe(str(recipe), catalogue=components)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):
        run_single(
            with_threads(loaded.recipe, threads),
            folder=folder,
            recipe_folder=loaded.folder,
            catalogue=components,
            display=display,
            smoke=smoke,
        )


def resume_one(folder: Path, *, display: Display, threads: int | None = None) -> None:
    """Go on with a single run; nothing happens if it is done.

    Raises: FerkitError: the folder holds no run.
    """
    if not (folder / "run.json").exists():
        raise FerkitError(
            "holds no run: neither run.json nor matrix.json is there.", where=str(folder)
        )
    with held(folder):
        state = read_json(folder / "run.json")
        if state.get("status") == "done":
            display.say(f"{folder}: this run is done already.")
            return
        components = catalogue(plugins.load())
        loaded = read_recipe(str(folder / "recipe.yaml"), catalogue=components)
        run_single(
            with_threads(loaded.recipe, threads),
            folder=folder,
            recipe_folder=loaded.folder,
            catalogue=components,
            display=display,
            resume=True,
            smoke=bool(state.get("smoke")),
        )


def with_threads(recipe: Recipe, threads: int | None) -> Recipe:
    """The recipe with a number of CPU threads, if it names none."""
    if threads is None or recipe.training.threads is not None:
        return recipe
    training = recipe.training.model_copy(update={"threads": threads})
    return recipe.model_copy(update={"training": training})


@contextmanager
def resumable(folder: Path, display: Display) -> Iterator[None]:
    """On Ctrl-C says how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        display.end()
        display.say(f"Stopped and saved. Go on with: ferkit run --resume {folder}")
        raise


def _matrix(
    folder: Path,
    name: str,
    runs: Sequence[PlannedRun],
    matrix: MatrixSection,
    recipes: Sequence[Recipe],
    components: Catalogue,
    console: Console,
    display: Display,
    *,
    jobs: int | None,
    smoke: bool,
    progress: Style,
) -> None:
    """Prepare what the runs share, then run them."""
    device = str(choose_device(recipes[0].training.device))
    side_by_side = jobs or default_jobs(device, len(runs))
    display.say(
        f"{name}: {len(matrix.variants)} variants x {len(matrix.seeds)} seeds, {len(runs)} runs, "
        f"{side_by_side} at a time on {device}"
    )
    prepared: set[str] = set()
    for recipe in recipes:
        key = repr((recipe.data, recipe.faces))
        if key not in prepared:
            prepared.add(key)
            context = Context(seed=recipe.seed, device=device)
            prepare_data(recipe, components, context, display=display, smoke=smoke)
    run_matrix(
        folder,
        runs,
        matrix,
        name=name,
        jobs=side_by_side,
        threads=1 if device == "cpu" and side_by_side > 1 else None,
        smoke=smoke,
        console=console,
        quiet=progress != "auto" or not console.is_terminal,
    )
    display.say(f"report: {folder / 'report.html'}")


def _write_plan(
    loaded: LoadedRecipe,
    matrix: MatrixSection,
    runs: Sequence[PlannedRun],
    components: Catalogue,
    *,
    root: Path,
) -> list[Recipe]:
    """Write each run's resolved recipe, the matrix's own, and the state of the plan."""
    (root / ".plan").mkdir(exist_ok=True)
    recipes = []
    for run in runs:
        document = run_document(loaded.document, matrix, run, name=loaded.name, root=root)
        recipe = validate(document, catalogue=components, source=run.label, folder=loaded.folder)
        write_whole(root / run.plan_file, dump_recipe(recipe))
        recipes.append(recipe)
    write_whole(root / "recipe.yaml", _dump_matrix(loaded, matrix, runs, recipes))
    return recipes


def _dump_matrix(
    loaded: LoadedRecipe,
    matrix: MatrixSection,
    runs: Sequence[PlannedRun],
    recipes: Sequence[Recipe],
) -> str:
    """The whole recipe, resolved: what each variant changes is written out in full."""
    fragments: dict[str, dict[str, Any]] = {}
    for run, recipe in zip(runs, recipes, strict=True):
        given = matrix.first if run.variant == "first" else matrix.variants[run.variant]
        document = recipe_document(recipe)
        fragments[run.variant] = {key: document[key] for key in given or {}}
    content = recipe_document(loaded.recipe) | {
        "matrix": matrix.model_dump(mode="json")
        | {
            "first": fragments.get("first"),
            "variants": {name: fragments[name] for name in matrix.variants},
        }
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _planned_recipe(root: Path, run: PlannedRun, components: Catalogue) -> Recipe:
    return read_recipe(str(root / run.plan_file), catalogue=components).recipe


def _console(progress: Style) -> Console:
    return Console(stderr=True) if progress == "json" else Console()


def _say_broken(components: Catalogue, display: Display) -> None:
    for plugin in components.loaded.broken:
        display.say(f"warning: plugin '{plugin.name}' is not used: {plugin.error}")


def _show_results(folder: Path, console: Console, display: Display, progress: Style) -> None:
    if progress in ("auto", "lines"):
        console.print(results_table(read_json(folder / "results.json")))
    display.say(f"report: {folder / 'report.html'}")
