"""A matrix written down: every run's own recipe, and matrix.json that says how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ferkit.catalogue import Catalogue
from ferkit.errors import FerkitError
from ferkit.files import write_whole
from ferkit.matrix_expanded import ExpandedMatrix
from ferkit.matrix_section import MatrixSection
from ferkit.recipe import LoadedRecipe, models_for, validate
from ferkit.recipe_write import recipe_document, recipe_hash
from ferkit.running.changed_recipe import recorded
from ferkit.running.folder import DamagedError, is_done, now, read_json, read_state
from ferkit.running.matrix_recipe import dump_matrix
from ferkit.running.matrix_state import write_state
from ferkit.running.paper_rounds import refuse_idle_rounds
from ferkit.running.plan import (
    Cell,
    PlannedRun,
    default_jobs,
    plan_runs,
    run_document,
    run_recipe,
    run_values,
)
from ferkit.running.planned_recipes import read_planned, write_planned
from ferkit.sections import Recipe
from ferkit.training.devices import choose_device, make_fabric


@dataclass(frozen=True)
class MatrixPlan:
    """A matrix in its folder.

    runs: all, those among them that another setting's run serves for included.
    recipes: of setting and variant, with seed and fold of the first of its runs; they name their
        number of threads, so that going on with other `--jobs` gives the same numbers.
    recorded: the whole recipe as it was written down, of `changed_recipe.recorded`.
    """

    root: Path
    name: str
    matrix: MatrixSection
    runs: tuple[PlannedRun, ...]
    recipes: Mapping[Cell, Recipe]
    smoke: bool
    started: str
    recorded: Mapping[str, Any] | None = None

    @property
    def work(self) -> list[PlannedRun]:
        """The runs that have to be done, each once."""
        return [run for run in self.runs if not run.is_shared]

    def devices(self) -> set[str]:
        """Devices of all runs."""
        return {str(choose_device(recipe.training.device)) for recipe in self.recipes.values()}

    def default_jobs(self) -> int:
        """How many runs go side by side unless the user says otherwise."""
        devices = self.devices()
        return default_jobs("cpu" if devices == {"cpu"} else "gpu", len(self.work))

    def threads(self) -> int | None:
        """CPU threads that all runs have in common, or None."""
        threads = {recipe.training.threads for recipe in self.recipes.values()}
        return threads.pop() if len(threads) == 1 else None

    def finished(self, run: PlannedRun) -> bool:
        """Whether the run is done; one whose run.json is damaged is not."""
        folder = self.root / run.folder
        try:
            return is_done(folder, read_json(folder / "run.json"))
        except FerkitError:
            return False

    def sizes(self) -> str:
        """How much there is to do: "2 settings x 3 variants x 5 seeds, 41 runs"."""
        matrix = self.matrix
        counts = [(len(matrix.variants), "variant"), (len(matrix.seeds), "seed")]
        if matrix.settings is not None:
            counts.insert(0, (len(matrix.settings), "combination" if matrix.axes else "setting"))
        if matrix.folds is not None and not isinstance(matrix.folds, dict):
            counts.append((len(matrix.fold_numbers()), "fold"))
        text = " x ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts)
        if isinstance(matrix.folds, dict):
            each = (f"{name} {len(matrix.fold_numbers(name))}" for name in matrix.folds)
            text += f" (folds: {', '.join(each)})"
        shared = len(self.runs) - len(self.work)
        other = "combination" if matrix.axes else "setting"
        return f"{text}, {len(self.work)} runs" + (
            f" ({shared} more are the same as another {other}'s)" if shared else ""
        )


def make_plan(
    loaded: LoadedRecipe,
    matrix: MatrixSection,
    components: Catalogue,
    *,
    root: Path,
    jobs: int | None,
    smoke: bool,
    threads: int | None = None,
) -> tuple[MatrixPlan, list[Recipe], str]:
    """Plan a matrix; nothing is written.

    Args:
        root: the matrix folder. jobs: as asked for; several runs on a CPU get a thread each.
        threads: of each run on a CPU, if that is settled.
    Returns: the plan, the resolved recipe of each run, and the whole matrix as YAML.
    Raises: FerkitError: this machine lacks a device that a variant asks for, or
        `matrix.paper.rounds` names one without rounds.
    """
    runs = plan_runs(matrix)
    of_cells = _validated(loaded, matrix, components, runs, root=root)
    refuse_idle_rounds(matrix, of_cells, components)
    for training in {
        repr(recipe.training): recipe.training for recipe in of_cells.values()
    }.values():
        make_fabric(training)
    rough = MatrixPlan(root, loaded.name, matrix, tuple(runs), of_cells, smoke, now())
    several = (jobs or rough.default_jobs()) > 1
    if threads is None:
        threads = 1 if several and rough.devices() == {"cpu"} else torch.get_num_threads()
    of_cells = {cell: with_threads(recipe, threads) for cell, recipe in of_cells.items()}
    runs, recipes = share_runs(runs, of_cells, name=loaded.name, root=root)
    for run, own in reversed(list(zip(runs, recipes, strict=True))):
        of_cells[run.cell] = own  # the first of them stays, with the weights it now starts from
    documents = {cell: recipe_document(recipe) for cell, recipe in of_cells.items()}
    text = dump_matrix(loaded, matrix, documents)
    plan = replace(rough, runs=tuple(runs), recipes=of_cells, recorded=recorded(text))
    return plan, recipes, text


def write_plan(
    loaded: LoadedRecipe,
    matrix: MatrixSection,
    components: Catalogue,
    *,
    root: Path,
    jobs: int | None,
    smoke: bool,
    threads: int | None = None,
) -> MatrixPlan:
    """Plan a matrix and write each run's resolved recipe, the matrix's own, and matrix.json.

    Args, Raises: as of `make_plan`.
    """
    plan, recipes, text = make_plan(
        loaded, matrix, components, root=root, jobs=jobs, smoke=smoke, threads=threads
    )
    for run, own in zip(plan.runs, recipes, strict=True):
        if not run.is_shared:
            write_planned(root / run.plan_file, own)
    write_whole(root / "recipe.yaml", text)
    write_state(plan, "planned")
    return plan


def _validated(
    loaded: LoadedRecipe,
    matrix: MatrixSection,
    components: Catalogue,
    runs: Sequence[PlannedRun],
    *,
    root: Path,
) -> dict[Cell, Recipe]:
    """The recipe of each setting and variant, with seed and fold of the first of its runs."""
    models = models_for(loaded.document, components)
    recipes: dict[Cell, Recipe] = {}
    alike: dict[str, Recipe] = {}
    for run in runs:
        if run.cell in recipes:
            continue
        document = run_document(loaded.document, matrix, run, name=loaded.name, root=root)
        own = run_values(run, name=loaded.name, root=root)
        text = repr({key: value for key, value in document.items() if key not in own})
        if text not in alike:
            alike[text] = validate(
                document,
                catalogue=components,
                source=run.label,
                folder=loaded.folder,
                models=models,
            )
        recipes[run.cell] = run_recipe(alike[text], run, name=loaded.name, root=root)
    return recipes


def share_runs(
    runs: Sequence[PlannedRun], recipes: Mapping[Cell, Recipe], *, name: str, root: Path
) -> tuple[list[PlannedRun], list[Recipe]]:
    """Let settings that come to the same run share one: that of the first of them.

    A run is the same if its recipe is, apart from the name, seed and weights to start from
    included; what starts from a shared run may then be the same again.

    Args:
        runs: in order, each after what it needs.
        recipes: of each setting and variant.
        name: of the recipe. root: the matrix folder.
    Returns: the runs, and the recipe of each with its own seed and fold.
    """
    folders: dict[Path, Path] = {}
    first_of: dict[tuple[str, str, str, Path | None], Path] = {}
    digests: dict[tuple[Cell, bool], str] = {}
    shared, own = [], []
    for run in runs:
        needs = folders[run.needs] if run.needs is not None else None
        alone = needs is None
        if (run.cell, alone) not in digests:
            digests[run.cell, alone] = _digest(recipes[run.cell], with_init=alone)
        key = (run.variant, run.replicate, digests[run.cell, alone], needs)
        folder = first_of.setdefault(key, run.folder)
        folders[run.folder] = folder
        moved = replace(run, needs=needs, folder=folder)
        shared.append(moved)
        own.append(run_recipe(recipes[run.cell], moved, name=name, root=root))
    return shared, own


def _digest(recipe: Recipe, *, with_init: bool) -> str:
    """What runs of two cells have in common if they are the same for the same seed and fold."""
    document = recipe_document(recipe)
    for key in ("name", "seed") if with_init else ("name", "seed", "init"):
        del document[key]
    document["data"]["split"]["fold"] = None
    return recipe_hash(document)


def read_plan(root: Path, components: Catalogue) -> MatrixPlan:
    """The matrix in a folder, as it was planned.

    Raises: DamagedError: matrix.json is. FerkitError: it is of another format, or a planned recipe
        can't be read.
    """
    path = root / "matrix.json"
    state = read_state(path)
    try:
        matrix = ExpandedMatrix.model_validate(state["matrix"])
        name, started = str(state["name"]), str(state["started"])
        runs = plan_runs(matrix)
        if matrix.settings is not None:  # which of them are shared was found when planning
            runs = [read_run(entry) for entry in state["runs"]]
    except (KeyError, TypeError, ValueError) as error:
        lacking = f"lacks {error}" if isinstance(error, KeyError) else "holds no valid matrix"
        raise DamagedError(f"is damaged: it {lacking}.", where=str(path)) from error
    files: dict[Cell, Path] = {}
    for run in runs:
        if not run.is_shared:
            files.setdefault(run.cell, root / run.plan_file)
    planned = read_planned(files.values(), components)
    recipes = {cell: planned[file] for cell, file in files.items()}
    smoke = bool(state.get("smoke"))
    return MatrixPlan(root, name, matrix, tuple(runs), recipes, smoke, started, state.get("recipe"))


def read_run(entry: Mapping[str, Any]) -> PlannedRun:
    """A run as matrix.json holds it.

    Raises: KeyError, TypeError, ValueError: it is damaged.
    """
    needs = entry["needs"]
    return PlannedRun(
        str(entry["variant"]),
        int(entry["seed"]),
        Path(entry["folder"]),
        None if needs is None else Path(needs),
        entry["setting"],
        entry.get("fold"),
    )


def with_threads(recipe: Recipe, threads: int) -> Recipe:
    """The recipe with a number of CPU threads, if it names none: results depend on it."""
    if recipe.training.threads is not None:
        return recipe
    training = recipe.training.model_copy(update={"threads": threads})
    return recipe.model_copy(update={"training": training})
