"""How a sweep ends: the best trial is measured on test, or an error says why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferkit.errors import RunError
from ferkit.evaluation.sweep_summary import failures_in_words
from ferkit.recipe import read_recipe
from ferkit.running.folder import read_json, write_json
from ferkit.running.progress import Display
from ferkit.running.single import run_single
from ferkit.running.sweep_plan import SweepPlan
from ferkit.running.sweep_state import tested, write_best
from ferkit.running.sweep_study import Told


def measure_best(plan: SweepPlan, told: Told, display: Display) -> None:
    """Look at the test split: once, with the weights of the best trial.

    They are those of the checkpoint that its runs left, so nothing is trained again.
    """
    path = plan.root / "sweep.json"
    write_best(plan, told)
    state = read_json(path)
    if str(told.number) in state.get("tested", {}):
        return
    for seed in plan.sweep.seeds:
        folder = plan.run_folder(told.number, seed)
        loaded = read_recipe(str(folder / "recipe.yaml"), catalogue=plan.catalogue)
        run_single(
            loaded.recipe,
            folder=folder,
            recipe_folder=loaded.folder,
            catalogue=plan.catalogue,
            display=_WithoutWords(display),
            resume=True,
            smoke=plan.smoke,
            with_test=True,
        )
    state["tested"] = {**state.get("tested", {}), str(told.number): tested(plan, told.number)}
    write_json(path, state)


class _WithoutWords:
    """A display that does not repeat what was said of the data before."""

    def __init__(self, display: Display) -> None:
        self.begin, self.advance, self.end = display.begin, display.advance, display.end

    def say(self, text: str) -> None:
        pass


def nothing_found(plan: SweepPlan, state: Mapping[str, Any]) -> RunError:
    """Says why no trial came to a value.

    Args:
        state: of sweep.json.
    """
    why = failures_in_words(state) or "all were pruned"
    return RunError(
        f"none of {len(state['trials'])} trials came to a value: {why}.",
        where=str(plan.root),
        hint="Put right what fails, then begin anew in another folder.",
    )
