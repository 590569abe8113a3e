"""The section `matrix.paper` of a recipe: published figures to stand beside ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import Field

from ferkit import suggest
from ferkit.recipe_wording import shown
from ferkit.recipe_yaml import Item, PlacedError, plain
from ferkit.section import Section


class PublishedCost(Section):
    """What a published network costs."""

    gflops: float = Field(gt=0, description="10^9 multiply-adds of one frame")
    parameters: float | None = Field(None, gt=0, description="10^6 parameters")


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
    rounds: dict[str, Any] = Field(
        default_factory=dict,
        description="of loops with rounds: setting -> variant -> list of percent, the first "
        "model's first, null where there is none; without settings variant -> list",
    )
    costs: dict[str, PublishedCost] = Field(
        {}, description="of models in `rows`, which are then drawn beside ours"
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

    def round_figures(self, setting: str | None, variant: str) -> list[float | None]:
        """The published figures of a variant's rounds as fractions; [] where there are none."""
        found = self.rounds if setting is None else self.rounds.get(setting) or {}
        return [_fraction(value) for value in found.get(variant) or ()]


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
    if not paper.cells and not paper.rows and not paper.rounds:
        what = "matrix.paper has neither cells nor rows nor rounds."
        return [PlacedError(what, given.place)]
    errors: list[PlacedError] = []
    of_variants = _Names("variant", ours)
    levels = [_Names("setting", conditions), of_variants] if conditions else [of_variants]
    if paper.cells:
        errors += _check(given.value["cells"], levels, "matrix.paper.cells")
    if paper.rounds:
        errors += _check(given.value["rounds"], levels, "matrix.paper.rounds", of_rounds=True)
    if paper.rows:
        rows: Item = given.value["rows"]
        for name in rows.value:
            if name in ours:
                what = f"matrix.paper.rows names {shown(name)}, which is a variant of ours."
                hint = "Give its figure in matrix.paper.cells."
                errors.append(PlacedError(what, rows.keys[name], hint=hint))
        levels = [_Names("model", None), *([_Names("setting", conditions)] if conditions else [])]
        errors += _check(rows, levels, "matrix.paper.rows")
    for name in paper.costs:
        if name not in paper.rows:
            what = (
                f"matrix.paper.costs names {shown(name)}, which is no model of matrix.paper.rows."
            )
            hint = suggest.hint(name, list(paper.rows), label="Models")
            place = given.value["costs"].keys[name]
            errors.append(PlacedError(what, place, hint=hint or None))
    return errors


class _Names(NamedTuple):
    """The keys of one level. known: None allows any."""

    sort: str
    known: list[str] | None


def _check(
    given: Item, levels: Sequence[_Names], called: str, *, of_rounds: bool = False
) -> list[PlacedError]:
    """What is wrong with figures that lie as many mappings deep as there are levels.

    Args:
        of_rounds: whether each is a list of them.
    """
    if not levels:
        return _check_rounds(given, called) if of_rounds else _check_figure(given, called)
    if not isinstance(given.value, Mapping):
        last = "list of percent" if of_rounds else "percent"
        depth = " -> ".join([*(level.sort for level in levels), last])
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
            errors += _check(child, deeper, f"{called}.{name}", of_rounds=of_rounds)
    return errors


def _check_figure(given: Item, called: str) -> list[PlacedError]:
    value = given.value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 0 <= value <= 100:
        return []
    what = f"{called} must be a number of percent, 0 to 100, not {shown(plain(given))}."
    return [PlacedError(what, given.place)]


def _check_rounds(given: Item, called: str) -> list[PlacedError]:
    if not isinstance(given.value, list) or not given.value:
        what = f"{called} must be a list of percent, a round each, not {shown(plain(given))}."
        return [PlacedError(what, given.place)]
    places = [(place, one) for place, one in enumerate(given.value) if one.value is not None]
    return [error for place, one in places for error in _check_figure(one, f"{called}.{place}")]
