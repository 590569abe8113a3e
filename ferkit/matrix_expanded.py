"""Writes the axes of a matrix out: a setting for each combination that is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field

from ferkit.errors import FerkitErrors
from ferkit.matrix_axes import SETTING, Axis, read_axes
from ferkit.matrix_product import Cells, Combination, add, leave_out, product_of
from ferkit.matrix_section import MatrixSection
from ferkit.recipe_merge import merge
from ferkit.recipe_yaml import Item, PlacedError, placed, plain

ONLY_VARIANT = "run"
"""What the variant of a matrix is called that names none."""


class ExpandedMatrix(MatrixSection):
    """A matrix with a setting for every combination of its axes; no key of recipes.

    `settings` holds all of them; `axes`, `exclude` and `include` stay as they were given.
    """

    points: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="setting -> axis -> the value that tables show"
    )
    left_out: tuple[tuple[str, str], ...] = Field(
        (), description="setting and variant of the combinations that are not run"
    )
    crossed: dict[str, dict[str, Any]] | None = Field(
        None, description="`settings` as it was given, where axes are written out"
    )

    def omitted(self) -> frozenset[tuple[str | None, str]]:
        """Setting and variant of what is not run."""
        return frozenset(self.left_out)

    def axis_values(self) -> Mapping[str, Mapping[str, Any]]:
        """Setting -> axis -> the value that tables show; {} without axes."""
        return self.points

    def as_given(self) -> MatrixSection:
        """The matrix as a recipe has it."""
        given = {name: getattr(self, name) for name in MatrixSection.model_fields}
        return MatrixSection.model_validate(given | {"settings": self.crossed})


@dataclass(frozen=True)
class Expanded:
    """A matrix written out.

    given: it with places, `settings` and `variants` as in `matrix`.
    """

    matrix: ExpandedMatrix
    given: Item


def expand(matrix: MatrixSection, given: Item) -> Expanded:
    """Write the axes of a matrix out as settings.

    Args:
        matrix: as validated; its settings have fit names.
        given: the same with places.
    Raises: FerkitErrors, PlacedError: what is wrong with axes, exclude or include.
    """
    given = _with_variants(matrix, given)
    variants = list(given.value["variants"].value)
    axes, outer = _axes(given), list(matrix.settings or ())
    if not axes and not outer:
        for key in ("exclude", "include"):
            if getattr(matrix, key):
                what = f"matrix.{key} has no meaning without matrix.axes or matrix.settings."
                raise PlacedError(what, given.keys[key])
    cells = product_of(axes, outer, variants, given)
    excluded = [
        leave_out(entry, cells, axes, outer, variants) for entry in _entries(given, "exclude")
    ]
    if matrix.include and not axes:
        what = "matrix.include has no meaning without matrix.axes."
        raise PlacedError(what, given.keys["include"])
    for entry in _entries(given, "include"):
        add(entry, cells, axes, outer, variants)
    if not any(kept for _, kept in cells.values()):
        what = "matrix.exclude leaves nothing to run."
        raise PlacedError(what, given.keys["exclude"])
    matrix = matrix.model_copy(update={"exclude": tuple(excluded)})
    return _written_out(matrix, given, axes, cells, variants)


def _with_variants(matrix: MatrixSection, given: Item) -> Item:
    """The matrix with its one variant written out, where it names none and may."""
    if "variants" in given.value:
        return given
    outer = matrix.axes is not None or matrix.settings is not None
    several = outer or matrix.folds is not None or len(matrix.seeds) > 1
    if not several:
        raise PlacedError(
            "matrix.variants is missing; only a matrix with axes, settings, folds or several "
            "seeds does without.",
            given.place,
        )
    one = placed({ONLY_VARIANT: {}}, given.place)
    return replace(given, value={**given.value, "variants": one})


def _axes(given: Item) -> list[Axis]:
    """Raises: FerkitErrors: what is wrong with them."""
    item = given.value.get("axes")
    if item is None or item.value is None:
        return []
    axes, errors = read_axes(item)
    if errors:
        raise FerkitErrors(errors)
    return axes


def _entries(given: Item, key: str) -> Iterator[Item]:
    """The entries of `exclude` or `include`.

    Raises: PlacedError: one is empty.
    """
    item = given.value.get(key)
    for entry in item.value or () if item is not None else ():
        if not entry.value:
            raise PlacedError(f"matrix.{key} has an empty entry.", entry.place)
        yield entry


def _written_out(
    matrix: MatrixSection,
    given: Item,
    axes: Sequence[Axis],
    cells: Cells,
    variants: Sequence[str],
) -> Expanded:
    """The matrix with a setting for each combination that is run."""
    run = {name: cell for name, cell in cells.items() if cell[1]}
    left_out = tuple(
        (name, one) for name, (_, kept) in run.items() for one in variants if one not in kept
    )
    content: dict[str, Any] = {name: getattr(matrix, name) for name in MatrixSection.model_fields}
    content |= {"left_out": left_out, "variants": plain(given.value["variants"])}
    value = dict(given.value)
    outer = given.value.get("settings")
    if axes:
        fragments = {name: _fragment(cell[0], axes, outer) for name, cell in run.items()}
        place = given.value["axes"].place
        value["settings"] = Item(fragments, place, {name: f.place for name, f in fragments.items()})
        content["crossed"] = matrix.settings
        content["points"] = {name: _point(cell[0], axes) for name, cell in run.items()}
        content["not_pretrained"] = _settings_meant(matrix.not_pretrained, run)
        if isinstance(matrix.folds, dict):
            content["folds"] = {
                each: folds
                for name, folds in matrix.folds.items()
                for each in _settings_meant([name], run)
            }
    elif outer is not None and outer.value is not None:
        kept = {name: outer.value[name] for name in run}
        value["settings"] = replace(outer, value=kept)
        content["crossed"] = matrix.settings
    if value.get("settings") is not None:
        content["settings"] = plain(value["settings"])
    return Expanded(ExpandedMatrix.model_validate(content), replace(given, value=value))


def _fragment(combination: Combination, axes: Sequence[Axis], outer: Item | None) -> Item:
    """What a combination lays over the recipe: the setting, then the axes of shorter keys first."""
    pairs = sorted(zip(axes, combination.values, strict=True), key=lambda pair: len(pair[0].keys))
    laid = Item({}, combination.values[-1].given.place)
    if combination.outer is not None and outer is not None:
        laid = merge(laid, outer.value[combination.outer])
    for axis, value in pairs:
        laid = merge(laid, axis.fragment(value))
    return replace(laid, place=combination.values[-1].given.place)


def _point(combination: Combination, axes: Sequence[Axis]) -> dict[str, Any]:
    outer = {} if combination.outer is None else {SETTING: combination.outer}
    values = zip(axes, combination.values, strict=True)
    return outer | {axis.name: value.shown for axis, value in values}


def _settings_meant(
    names: Sequence[str], cells: Mapping[str, tuple[Combination, list[str]]]
) -> list[str]:
    """Names of settings, where a crossed one stands for all its combinations."""
    found: list[str] = []
    for name in names:
        found += [each for each, (one, _) in cells.items() if one.outer == name] or [name]
    return found
