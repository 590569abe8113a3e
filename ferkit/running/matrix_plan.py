"""A matrix written down: every run's own recipe, and matrix.json that says how it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import ValidationError

from ferkit.catalogue import Catalogue
from ferkit.errors import FerkitError
from ferkit.evaluation.tables import summarise_matrix
from ferkit.files import write_whole
from ferkit.matrix_section import MatrixSection
from ferkit.recipe import LoadedRecipe, read_recipe, validate
from ferkit.recipe_write import dump_recipe, recipe_document
from ferkit.running.folder import (
    SCHEMA_VERSION,
    is_done,
    now,
    read_json,
    read_state,
    write_json,
)
from ferkit.running.plan import FIRST, PlannedRun, default_jobs, plan_runs, run_document
from ferkit.sections import Recipe
from ferkit.training.devices import choose_device, make_fabric


@dataclass(frozen=True)
class MatrixPlan:
    """A matrix in its folder.

    runs, recipes: in the same order; recipes name their number of threads, so that going on
        with other `--jobs` gives the same numbers.
    """

    root: Path
    name: str
    matrix: MatrixSection
    runs: tuple[PlannedRun, ...]
    recipes: tuple[Recipe, ...]
    smoke: bool
    started: str

    def devices(self) -> set[str]:
        """Devices of all runs."""
        return {str(choose_device(recipe.training.device)) for recipe in self.recipes}

    def default_jobs(self) -> int:
        """How many runs go side by side unless the user says otherwise."""
        devices = self.devices()
        return default_jobs("cpu" if devices == {"cpu"} else "gpu", len(self.runs))

    def threads(self) -> int | None:
        """CPU threads that all runs have in common, or None."""
        threads = {recipe.training.threads for recipe in self.recipes}
        return threads.pop() if len(threads) == 1 else None

    def finished(self, run: PlannedRun) -> bool:
        """Whether the run is done."""
        folder = self.root / run.folder
        path = folder / "run.json"
        return path.exists() and is_done(folder, read_json(path))

    def write_state(self, status: str, failures: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Write matrix.json: the plan, what is done, and the table over it; returns it."""
        results: dict[str, dict[int, dict[str, Any]]] = {}
        states = []
        for run in self.runs:
            done = self.finished(run)
            folder = run.folder.as_posix()
            states.append(
                {"variant": run.variant, "seed": run.seed, "folder": folder, "done": done}
            )
            if done and run.variant != FIRST:
                of_run = read_json(self.root / run.folder / "results.json")
                results.setdefault(run.variant, {})[run.seed] = of_run
        ordered = {name: results[name] for name in self.matrix.variants if name in results}
        summary = (
            summarise_matrix(ordered, baseline=self.matrix.baseline, metric=self.matrix.metric)
            if ordered
            else None
        )
        state: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "status": status,
            "started": self.started,
            "written": now(),
            "smoke": self.smoke,
            "matrix": self.matrix.model_dump(mode="json"),
            "runs": states,
            "failures": dict(failures or {}),
            "summary": summary,
        }
        write_json(self.root / "matrix.json", state)
        return state


def write_plan(
    loaded: LoadedRecipe,
    matrix: MatrixSection,
    components: Catalogue,
    *,
    root: Path,
    jobs: int | None,
    smoke: bool,
) -> MatrixPlan:
    """Write each run's resolved recipe, the matrix's own, and matrix.json.

    Args:
        root: the matrix folder. jobs: as asked for; several runs on a CPU get a thread each.
    Raises: FerkitError: this machine lacks a device that a variant asks for.
    """
    runs = plan_runs(matrix)
    validated = []
    for run in runs:
        document = run_document(loaded.document, matrix, run, name=loaded.name, root=root)
        recipe = validate(document, catalogue=components, source=run.label, folder=loaded.folder)
        make_fabric(recipe.training)
        validated.append(recipe)
    rough = MatrixPlan(root, loaded.name, matrix, tuple(runs), tuple(validated), smoke, now())
    several = (jobs or rough.default_jobs()) > 1
    threads = 1 if several and rough.devices() == {"cpu"} else torch.get_num_threads()
    recipes = tuple(with_threads(recipe, threads) for recipe in validated)
    plan = MatrixPlan(root, loaded.name, matrix, tuple(runs), recipes, smoke, rough.started)
    (root / ".plan").mkdir(exist_ok=True)
    for run, recipe in zip(runs, recipes, strict=True):
        write_whole(root / run.plan_file, dump_recipe(recipe))
    write_whole(root / "recipe.yaml", _dump_matrix(loaded, matrix, runs, recipes))
    plan.write_state("planned")
    return plan


def read_plan(root: Path, components: Catalogue) -> MatrixPlan:
    """The matrix in a folder, as it was planned.

    Raises: FerkitError: matrix.json or a planned recipe is damaged or of a later format.
    """
    path = root / "matrix.json"
    state = read_state(path)
    try:
        matrix = MatrixSection.model_validate(state["matrix"])
        name, started = str(state["name"]), str(state["started"])
    except (KeyError, ValidationError) as error:
        lacking = f"lacks {error}" if isinstance(error, KeyError) else "holds no valid matrix"
        raise FerkitError(f"is damaged: it {lacking}.", where=str(path)) from error
    runs = plan_runs(matrix)
    recipes = [read_recipe(str(root / run.plan_file), catalogue=components) for run in runs]
    return MatrixPlan(
        root,
        name,
        matrix,
        tuple(runs),
        tuple(loaded.recipe for loaded in recipes),
        bool(state.get("smoke")),
        started,
    )


def with_threads(recipe: Recipe, threads: int) -> Recipe:
    """The recipe with a number of CPU threads, if it names none: results depend on it."""
    if recipe.training.threads is not None:
        return recipe
    training = recipe.training.model_copy(update={"threads": threads})
    return recipe.model_copy(update={"training": training})


def _dump_matrix(
    loaded: LoadedRecipe,
    matrix: MatrixSection,
    runs: Sequence[PlannedRun],
    recipes: Sequence[Recipe],
) -> str:
    """The whole recipe, resolved: what each variant changes is written out in full."""
    fragments: dict[str, dict[str, Any]] = {}
    for run, recipe in zip(runs, recipes, strict=True):
        given = matrix.first if run.variant == FIRST else matrix.variants[run.variant]
        document = recipe_document(recipe)
        fragments[run.variant] = {key: document[key] for key in given or {}}
    content = recipe_document(loaded.recipe) | {
        "matrix": matrix.model_dump(mode="json")
        | {
            "first": fragments.get(FIRST),
            "variants": {name: fragments[name] for name in matrix.variants},
        }
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
