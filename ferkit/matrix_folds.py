"""`matrix.folds`: which folds are run, and what the recipe must say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit import suggest
from ferkit.matrix_axes import SETTING
from ferkit.matrix_section import MatrixSection
from ferkit.recipe_merge import lay_over, merge
from ferkit.recipe_yaml import Item, PlacedError, placed, plain
from ferkit.sections import Recipe

_KEY = "data.split.folds"


def check_folds(matrix: MatrixSection, given: Item) -> list[PlacedError]:
    """What is wrong with the numbers themselves."""
    if matrix.folds is None:
        return []
    item: Item = given.value["folds"]
    if not isinstance(matrix.folds, dict):
        what = _wrong_numbers(matrix.folds, "matrix.folds")
        return [PlacedError(what, item.place)] if what else []
    if not matrix.folds:
        return [PlacedError("matrix.folds is empty.", item.place)]
    errors = []
    points = matrix.axis_values().values()  # a setting crossed with axes stands for all of it
    known = [*(matrix.settings or ()), *(point.get(SETTING, "") for point in points)]
    for name, folds in item.value.items():
        if name not in known:
            what = f"matrix.folds names {name!r}, which is no setting."
            hint = suggest.hint(name, known, label="Settings")
            errors.append(PlacedError(what, item.keys[name], hint=hint or None))
        elif what := _wrong_numbers(plain(folds), f"matrix.folds.{name}"):
            errors.append(PlacedError(what, folds.place))
    return errors


def _wrong_numbers(folds: int | Sequence[int], called: str) -> str:
    """What is wrong with one number or list; "" if nothing is."""
    what = ""
    if isinstance(folds, int):
        if folds < 2:
            what = f"{called} must be at least 2, not {folds}."
    elif not folds:
        what = f"{called} is empty."
    elif len(set(folds)) < len(folds):
        what = f"{called} holds a fold twice."
    elif min(folds) < 0:
        what = f"{called} are numbers from 0."
    return what


def of_how_many(
    matrix: MatrixSection, document: Mapping[str, Any], setting: str | None
) -> dict[str, Any] | None:
    """What the matrix lays over a recipe of it that leaves `data.split.folds` open.

    Args:
        document: the recipe, plain; it may be wrong. setting: that it is of.
    Returns: None where nothing is to be laid over.
    """
    folds = matrix.folds_of(setting)
    if not isinstance(folds, int):
        return None
    within: Any = document
    for key in ("data", "split"):
        within = within.get(key) if isinstance(within, Mapping) else None
    if isinstance(within, Mapping) and within.get("folds") is not None:
        return None
    return {"data": {"split": {"folds": folds}}}


def with_folds(document: Item, matrix: MatrixSection, given: Item, setting: str | None) -> Item:
    """A recipe of the matrix with the number of folds, where it leaves that open.

    Args:
        document: with places. given: `matrix`, with places. setting: that the recipe is of.
    """
    split = _below(_below(document, "data"), "split")
    folds = _below(split, "folds")
    there = {"data": {"split": {"folds": folds.value if folds is not None else None}}}
    laid = of_how_many(matrix, there, setting)
    if laid is None or not isinstance(document.value, dict):
        return document
    return merge(document, placed(laid, given.value["folds"].place))


def lay_folds(
    document: dict[str, Any], matrix: MatrixSection, setting: str | None
) -> dict[str, Any]:
    """As `with_folds`, of a plain recipe."""
    laid = of_how_many(matrix, document, setting)
    return document if laid is None else lay_over(document, laid)


def unfit_folds(matrix: MatrixSection, recipe: Recipe, setting: str | None) -> str:
    """Why the folds of a matrix are none of a recipe's; "" where they are."""
    folds, wanted = recipe.data.split.folds, matrix.folds_of(setting)
    called = f"matrix.folds.{setting}" if isinstance(matrix.folds, dict) else "matrix.folds"
    if wanted is not None and recipe.data.split.fold > 0:
        fold = f"data.split.fold is {recipe.data.split.fold}"
        return f"{called} says which folds are run, and {fold}; leave that out."
    if wanted is None or folds == "subject":
        return ""
    if folds is None:
        return f"{called} names folds, and {_KEY} does not say how many there are."
    if isinstance(wanted, int):
        return "" if wanted == folds else f"{called} is {wanted}, and {_KEY} is {folds}."
    highest = max(wanted)
    if highest < folds:
        return ""
    return f"{called} names fold {highest}; {_KEY} is {folds}, so the last one is {folds - 1}."


def _below(item: Item | None, key: str) -> Item | None:
    return item.value.get(key) if item is not None and isinstance(item.value, dict) else None
