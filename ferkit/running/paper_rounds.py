"""Refuses published figures of rounds where no rounds will be measured to stand beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from ferkit.catalogue import Catalogue
from ferkit.contracts.training import SSLLoop
from ferkit.errors import FerkitError
from ferkit.matrix_section import MatrixSection
from ferkit.plugin import Context, Kind
from ferkit.running.plan import Cell
from ferkit.sections import Recipe


def refuse_idle_rounds(
    matrix: MatrixSection, recipes: Mapping[Cell, Recipe], components: Catalogue
) -> None:
    """See to it that every variant of `matrix.paper.rounds` has rounds.

    Args:
        recipes: of each setting and variant that is run.
    Raises: FerkitError: a loop has none, or the recipe does not measure them.
    """
    for setting, variant in _named(matrix):
        recipe = recipes.get((setting, variant))
        if recipe is None:  # left out by matrix.exclude
            continue
        where = ".".join(["matrix.paper.rounds", *([setting] if setting else []), variant])
        if not recipe.evaluation.rounds:
            raise FerkitError(
                "gives figures of rounds, and evaluation.rounds is false, so none are measured.",
                where=where,
                hint="Set evaluation.rounds: true, or give the last figure in matrix.paper.cells.",
            )
        context = Context(seed=recipe.seed, device="cpu")
        loop = cast(SSLLoop, components.build(Kind.SSL_LOOP, recipe.loop, context))
        if sum(phase.score is not None for phase in loop.phases()) < 2:
            name = getattr(recipe.loop, "use", type(loop).__name__)
            raise FerkitError(
                f"gives figures of rounds, and the loop {name!r} of this variant has none.",
                where=where,
                hint="Give its figure in matrix.paper.cells.",
            )


def _named(matrix: MatrixSection) -> Iterator[Cell]:
    """The settings and variants that have published figures of rounds."""
    rounds = matrix.paper.rounds if matrix.paper is not None else {}
    if matrix.settings is None:
        yield from ((None, variant) for variant in rounds)
        return
    for setting, variants in rounds.items():
        yield from ((setting, variant) for variant in variants)
