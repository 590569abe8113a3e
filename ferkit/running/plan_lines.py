"""What a matrix is going to do, in lines: its axes, how many runs, what of them is shared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ferkit.matrix_words import matrix_lines
from ferkit.running.plan import FIRST, PRETRAIN

if TYPE_CHECKING:
    from ferkit.running.matrix_plan import MatrixPlan
    from ferkit.sections import Recipe


def plan_lines(plan: MatrixPlan) -> Iterator[str]:
    """What there is to know of a plan before it runs, beside `MatrixPlan.sizes`."""
    yield from matrix_lines(plan.matrix)
    work = plan.work
    for variant, called in ((PRETRAIN, "pretrained models"), (FIRST, "first models")):
        made = [run for run in work if run.variant == variant]
        if made:
            folders = {run.folder for run in made}
            starting = sum(run.needs in folders for run in work)
            yield f"{called}: {len(made)}, from which {starting} runs start"
    data = {data_key(recipe) for recipe in plan.recipes.values()}
    noun = "set of faces is" if len(data) == 1 else "sets of faces are"
    yield f"data: {len(data)} {noun} prepared"


def data_key(recipe: Recipe) -> str:
    """What the prepared data of a recipe depend on; how they are divided changes nothing."""
    data = recipe.data
    return repr((data.train, data.unlabelled, data.test, recipe.faces))
