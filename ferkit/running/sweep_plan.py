"""A sweep in its folder: what was asked for, and the recipe of each trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from ferkit.catalogue import Catalogue
from ferkit.errors import FerkitError
from ferkit.files import write_whole
from ferkit.recipe import LoadedRecipe, models_for, read_recipe, validate
from ferkit.recipe_sweep import lay_drawn
from ferkit.recipe_write import dump_document, recipe_document
from ferkit.recipe_yaml import Place, placed, plain
from ferkit.running.changed_recipe import recorded, refuse_changed
from ferkit.running.folder import SCHEMA_VERSION, now, read_state, write_json
from ferkit.running.matrix_recipe import with_absolute_paths
from ferkit.running.plan import default_jobs
from ferkit.sections import Recipe
from ferkit.sweep_section import SweepSection
from ferkit.sweep_space import Dimension, Drawn, dimensions, trials_asked
from ferkit.training.devices import choose_device

SMOKE_TRIALS = 3
"""Trials of a smoke run at most."""


@dataclass(frozen=True)
class SweepPlan:
    """A sweep in its folder.

    loaded: the recipe as it lies there. trials: how many there are to be. threads: of each run, or
    None. recorded: of `changed_recipe.recorded`.
    """

    root: Path
    loaded: LoadedRecipe
    sweep: SweepSection
    space: Mapping[str, Dimension]
    trials: int
    smoke: bool
    started: str
    recorded: Mapping[str, Any]
    catalogue: Catalogue

    @property
    def name(self) -> str:
        return self.loaded.name

    @cached_property
    def _models(self) -> Any:
        return models_for(self.loaded.document, self.catalogue)

    def values(self, drawn: Mapping[str, Drawn]) -> dict[str, Any]:
        """What the recipe gets for values that were drawn."""
        return {key: self.space[key].value(value) for key, value in drawn.items()}

    def recipe(self, drawn: Mapping[str, Drawn], seed: int, name: str) -> Recipe:
        """The recipe of a run.

        Args:
            name: of the recipe.
        Raises: FerkitError: these values do not go together.
        """
        base = {key: value for key, value in self.loaded.document.items() if key != "sweep"}
        laid = plain(lay_drawn(placed(base, Place("recipe")), self.values(drawn)))
        return validate(
            laid | {"seed": seed, "name": name},
            catalogue=self.catalogue,
            source=name,
            folder=self.loaded.folder,
            models=self._models,
        )

    def run_folder(self, number: int, seed: int) -> Path:
        """Where a run of a trial lies."""
        return self.root / run_path(number, seed)

    def trial_name(self, number: int) -> str:
        """What the recipe of a trial is called."""
        return f"{self.name}-{number:04d}"

    def plan_file(self, number: int, seed: int) -> Path:
        """The recipe of a run, before it is begun."""
        return self.root / ".plan" / f"{number:04d}-seed{seed}.yaml"

    def default_jobs(self) -> int:
        """How many trials go side by side unless the user says otherwise: those of a search that
        learns go one after the other."""
        device = str(choose_device(self.loaded.recipe.training.device))
        return _default_jobs(self.sweep, device, self.trials)


def _default_jobs(sweep: SweepSection, device: str, trials: int) -> int:
    return 1 if sweep.sampler == "tpe" else default_jobs(device, trials)


def run_path(number: int, seed: int) -> Path:
    """Where a run of a trial lies, below the folder of the sweep."""
    return Path("trials") / f"{number:04d}" / f"seed{seed}"


def write_plan(
    loaded: LoadedRecipe,
    components: Catalogue,
    *,
    root: Path,
    trials: int | None,
    jobs: int | None,
    smoke: bool,
) -> None:
    """Write recipe.yaml and sweep.json of a new sweep.

    Args:
        loaded: with a sweep. root: its folder. trials: instead of the recipe's number.
        jobs: as asked for; several trials on a CPU get a thread each.
    """
    sweep = loaded.sweep
    assert sweep is not None
    if trials is not None:
        sweep = sweep.model_copy(update={"trials": trials})
    space = dimensions(sweep)
    device = str(choose_device(loaded.recipe.training.device))
    asked = trials_asked(sweep, space)
    side_by_side = jobs or _default_jobs(sweep, device, asked)
    threads = 1 if side_by_side > 1 and device == "cpu" else torch.get_num_threads()
    text = dump_document(_document(loaded, sweep, components, threads=threads))
    write_whole(root / "recipe.yaml", text)
    write_json(
        root / "sweep.json",
        {
            "schema_version": SCHEMA_VERSION,
            "name": loaded.name,
            "status": "planned",
            "started": now(),
            "smoke": smoke,
            "asked": min(asked, SMOKE_TRIALS) if smoke else asked,
            "recipe": recorded(text),
        },
    )


def read_plan(root: Path, components: Catalogue, *, trials: int | None = None) -> SweepPlan:
    """The sweep in a folder.

    Args:
        trials: how many there are to be in all, instead of the number before.
    Raises: FerkitError: its recipe was changed, or sweep.json is damaged.
    """
    state = read_state(root / "sweep.json")
    refuse_changed(root, state.get("recipe"), finished=False)
    loaded = read_recipe(str(root / "recipe.yaml"), catalogue=components)
    if loaded.sweep is None:
        raise FerkitError("has no key sweep any more.", where=str(root / "recipe.yaml"))
    space = dimensions(loaded.sweep)
    asked = state.get("asked")
    if trials is not None:
        asked = trials_asked(loaded.sweep.model_copy(update={"trials": trials}), space)
    if not isinstance(asked, int) or "recipe" not in state:
        raise FerkitError("is damaged: it says no number of trials.", where=str(root))
    return SweepPlan(
        root=root,
        loaded=loaded,
        sweep=loaded.sweep,
        space=space,
        trials=asked,
        smoke=bool(state.get("smoke")),
        started=str(state.get("started")),
        recorded=state["recipe"],
        catalogue=components,
    )


def _document(
    loaded: LoadedRecipe, sweep: SweepSection, components: Catalogue, *, threads: int
) -> dict[str, Any]:
    """The recipe with its sweep as it is kept: paths absolute, the number of threads named.

    Args:
        threads: of each run, where the recipe names none.
    """
    base = {key: value for key, value in loaded.document.items() if key != "sweep"}
    kept: dict[str, Any] = with_absolute_paths(
        base, [recipe_document(loaded.recipe)], loaded.folder
    )
    training = dict(kept.get("training") or {})
    if training.get("threads") is None:
        training["threads"] = threads
    models = models_for(loaded.document, components)

    def with_paths(key: str, value: Any) -> Any:
        """A choice with its paths absolute: as the recipe that it makes has them."""
        laid = plain(lay_drawn(placed(base, Place("recipe")), {key: value}))
        made = validate(laid, catalogue=components, folder=loaded.folder, models=models)
        resolved = _at(recipe_document(made), key.split("."))
        return with_absolute_paths(value, [resolved], loaded.folder)

    space = {}
    for key, given in sweep.space.items():
        choices = given.get("choices") if isinstance(given, Mapping) else given
        if isinstance(choices, Mapping):
            choices = {name: with_paths(key, value) for name, value in choices.items()}
        elif choices is not None:
            choices = [with_paths(key, value) for value in choices]
        space[key] = given if choices is None else {"choices": choices}
    section = sweep.model_dump(mode="json") | {"space": space}
    return kept | {"name": loaded.name, "training": training, "sweep": section}


def _at(document: Any, parts: Sequence[str]) -> Any:
    """What stands at a key of a plain document."""
    for part in parts:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document
