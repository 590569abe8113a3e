"""What a matrix comes to: which runs, from which recipes, in which order."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferkit.evaluation.replicates import replicate_key, replicate_words
from ferkit.matrix_folds import lay_folds
from ferkit.matrix_section import MatrixSection
from ferkit.recipe_matrix import FIRST, PRETRAIN, below_first
from ferkit.recipe_merge import lay_over
from ferkit.recipe_yaml import Place, placed, plain
from ferkit.sections import Recipe

__all__ = ["FIRST", "PRETRAIN", "PlannedRun", "plan_runs", "ready", "run_document"]

Cell = tuple[str | None, str]
"""Setting, or None, and variant: runs that differ in nothing but seed and fold."""


@dataclass(frozen=True)
class PlannedRun:
    """One run of a matrix.

    Args:
        variant: its name in the recipe, "first" or "pretrain".
        seed: the run's seed.
        folder: of the run, below the matrix folder; another setting's where that has the very
            same run.
        needs: folder of the run that must be done before, or None.
        setting: its name in the recipe; None in a matrix without settings, and of "pretrain".
        fold: that is its test split; None without cross-validation, and of "pretrain".
    """

    variant: str
    seed: int
    folder: Path
    needs: Path | None = None
    setting: str | None = None
    fold: int | None = None

    @property
    def cell(self) -> Cell:
        return self.setting, self.variant

    @property
    def place(self) -> str:
        """Setting and variant, as folders are called."""
        return self.variant if self.setting is None else f"{self.setting}/{self.variant}"

    @property
    def label(self) -> str:
        return f"{self.place}, {replicate_words(self.replicate)}"

    @property
    def replicate(self) -> str:
        """What it is called among the runs of its cell: "0", or "0.3" for fold 3 of seed 0."""
        return replicate_key(self.seed, self.fold)

    @property
    def is_shared(self) -> bool:
        """Whether it is another setting's run, which serves here too."""
        return self.folder != run_folder(self.setting, self.variant, self.seed, self.fold)

    @property
    def plan_file(self) -> Path:
        """Its own recipe, below the matrix folder."""
        file = f"{self.variant}-{_own_folder(self.seed, self.fold)}.yaml"
        return Path(".plan") / (self.setting or "") / file


def run_folder(setting: str | None, variant: str, seed: int, fold: int | None = None) -> Path:
    """Where a run lies below the matrix folder, unless it is shared."""
    return Path(setting or "") / variant / _own_folder(seed, fold)


def _own_folder(seed: int, fold: int | None) -> str:
    return f"seed{seed}" if fold is None else f"seed{seed}-fold{fold}"


def plan_runs(matrix: MatrixSection) -> list[PlannedRun]:
    """All runs of a matrix, setting by setting, each after what it starts from.

    None is shared yet: whether two settings come to the same is known of resolved recipes only.
    """
    settings: list[str | None] = [None] if matrix.settings is None else list(matrix.settings)
    omitted = matrix.omitted()
    runs = [
        run
        for setting in settings
        for run in _runs_of(
            matrix, setting, [one for one in matrix.variants if (setting, one) not in omitted]
        )
    ]
    pretrained = PlannedRun(PRETRAIN, matrix.seeds[0], _pretrain_folder(matrix))
    return [pretrained, *runs] if any(run.needs == pretrained.folder for run in runs) else runs


def _runs_of(
    matrix: MatrixSection, setting: str | None, variants: Sequence[str]
) -> list[PlannedRun]:
    """The runs of one setting.

    Args:
        variants: that are run in it.
    """
    pretrained = matrix.pretrain is not None and setting not in matrix.not_pretrained
    root = _pretrain_folder(matrix) if pretrained else None
    with_first = matrix.first is not None and set(variants) - set(matrix.from_scratch)
    replicates = [(seed, fold) for seed in matrix.seeds for fold in matrix.fold_numbers(setting)]
    firsts = {each: run_folder(setting, FIRST, *each) for each in replicates if with_first}
    runs = [
        PlannedRun(FIRST, seed, folder, root, setting, fold)
        for (seed, fold), folder in firsts.items()
    ]
    for seed, fold in replicates:
        for variant in variants:
            needs = None if variant in matrix.from_scratch else firsts.get((seed, fold), root)
            folder = run_folder(setting, variant, seed, fold)
            runs.append(PlannedRun(variant, seed, folder, needs, setting, fold))
    return runs


def _pretrain_folder(matrix: MatrixSection) -> Path:
    return run_folder(None, PRETRAIN, matrix.seeds[0])


def fragment_of(matrix: MatrixSection, variant: str) -> Mapping[str, Any]:
    """What `pretrain`, `first` or a variant lays over the recipe."""
    shared = {FIRST: matrix.first, PRETRAIN: matrix.pretrain}
    return matrix.variants.get(variant) or shared.get(variant) or {}


def run_document(
    document: Mapping[str, Any], matrix: MatrixSection, run: PlannedRun, *, name: str, root: Path
) -> dict[str, Any]:
    """The recipe of one run as a plain mapping.

    Args:
        document: the recipe; its key `matrix` is left out.
        name: of the recipe. root: the matrix folder.
    """
    laid: dict[str, Any] = {key: value for key, value in document.items() if key != "matrix"}
    if run.setting is not None:
        setting = (matrix.settings or {})[run.setting]
        if run.variant == FIRST:
            own, first = (placed(each, Place("")) for each in (setting, matrix.first))
            setting = plain(below_first(own, first, matrix))
        laid = lay_over(laid, setting)
    laid = lay_over(laid, fragment_of(matrix, run.variant))
    if run.fold is not None:
        laid = lay_over(
            lay_folds(laid, matrix, run.setting), {"data": {"split": {"fold": run.fold}}}
        )
    return laid | run_values(run, name=name, root=root)


def run_recipe(recipe: Recipe, run: PlannedRun, *, name: str, root: Path) -> Recipe:
    """The recipe of one run, from that of another run of its cell."""
    values = run_values(run, name=name, root=root)
    if run.fold is not None:
        split = recipe.data.split.model_copy(update={"fold": run.fold})
        values["data"] = recipe.data.model_copy(update={"split": split})
    return recipe.model_copy(update=values)


def run_values(run: PlannedRun, *, name: str, root: Path) -> dict[str, Any]:
    """What the plan says of a run's recipe but for its fold: seed, name, weights to start from."""
    setting = "" if run.setting is None else f"-{run.setting}"
    values: dict[str, Any] = {"seed": run.seed, "name": f"{name}{setting}-{run.variant}"}
    if run.needs is not None:
        values["init"] = str((root / run.needs).absolute())
    return values


def default_jobs(device: str, runs: int) -> int:
    """How many runs go side by side: one per core on a CPU, one at a time on a GPU."""
    if device != "cpu":
        return 1
    return max(1, min(available_cores(), runs))


def available_cores() -> int:
    """Cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def ready(
    waiting: Sequence[PlannedRun], done: set[Path], failed: set[Path]
) -> tuple[PlannedRun | None, list[PlannedRun]]:
    """The next run that can start, and those that never can because what they need failed."""
    hopeless = [run for run in waiting if run.needs in failed]
    for run in waiting:
        if run not in hopeless and (run.needs is None or run.needs in done):
            return run, hopeless
    return None, hopeless
