"""What a full disk or a crash left damaged: set aside under another name, and done anew. So is a
matrix.json that was removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from ferkit.catalogue import Catalogue
from ferkit.errors import BlockedError, FerkitError
from ferkit.recipe import read_recipe
from ferkit.recipe_files import read_text
from ferkit.recipe_write import recipe_document
from ferkit.recipe_yaml import parse, plain
from ferkit.running.changed_recipe import RECIPE, recorded, refuse_changed, refuse_changed_run
from ferkit.running.folder import DamagedError, held, read_json
from ferkit.running.matrix_plan import MatrixPlan, make_plan, read_plan
from ferkit.running.plan import plan_runs
from ferkit.running.planned_recipes import read_planned
from ferkit.sections import Recipe

Told = Callable[[Path, DamagedError], None]
"""Gets a file or folder that is to be set aside, if it is there, and why."""


def holds_matrix(folder: Path) -> bool:
    """Whether a folder is one of a matrix, by its recipe where matrix.json is not there any more.

    Raises: FerkitError: the recipe can't be read.
    """
    if (folder / "matrix.json").exists():
        return True
    recipe = folder / RECIPE
    others = any((folder / name).exists() for name in ("run.json", "sweep.json"))
    if others or not recipe.is_file():
        return False
    item = parse(read_text(recipe, str(recipe)), str(recipe))
    content = None if item is None else plain(item)
    return isinstance(content, Mapping) and bool(content.get("matrix"))


def set_aside(path: Path) -> Path:
    """Give a file or run folder another name, so that there is room for a new one.

    Returns: where it is now, beside where it was.
    Raises: BlockedError: a process is using the folder, or it can't be renamed.
    """
    names = (f"{path.name}.damaged{'' if n == 1 else f'-{n}'}" for n in count(1))
    place = next(new for name in names if not (new := path.with_name(name)).exists())
    try:
        if path.is_dir():
            with held(path):
                pass
        return path.rename(place)
    except OSError as error:
        raise BlockedError(f"can't be renamed ({error.strerror}).", where=str(path)) from error


def unchanged_plan(folder: Path, components: Catalogue, damaged: Told) -> MatrixPlan:
    """The plan of a matrix that is gone on with.

    Args:
        damaged: told of matrix.json and of runs' folders that can't be read. They are to be
            written, and done, anew.
    Raises: FerkitError: a recipe is another one than the matrix began with, or what is damaged or
        gone can't be made anew.
    """
    path = folder / "matrix.json"
    try:
        if not path.exists():
            raise DamagedError("is not there any more.", where=str(path))
        plan = read_plan(folder, components)
    except DamagedError as error:
        plan = _planned_again(folder, components, error)
        damaged(path, error)
    refuse_changed(folder, plan.recorded, finished=False)
    for run in plan.work:
        try:
            refuse_changed_run(folder / run.folder)
        except DamagedError as error:
            damaged(folder / run.folder, error)
    return plan


def _planned_again(root: Path, components: Catalogue, damage: DamagedError) -> MatrixPlan:
    """The plan of a matrix whose matrix.json is damaged or gone, by the recipes in its folder.

    Raises: DamagedError: no run tells what was asked for, or the matrix's recipe does not come to
        the runs that were planned.
    """
    refused = DamagedError(
        f"{damage.what} The recipes in the folder do not tell enough to make it anew.",
        where=damage.where,
        hint=f"Begin anew: ferkit run {root / RECIPE} --out FOLDER.",
    )
    try:
        loaded = read_recipe(str(root / RECIPE), catalogue=components)
        matrix = loaded.matrix
        if matrix is None:
            raise refused
        files = [root / run.plan_file for run in plan_runs(matrix)]
        before = read_planned((file for file in files if file.exists()), components)
        threads = next((one.training.threads for one in before.values()), None)
        plan, recipes, _ = make_plan(
            loaded, matrix, components, root=root, jobs=None, smoke=False, threads=threads
        )
    except FerkitError as error:
        raise refused from error
    own = {
        root / run.plan_file: recipe
        for run, recipe in zip(plan.runs, recipes, strict=True)
        if not run.is_shared
    }
    begun = next(filter(None, (_state(root / run.folder) for run in plan.work)), None)
    if begun is None or not _alike(own, before):
        raise refused
    return replace(
        plan,
        smoke=bool(begun.get("smoke")),
        started=str(begun.get("started")),
        # Not as it would be written now: an earlier ferkit wrote fewer keys.
        recorded=recorded(read_text(root / RECIPE, str(root / RECIPE))),
    )


def _alike(recipes: Mapping[Path, Recipe], others: Mapping[Path, Recipe]) -> bool:
    """Whether runs are planned by the same recipes, wherever the matrix lay then."""

    def documents(some: Mapping[Path, Recipe]) -> dict[Path, dict[str, Any]]:
        return {path: recipe_document(one) | {"init": None} for path, one in some.items()}

    return documents(recipes) == documents(others)


def _state(folder: Path) -> dict[str, Any]:
    """What run.json says; {} where it can't be read."""
    with suppress(FerkitError):
        return read_json(folder / "run.json")
    return {}
