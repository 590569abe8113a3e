"""Whether the files are there that some runs of a matrix take from environment variables."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from ferkit.catalogue import Catalogue
from ferkit.errors import FerkitErrors
from ferkit.matrix_section import MatrixSection
from ferkit.recipe import LoadedRecipe, models_for, validate
from ferkit.recipe_absent import AbsentFiles
from ferkit.recipe_yaml import Place, placed
from ferkit.running.plan import plan_runs, run_document
from ferkit.sections import Recipe


def refuse_absent(
    loaded: LoadedRecipe, matrix: MatrixSection, wanted: Collection[Path], components: Catalogue
) -> None:
    """Refuse to begin where files of the runs that are wanted now are not there.

    Args:
        loaded: read with `parts`. matrix: of it. wanted: folders of runs.
    Raises: FerkitErrors: one for each variable, with how to get what it stands for.
    """
    assert loaded.absent is not None
    models = models_for(loaded.document, components)
    cells = {run.cell: run for run in plan_runs(matrix) if run.folder in wanted}
    for run in cells.values():
        document = run_document(loaded.document, matrix, run, name=loaded.name, root=Path())
        recipe = validate(document, catalogue=components, folder=loaded.folder, models=models)
        loaded.absent.look(recipe, placed(document, Place("")))
    _refuse(loaded.absent)


def refuse_absent_later(recipes: Iterable[Recipe], *, where: str) -> None:
    """The same for runs that were planned when the variables may not have been set.

    Args:
        recipes: of the runs. where: the matrix folder.
    Raises: FerkitErrors: one for each variable.
    """
    absent = AbsentFiles(placed({}, Place(where)))
    for recipe in recipes:
        absent.look(recipe)
    _refuse(absent)


def _refuse(absent: AbsentFiles) -> None:
    if errors := absent.errors():
        raise FerkitErrors(errors)
