"""The section `matrix.paper` of a recipe: published figures to stand beside ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


Metric = Literal["accuracy", "mean_class_accuracy", "macro_f1"]

_CELLS = "setting -> variant -> percent; without settings variant -> percent"
_ROWS = (
    "published models without a run of ours: name -> setting -> percent; without settings name -> "
    "percent"
)


class FurtherFigures(Section):
    """Published figures of another metric of the same table."""

    cells: dict[str, Any] = Field(default_factory=dict, description=_CELLS)
    rows: dict[str, Any] = Field(default_factory=dict, description=_ROWS)


class PaperSection(Section):
    """Published figures beside ours: what the paper gives for runs of this matrix, and for models
    that the matrix has no run of."""

    source: str = Field(min_length=1, description="what is cited: 'Happy et al. 2019, Table I'")
    metric: Metric = Field(
        "accuracy", description="of the published figures; ours beside them is of the same"
    )
    cells: dict[str, Any] = Field(default_factory=dict, description=_CELLS)
    rows: dict[str, Any] = Field(default_factory=dict, description=_ROWS)
    further: dict[Metric, FurtherFigures] = Field(
        {}, description="other metric -> its figures, which get columns of their own"
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

    def figures(self, setting: str | None, metric: str | None = None) -> dict[str, float]:
        """The published figures of a setting: variant -> fraction.

        Args:
            metric: one of `further`; None: the paper's main one.
        """
        cells = self._of(metric).cells
        return _fractions(cells if setting is None else cells.get(setting) or {})

    def models(self, setting: str | None, metric: str | None = None) -> dict[str, float]:
        """The published models of a setting: name -> fraction. metric: as of `figures`."""
        rows = self._of(metric).rows
        return _fractions(
            rows if setting is None else {name: value.get(setting) for name, value in rows.items()}
        )

    def _of(self, metric: str | None) -> PaperSection | FurtherFigures:
        found = {str(name): one for name, one in self.further.items()}
        return self if metric is None else found[metric]

    def round_figures(self, setting: str | None, variant: str) -> list[float | None]:
        """The published figures of a variant's rounds as fractions; [] where there are none."""
        found = self.rounds if setting is None else self.rounds.get(setting) or {}
        return [_fraction(value) for value in found.get(variant) or ()]


def _fraction(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def _fractions(found: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value / 100 for name, value in found.items() if value is not None}


def check_paper(
    paper: PaperSection, given: Item, *, variants: Iterable[str], settings: Iterable[str]
) -> list[PlacedError]:
    """What is wrong with published figures: names, depth and values.

    Args:
        paper: as validated. given: the same with places.
        variants, settings: names of the matrix; no settings where it has none.
    """
    names = _Known(list(variants), list(settings))
    if not paper.cells and not paper.rows and not paper.rounds and not paper.further:
        what = "matrix.paper has neither cells nor rows nor rounds."
        return [PlacedError(what, given.place)]
    errors = _check_figures(paper, given, "matrix.paper", names)
    if paper.rounds:
        rounds: Item = given.value["rounds"]
        of_rounds = _check(rounds, names.levels, "matrix.paper.rounds", of_rounds=True)
        errors += of_rounds or _check_percent(rounds, "matrix.paper.rounds")
    for metric, figures in paper.further.items():
        place = given.value["further"].keys[metric]
        called = f"matrix.paper.further.{metric}"
        if metric == paper.metric:
            what = f"{called} is of the metric that matrix.paper.cells is of."
            hint = "Set matrix.paper.metric, or give one of them."
            errors.append(PlacedError(what, place, hint=hint))
        elif not figures.cells and not figures.rows:
            errors.append(PlacedError(f"{called} has neither cells nor rows.", place))
        errors += _check_figures(figures, given.value["further"].value[metric], called, names)
    for name in paper.costs:
        if name not in paper.rows:
            what = (
                f"matrix.paper.costs names {shown(name)}, which is no model of matrix.paper.rows."
            )
            hint = suggest.hint(name, list(paper.rows), label="Models")
            place = given.value["costs"].keys[name]
            errors.append(PlacedError(what, place, hint=hint or None))
    return errors


class _Known(NamedTuple):
    """Names of the matrix; no settings where it has none."""

    variants: list[str]
    settings: list[str]

    @property
    def levels(self) -> list[_Names]:
        """Of cells."""
        outer = [_Names("setting", self.settings)] if self.settings else []
        return [*outer, _Names("variant", self.variants)]


def _check_figures(
    figures: PaperSection | FurtherFigures, given: Item, called: str, names: _Known
) -> list[PlacedError]:
    """What is wrong with the cells and rows of one metric."""
    errors: list[PlacedError] = []
    if figures.cells:
        cells: Item = given.value["cells"]
        found = _check(cells, names.levels, f"{called}.cells")
        errors += found or _check_percent(cells, f"{called}.cells")
    if not figures.rows:
        return errors
    rows: Item = given.value["rows"]
    for name in rows.value:
        if name in names.variants:
            what = f"{called}.rows names {shown(name)}, which is a variant of ours."
            hint = f"Give its figure in {called}.cells."
            errors.append(PlacedError(what, rows.keys[name], hint=hint))
    outer = names.levels[:-1]
    found = _check(rows, [_Names("model", None), *outer], f"{called}.rows")
    return [*errors, *(found or _check_percent(rows, f"{called}.rows"))]


def _check_percent(given: Item, called: str) -> list[PlacedError]:
    """Refuse fractions, which would stand in tables as figures below 1 %."""
    highest = max(_numbers(plain(given)), default=0.0)
    if not 0 < highest <= 1:
        return []
    what = f"{called} must be in percent, and its highest figure is {highest:g}."
    hint = f"Write {100 * highest:g} instead of {highest:g}, and so on."
    return [PlacedError(what, given.place, hint=hint)]


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _numbers(one)
    elif isinstance(value, list):
        for one in value:
            yield from _numbers(one)
    elif value is not None:
        yield float(value)


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
