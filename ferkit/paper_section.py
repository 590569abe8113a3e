"""The section `matrix.paper` of a recipe: published figures to stand beside ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import Field

from ferkit import suggest
from ferkit.recipe_wording import shown
from ferkit.recipe_yaml import Item, PlacedError, plain
from ferkit.section import Section


class PaperSection(Section):
    """Published figures beside ours: what the paper gives for runs of this matrix, and for models
    that the matrix has no run of."""

    source: str = Field(min_length=1, description="what is cited: 'Happy et al. 2019, Table I'")
    metric: Literal["accuracy", "mean_class_accuracy", "macro_f1"] = Field(
        "accuracy", description="of the published figures; ours beside them is of the same"
    )
    cells: dict[str, Any] = Field(
        default_factory=dict,
        description="setting -> variant -> percent; without settings variant -> percent",
    )
    rows: dict[str, Any] = Field(
        default_factory=dict,
        description="published models without a run of ours: name -> setting -> percent; without "
        "settings name -> percent",
    )
    comparable: bool = Field(
        True,
        description="false: our data are others, so that differences say nothing; tables say so",
    )
    note: str = Field("", description="a sentence for the tables, such as why not comparable")

    def figure(self, setting: str | None, variant: str) -> float | None:
        """The published figure of a cell as a fraction; None where there is none."""
        found = self.cells if setting is None else self.cells.get(setting) or {}
        return _fraction(found.get(variant))

    def models(self, setting: str | None) -> dict[str, float]:
        """The published models of a setting: name -> fraction."""
        found = {
            name: _fraction(value if setting is None else value.get(setting))
            for name, value in self.rows.items()
        }
        return {name: value for name, value in found.items() if value is not None}


def _fraction(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def check_paper(
    paper: PaperSection, given: Item, *, variants: Iterable[str], settings: Iterable[str]
) -> list[PlacedError]:
    """What is wrong with published figures: names, depth and values.

    Args:
        paper: as validated. given: the same with places.
        variants, settings: names of the matrix; no settings where it has none.
    """
    ours, conditions = list(variants), list(settings)
    if not paper.cells and not paper.rows:
        return [PlacedError("matrix.paper has neither cells nor rows.", given.place)]
    errors: list[PlacedError] = []
    if paper.cells:
        of_variants = _Names("variant", ours)
        levels = [_Names("setting", conditions), of_variants] if conditions else [of_variants]
        errors += _check(given.value["cells"], levels, "matrix.paper.cells")
    if paper.rows:
        rows: Item = given.value["rows"]
        for name in rows.value:
            if name in ours:
                what = f"matrix.paper.rows names {shown(name)}, which is a variant of ours."
                hint = "Give its figure in matrix.paper.cells."
                errors.append(PlacedError(what, rows.keys[name], hint=hint))
        levels = [_Names("model", None), *([_Names("setting", conditions)] if conditions else [])]
        errors += _check(rows, levels, "matrix.paper.rows")
    return errors


class _Names(NamedTuple):
    """The keys of one level. known: None allows any."""

    sort: str
    known: list[str] | None


def _check(given: Item, levels: Sequence[_Names], called: str) -> list[PlacedError]:
    """What is wrong with figures that lie as many mappings deep as there are levels."""
    if not levels:
        value = given.value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and 0 <= value <= 100:
            return []
        what = f"{called} must be a number of percent, 0 to 100, not {shown(plain(given))}."
        return [PlacedError(what, given.place)]
    if not isinstance(given.value, Mapping):
        depth = " -> ".join([*(level.sort for level in levels), "percent"])
        what = f"{called} must be a mapping, {depth}, not {shown(plain(given))}."
        return [PlacedError(what, given.place)]
    (sort, known), *deeper = levels
    errors = []
    for name, child in given.value.items():
        if known is not None and name not in known:
            hint = suggest.hint(name, known, label=f"{sort.capitalize()}s")
            what = f"{called} names {shown(name)}, which is no {sort}."
            errors.append(PlacedError(what, given.keys[name], hint=hint or None))
        else:
            errors += _check(child, deeper, f"{called}.{name}")
    return errors
