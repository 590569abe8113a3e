"""`matrix.folds`: which folds are run, and what the recipe must say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferkit.matrix_section import MatrixSection
from ferkit.recipe_merge import lay_over, merge
from ferkit.recipe_yaml import Item, PlacedError, placed
from ferkit.sections import Recipe

_KEY = "data.split.folds"


def check_folds(matrix: MatrixSection, given: Item) -> list[PlacedError]:
    """What is wrong with the numbers themselves."""
    if matrix.folds is None:
        return []
    what = ""
    if isinstance(matrix.folds, int):
        if matrix.folds < 2:
            what = f"matrix.folds must be at least 2, not {matrix.folds}."
    elif not matrix.folds:
        what = "matrix.folds is empty."
    elif len(set(matrix.folds)) < len(matrix.folds):
        what = "matrix.folds holds a fold twice."
    elif min(matrix.folds) < 0:
        what = "matrix.folds are numbers from 0."
    return [PlacedError(what, given.value["folds"].place)] if what else []


def of_how_many(matrix: MatrixSection, document: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the matrix lays over a recipe of it that leaves `data.split.folds` open.

    Args:
        document: the recipe, plain; it may be wrong.
    Returns: None where nothing is to be laid over.
    """
    if not isinstance(matrix.folds, int):
        return None
    within: Any = document
    for key in ("data", "split"):
        within = within.get(key) if isinstance(within, Mapping) else None
    if isinstance(within, Mapping) and within.get("folds") is not None:
        return None
    return {"data": {"split": {"folds": matrix.folds}}}


def with_folds(document: Item, matrix: MatrixSection, given: Item) -> Item:
    """A recipe of the matrix with the number of folds, where it leaves that open.

    Args:
        document: with places. given: `matrix`, with places.
    """
    split = _below(_below(document, "data"), "split")
    folds = _below(split, "folds")
    there = {"data": {"split": {"folds": folds.value if folds is not None else None}}}
    laid = of_how_many(matrix, there)
    if laid is None or not isinstance(document.value, dict):
        return document
    return merge(document, placed(laid, given.value["folds"].place))


def lay_folds(document: dict[str, Any], matrix: MatrixSection) -> dict[str, Any]:
    """As `with_folds`, of a plain recipe."""
    laid = of_how_many(matrix, document)
    return document if laid is None else lay_over(document, laid)


def unfit_folds(matrix: MatrixSection, recipe: Recipe) -> str:
    """Why the folds of a matrix are none of a recipe's; "" where they are."""
    folds = recipe.data.split.folds
    if matrix.folds is None or folds == "subject":
        return ""
    if folds is None:
        return f"matrix.folds names folds, and {_KEY} does not say how many there are."
    if isinstance(matrix.folds, int):
        if matrix.folds == folds:
            return ""
        return f"matrix.folds is {matrix.folds}, and {_KEY} is {folds}."
    highest = max(matrix.folds)
    if highest < folds:
        return ""
    return f"matrix.folds names fold {highest}; {_KEY} is {folds}, so the last one is {folds - 1}."


def _below(item: Item | None, key: str) -> Item | None:
    return item.value.get(key) if item is not None and isinstance(item.value, dict) else None
