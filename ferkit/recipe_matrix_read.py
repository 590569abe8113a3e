"""Reads the key `matrix` of a recipe: axes written out, every recipe of it validated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ferkit.errors import FerkitErrors
from ferkit.matrix_expanded import Expanded, expand
from ferkit.matrix_folds import unfit_folds
from ferkit.matrix_section import MatrixSection
from ferkit.recipe_matrix import FIRST, PRETRAIN, Variant, check_matrix, variants
from ferkit.recipe_yaml import Item, PlacedError, plain
from ferkit.sections import Recipe

Keep = Callable[[PlacedError], None]


class Validate(Protocol):
    """Validates one recipe; None where it has errors, which are kept, opened by `about`."""

    def __call__(self, document: Item, *, about: str) -> Recipe | None: ...


def read_matrix(
    matrix: MatrixSection, given: Item, rest: Item, *, validate: Validate, keep: Keep
) -> Expanded | None:
    """Write the axes of a matrix out and validate all its recipes, those that are alike once.

    Args:
        matrix: as validated. given: the same with places.
        rest: the recipe without it.
        keep: told of everything that is wrong.
    Returns: None where the axes can't be written out.
    """
    if matrix.settings == {} or ("variants" in given.value and not matrix.variants):
        return None  # which is told already
    try:
        expanded = expand(matrix, given)
    except FerkitErrors as several:
        for error in several.errors:
            assert isinstance(error, PlacedError)
            keep(error)
        return None
    except PlacedError as error:
        keep(error)
        return None
    for found in check_matrix(expanded.matrix, expanded.given):
        keep(found)
    _validate_all(rest, expanded, validate, keep)
    return expanded


def _validate_all(rest: Item, expanded: Expanded, validate: Validate, keep: Keep) -> None:
    seen: dict[tuple[str, str], Recipe | None] = {}
    texts: dict[str, dict[str, str]] = {}
    pretrained: Recipe | None = None
    firsts: dict[str | None, Recipe] = {}
    for one in variants(rest, expanded):
        text = repr(plain(one.document))
        key = one.variant, text  # the same values of another variant have other places
        if key not in seen:
            seen[key] = validate(one.document, about=f"{one.called}: ")
        recipe = seen[key]
        if one.variant == PRETRAIN:
            pretrained = recipe
            continue
        texts.setdefault(one.setting or "", {})[one.variant] = text
        if recipe is not None:
            _check_folds(one, recipe, pretrained, expanded, keep)
            if one.variant == FIRST:
                firsts[one.setting] = recipe
            _check_first(one, recipe, firsts.get(one.setting), expanded, keep)
    for axis in idle_axes(expanded.matrix.points, texts):
        keep(
            PlacedError(
                f"matrix.axes.{axis} changes no run: whatever it sets is replaced by every "
                "variant, or by another axis.",
                expanded.given.value["axes"].keys[axis],
                hint="Variants are laid over axes, and one that names another component replaces "
                "its parameters. Make the component an axis, or let the axis name it as well.",
            )
        )


def _check_folds(
    one: Variant, recipe: Recipe, pretrained: Recipe | None, expanded: Expanded, keep: Keep
) -> None:
    """What is wrong with one recipe where there are folds."""
    matrix, given = expanded.matrix, expanded.given
    if matrix.folds_of(one.setting) is None:
        return
    place = given.value["folds"].place
    if why := unfit_folds(matrix, recipe, one.setting):
        keep(PlacedError(f"{one.called}: {why}", place))
    starts = one.variant == FIRST or one.variant not in matrix.from_scratch
    if (
        pretrained is not None
        and starts
        and one.setting not in matrix.not_pretrained
        and pretrained.data.train == recipe.data.train
    ):
        keep(
            PlacedError(
                "matrix.pretrain is trained once for all folds, on the same data.train: it would "
                "have seen the samples that each fold is tested on.",
                given.keys["pretrain"],
                hint="Give it other data, or use matrix.first, which is trained for each fold.",
            )
        )


def _check_first(
    one: Variant, recipe: Recipe, first: Recipe | None, expanded: Expanded, keep: Keep
) -> None:
    """Refuse folds of a variant that are surely others than those of its first model."""
    matrix, given = expanded.matrix, expanded.given
    if first is None or one.variant in (FIRST, *matrix.from_scratch):
        return
    if matrix.folds_of(one.setting) is None or first.data.train != recipe.data.train:
        return
    before, split = first.data.split, recipe.data.split
    same_seed = before.seed == split.seed or split.folds == "subject"
    if before.folds != split.folds or not same_seed:
        key = "seed" if before.folds == split.folds else "folds"
        keep(
            PlacedError(
                f"matrix.first has another data.split.{key} than its variants, so that the first"
                " model of a fold is trained on samples that they are tested on in that fold.",
                given.keys[FIRST],
                hint="Set data.split outside of matrix, or in the setting, for both of them.",
            )
        )


def idle_axes(points: dict[str, dict[str, Any]], texts: dict[str, dict[str, str]]) -> list[str]:
    """Axes with several values of which no run depends on any.

    Args:
        points: setting -> axis -> value.
        texts: setting -> first and variants -> the recipe, written out.
    """
    axes = list(dict.fromkeys(axis for point in points.values() for axis in point))
    values = {
        axis: {repr(point[axis]) for point in points.values() if axis in point} for axis in axes
    }
    return [
        axis
        for axis in axes
        if axis != "setting" and len(values[axis]) > 1 and not _works(axis, points, texts)
    ]


def _works(axis: str, points: dict[str, dict[str, Any]], texts: dict[str, dict[str, str]]) -> bool:
    """Whether two combinations that differ in this axis alone have a run that differs."""
    of: dict[str, dict[str, str]] = {}
    compared = False
    for setting, point in points.items():
        others = repr({name: value for name, value in point.items() if name != axis})
        known = of.setdefault(others, {})
        for variant, text in texts.get(setting, {}).items():
            compared = compared or variant in known
            if known.setdefault(variant, text) != text:
                return True
    return not compared  # what is never compared can't be said to be idle
