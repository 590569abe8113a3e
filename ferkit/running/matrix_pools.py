"""What the runs of a matrix say of its folds: all of them together, and how large they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ferkit.evaluation.pooled import HeldOut, Pooled, pool, read_held_out
from ferkit.evaluation.protocol import fold_count
from ferkit.evaluation.wording import is_number

if TYPE_CHECKING:
    from pathlib import Path

    from ferkit.running.matrix_plan import MatrixPlan
    from ferkit.running.matrix_state import Finished
    from ferkit.running.plan import Cell, PlannedRun
    from ferkit.sections import Recipe


def pools_of(plan: MatrixPlan, finished: Sequence[Finished]) -> dict[Cell, Pooled]:
    """The test samples of all folds together, of each setting and variant with folds."""
    planned: dict[Cell, dict[str, PlannedRun]] = {}
    for run in plan.runs:
        if run.fold is not None and run.variant in plan.matrix.variants:
            planned.setdefault(run.cell, {})[run.replicate] = run
    done: dict[Cell, dict[str, Finished]] = {}
    for one in finished:
        done.setdefault(one.run.cell, {})[one.run.replicate] = one
    of_folder = _recipes(plan)
    read: dict[Path, HeldOut | None] = {}
    found = {}
    for cell, runs in planned.items():
        ended = done.get(cell, {})
        if not ended or len({run.fold for run in runs.values()}) < 2:
            continue
        for one in ended.values():
            if one.run.folder not in read:
                path = plan.root / one.run.folder / "predictions.parquet"
                read[one.run.folder] = read_held_out(path)
        recipe = of_folder[next(iter(runs.values())).folder]
        found[cell] = pool(
            {key: read[one.run.folder] for key, one in ended.items()},
            list(runs),
            bootstrap=recipe.evaluation.bootstrap,
            bins=recipe.evaluation.bins,
            of_folds=fold_count(next(iter(ended.values())).about),
        )
    return found


def leaves_subjects_out(plan: MatrixPlan, setting: str | None) -> bool:
    """Whether each fold of a setting is a subject, in all its variants."""
    recipes = [recipe for recipe, _ in _of_setting(plan, setting)]
    return bool(recipes) and all(recipe.data.split.folds == "subject" for recipe in recipes)


def shares_tested(
    plan: MatrixPlan, finished: Sequence[Finished], setting: str | None
) -> dict[str, float]:
    """Variant -> samples that a fold tests by those that its run is trained on, where known.

    They are counted in the runs. Where these do not say (folders of an older ferkit), it is 1/(k -
    1) of the k folds that the recipe asks for.
    """
    found: dict[str, list[float]] = {}
    for one in finished:
        ratio = _share_tested(one.about)
        if one.run.setting == setting and one.run.fold is not None and ratio is not None:
            found.setdefault(one.run.variant, []).append(ratio)
    asked = {
        run.variant: 1 / (folds - 1)
        for recipe, run in _of_setting(plan, setting)
        if run.fold is not None and isinstance(folds := recipe.data.split.folds, int)
    }
    return asked | {name: sum(ratios) / len(ratios) for name, ratios in found.items()}


def _share_tested(about: Mapping[str, Any]) -> float | None:
    """The same of a run, from its run.json."""
    splits: Any = (about.get("data") or {}).get("splits") or {}
    test, trained = ((splits.get(name) or {}).get("n") for name in ("test", "labelled"))
    return test / trained if is_number(test) and is_number(trained) and test and trained else None


def _of_setting(plan: MatrixPlan, setting: str | None) -> list[tuple[Recipe, PlannedRun]]:
    """The recipe of each variant of a setting, with a run of it."""
    of_folder = _recipes(plan)
    runs = {
        run.variant: run
        for run in plan.runs
        if run.setting == setting and run.variant in plan.matrix.variants
    }
    return [(of_folder[run.folder], run) for run in runs.values()]


def _recipes(plan: MatrixPlan) -> dict[Path, Recipe]:
    """Folder of a run, which settings may share, -> its recipe but for seed and fold."""
    return {run.folder: plan.recipes[run.cell] for run in plan.runs if not run.is_shared}
