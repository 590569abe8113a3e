"""The key `sweep` of a recipe: what it must keep to, and the recipes that its values make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ferkit import suggest
from ferkit.errors import FerkitError
from ferkit.recipe_errors import explain
from ferkit.recipe_settings import lay_at
from ferkit.recipe_wording import shown
from ferkit.recipe_yaml import Item, Place, PlacedError, placed, plain
from ferkit.sweep_section import ChoicesSection, RangeSection, SweepSection
from ferkit.sweep_space import Range, dimension, name_of

_DROPS = "it decides which samples show a face, and trials on other samples can't be compared"

_REFUSED = {
    "schema_version": "it belongs to the whole recipe",
    "name": "trials are named by their numbers",
    "seed": "sweep.seeds gives the seeds",
    "data.split": "trials on other validation samples can't be compared",
    "data.train": "the validation samples come from it, and trials on others can't be compared",
    "data.test": "the test split is not looked at",
    "data.classes": "trials on other classes can't be compared",
    "data.noise": "trials on other validation labels can't be compared",
    "data.selection": "trials on other validation samples can't be compared",
    "data.reported": "trials on other validation samples can't be compared",
    "data.transductive": "the test split is not looked at",
    "data.unlabelled": "it may hold test samples, and images alike to it move between the splits",
    "faces.detector": _DROPS,
    "faces.keep": _DROPS,
    "faces.min_score": _DROPS,
    "faces.reader": _DROPS,
    "faces.sampling": _DROPS,
    "faces.tracking": _DROPS,
    "evaluation": "it changes what is measured and not what is trained",
    "matrix": "a sweep has no matrix",
    "sweep": "a sweep can't search itself",
}
"""Keys that trials must have in common, with what lies below them and around them."""


@dataclass(frozen=True)
class Tried:
    """The recipe with one value of a sweep laid over it. called: for messages."""

    called: str
    document: Item


def check_sweep(sweep: SweepSection, given: Item) -> list[PlacedError]:
    """What is wrong with a sweep beyond the types of its values, but for the recipes it makes.

    Args:
        sweep: as validated. given: the same with places.
    """
    space: Item = given.value["space"]
    if not sweep.space:
        hint = "For example: training.optimiser.lr: {low: 1.0e-5, high: 1.0e-2, log: true}."
        return [PlacedError("sweep.space is empty.", space.place, hint=hint)]
    errors = []
    for key, item in space.value.items():
        place = space.keys[key]
        errors += _check_key(key, space, place)
        errors += _check_dimension(key, item, place, is_grid=sweep.sampler == "grid")
        errors += _check_pruning(key, sweep, place)
    if len(set(sweep.seeds)) < len(sweep.seeds):
        errors.append(PlacedError("sweep.seeds holds a seed twice.", given.value["seeds"].place))
    if min(sweep.seeds) < 0:
        errors.append(PlacedError("sweep.seeds must be at least 0.", given.value["seeds"].place))
    return errors


def tried(rest: Item, given: Item, keep: Callable[[PlacedError], None]) -> Iterator[Tried]:
    """The recipes with each choice, and with each end of a range, laid over one at a time.

    Args:
        rest: the recipe without its key `sweep`.
        given: the value of that key; checked.
        keep: told of keys that lead nowhere.
    """
    space: Item = given.value["space"]
    for key, item in space.value.items():
        place = space.keys[key]
        try:
            documents = [lay_at(rest, key, value, place=place) for value in _ends(item)]
        except FerkitError as error:
            keep(PlacedError(f"sweep.space.{key}: {error.what}", place, hint=error.hint))
            continue
        for document in documents:
            yield Tried(f"sweep.space.{key}", document)


def lay_drawn(document: Item, drawn: Mapping[str, Any]) -> Item:
    """A recipe with values of a sweep laid over it.

    Args:
        document: without its key `sweep`. drawn: key -> plain value, of `Dimension.value`.
    """
    nowhere = Place("sweep")
    for key, value in drawn.items():
        document = lay_at(document, key, placed(value, nowhere), place=nowhere)
    return document


def _check_key(key: str, space: Item, place: Place) -> list[PlacedError]:
    parts = key.split(".")
    if not all(parts):
        return [PlacedError(f"sweep.space: {shown(key)} is no key of a recipe.", place)]
    for refused, why in _REFUSED.items():
        if _is_within(parts, refused.split(".")) or _is_within(refused.split("."), parts):
            return [PlacedError(f"sweep.space can't hold {key!r}: {why}.", place)]
    around = [
        other for other in space.value if other != key and _is_within(parts, other.split("."))
    ]
    if around:
        what = f"sweep.space holds {key!r} and {around[0]!r}, of which one lies within the other."
        return [PlacedError(what, place, hint="Put both into choices of one key.")]
    return []


def _is_within(parts: list[str], outer: list[str]) -> bool:
    return parts[: len(outer)] == outer


def _check_pruning(key: str, sweep: SweepSection, place: Place) -> list[PlacedError]:
    """Refuse to prune by a loss that the searched value itself moves."""
    targets = ["labelled", "label_updates"]
    parts = key.split(".")
    moved = _is_within(parts, targets) or _is_within(targets, parts)
    if not moved or sweep.metric != "loss" or sweep.pruning.by == "none":
        return []
    what = (
        f"sweep.space holds {key!r}, which changes the targets that the validation loss of an "
        "epoch is against, so trials can't be pruned by that loss."
    )
    hint = "Set sweep.metric to accuracy, or sweep.pruning to none."
    return [PlacedError(what, place, hint=hint)]


def _check_dimension(key: str, item: Item, place: Place, *, is_grid: bool) -> list[PlacedError]:
    """What is wrong with a range or choices."""
    prefix = f"sweep.space.{key}."
    if isinstance(item.value, list):
        return _check_choices(key, item)
    if not isinstance(item.value, dict):
        what = (
            f"{prefix[:-1]} must be a range (low and high) or a list of choices, not "
            f"{shown(item.value)}."
        )
        return [PlacedError(what, item.place)]
    if "choices" not in item.value and not {"low", "high"} & set(item.value):
        close = suggest.nearest(next(iter(item.value), ""), ["low", "high", "choices"])
        what = f"{prefix[:-1]} has neither low and high nor choices."
        return [PlacedError(what, place, hint=f"Did you mean {close!r}?" if close else None)]
    model = ChoicesSection if "choices" in item.value else RangeSection
    try:
        found = dimension(plain(item))
    except ValidationError as error:
        return explain(error.errors(include_url=False), item, model, prefix=prefix)
    if isinstance(found, Range):
        return _check_range(prefix[:-1], found, item, is_grid=is_grid)
    return _check_choices(key, item.value["choices"])


def _check_range(key: str, found: Range, item: Item, *, is_grid: bool) -> list[PlacedError]:
    given: dict[str, Item] = item.value
    errors = []
    if found.low >= found.high:
        low, high = shown(given["low"].value), shown(given["high"].value)
        what = f"{key}: low must be less than high; they are {low} and {high}."
        errors.append(PlacedError(what, given["low"].place))
    if found.log and found.low <= 0:
        what = f"{key}: low must be greater than 0 with log, not {shown(given['low'].value)}."
        errors.append(PlacedError(what, given["low"].place))
    if found.log and found.step is not None:
        errors.append(PlacedError(f"{key}: log and step exclude each other.", given["step"].place))
    if is_grid and found.step is None:
        what = f"{key}: a grid can't hold every number of a range."
        hint = "Give step, or list the values: [1.0e-4, 1.0e-3]."
        errors.append(PlacedError(what, item.place, hint=hint))
    return errors


def _check_choices(key: str, choices: Item) -> list[PlacedError]:
    errors = []
    if not choices.value:
        errors.append(PlacedError(f"sweep.space.{key}: there are no choices.", choices.place))
    names: set[str] = set()
    for item in choices.value if isinstance(choices.value, list) else ():
        name = name_of(plain(item))
        if name in names:
            what = f"sweep.space.{key}: there are two choices {name!r}."
            hint = "Name them: choices: {one: ..., other: ...}."
            errors.append(PlacedError(what, item.place, hint=hint))
        names.add(name)
    return errors


def _ends(item: Item) -> list[Item]:
    """The values of a dimension that must make a right recipe: all choices, or both ends."""
    if isinstance(item.value, dict) and "choices" not in item.value:
        found = dimension(plain(item))
        assert isinstance(found, Range)
        return [
            Item(found.number(found.low), item.value["low"].place),
            Item(found.number(found.top), item.value["high"].place),
        ]
    choices = item if isinstance(item.value, list) else item.value["choices"]
    return list(choices.value.values() if isinstance(choices.value, dict) else choices.value)
