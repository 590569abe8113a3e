"""`matrix.axes` as it was given: what each axis changes, its values and their short names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferkit import suggest
from ferkit.recipe_wording import shown
from ferkit.recipe_yaml import Item, Place, PlacedError, plain
from ferkit.sections import Recipe

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""What a folder's name may be."""

RESERVED = {
    "matrix": "{} has no matrix of its own.",
    "sweep": "{} has no sweep.",
    "seed": "matrix.seeds gives the seeds.",
    "name": "{} is called by its key.",
    "schema_version": "it belongs to the whole recipe.",
}
"""Keys of a recipe that no part of a matrix may give -> why."""

SETTING, VARIANT = "setting", "variant"
"""What `exclude` and `include` call a setting and a variant; no axis may be called so."""


@dataclass(frozen=True)
class Value:
    """A value of an axis.

    short: its part of folder names. shown: what tables show, a scalar. given: with its place; of
    an axis of fragments the fragment.
    """

    short: str
    shown: Any
    given: Item

    def is_meant(self, wanted: Any) -> bool:
        """Whether `exclude` or `include` means it: by short name, as shown, or written out."""
        if isinstance(wanted, Mapping):
            return bool(wanted == plain(self.given))
        if _same(wanted, self.shown) or _same(wanted, self.given.value):
            return True
        return not isinstance(wanted, bool) and str(wanted) == self.short


@dataclass(frozen=True)
class Axis:
    """One axis.

    keys: that lead to what it changes; () where its values are fragments of a recipe.
    place: of its name. values: at least one, short names all different.
    """

    name: str
    keys: tuple[str, ...]
    place: Place
    values: tuple[Value, ...]

    def fragment(self, value: Value) -> Item:
        """What a value lays over the recipe."""
        item = value.given
        for key in reversed(self.keys):
            item = Item({key: item}, self.place, {key: self.place})
        return item

    def find(self, wanted: Any) -> Value | None:
        """The value that `exclude` or `include` means."""
        return next((value for value in self.values if value.is_meant(wanted)), None)

    def words(self) -> list[str]:
        """Its values, as messages and listings show them."""
        return [spoken(value.shown) for value in self.values]


def read_axes(given: Item) -> tuple[list[Axis], list[PlacedError]]:
    """All axes that can be read, and what is wrong with the others; null stands for no axis.

    Args:
        given: `matrix.axes`, of the right types.
    """
    if not given.value:
        return [], [PlacedError("matrix.axes is empty.", given.place)]
    axes, errors = [], []
    for name, values in given.value.items():
        if values.value is None:
            continue
        place = given.keys[name]
        try:
            axes.append(read_axis(name, values, place))
        except PlacedError as error:
            errors.append(error)
    return axes, errors


def read_axis(name: str, given: Item, place: Place) -> Axis:
    """Read one axis.

    A name whose first part is a key of recipes is the dotted key that the values go to; any other
    name is free, and its values are fragments of a recipe by short names.

    Args:
        given: a list, or a mapping from short names. place: of the name.
    Raises: PlacedError: the first thing that is wrong with it.
    """
    called = f"matrix.axes.{name}"
    keys = tuple(name.split("."))
    if name in (SETTING, VARIANT):
        raise PlacedError(f"no axis can be called {name!r}: the matrix has it already.", place)
    if keys[0] in RESERVED:
        why = RESERVED[keys[0]].format("a combination")
        raise PlacedError(f"{called} can't be an axis: {why}", place)
    if not all(keys):
        raise PlacedError(f"{called} has an empty part between its dots.", place)
    if not isinstance(given.value, list | dict):
        wish = "a list of values, or a mapping from short names to values"
        raise PlacedError(f"{called} must be {wish}, not {shown(given.value)}.", given.place)
    if not given.value:
        raise PlacedError(f"{called} has no values.", given.place)
    if keys[0] not in Recipe.model_fields:
        return Axis(name, (), place, _fragments(name, given, place))
    if isinstance(given.value, list):
        values = [listed(item, keys[-1], called) for item in given.value]
    else:
        values = list(_named(given, called))
    _refuse_twins(values, called)
    return Axis(name, keys, place, tuple(values))


def listed(item: Item, key: str, called: str) -> Value:
    """A value without a short name of its own, which is made from it.

    Args:
        key: the last part of the axis' key. called: how messages call the axis.
    Raises: PlacedError: none can be made.
    """
    value = plain(item)
    if isinstance(value, Mapping) and isinstance(value.get("use"), str):
        value = value["use"]
    if value is None:
        short = f"no_{key}"
    elif isinstance(value, bool):
        short = f"{key}_{'true' if value else 'false'}"
    elif isinstance(value, int | float):
        short = f"{key}{value}".replace("+", "")
    elif isinstance(value, str):
        value = short = _slug(value.rstrip("/\\").replace("\\", "/").rpartition("/")[2])
    else:
        short = ""
    if not NAME.fullmatch(short):
        raise PlacedError(
            f"{called}: no short name can be made from {shown(value)}.",
            item.place,
            hint="Write the axis as a mapping from short names to values.",
        )
    return Value(short, value, item)


def _named(given: Item, called: str) -> Iterator[Value]:
    """The values of a mapping from short names."""
    for short, item in given.value.items():
        place = given.keys[short]
        if short == "use" and isinstance(item.value, str):
            raise PlacedError(
                f"{called} has the values of one component where several values are wanted.",
                place,
                hint=f"Write a list: [{{use: {item.value}, ...}}, ...], or give each a short name.",
            )
        if not NAME.fullmatch(short):
            raise PlacedError(
                f"{called}: {shown(short)} can't be a short name: it is a part of a folder's name, "
                "of letters, digits, '.', '_' and '-', and begins with a letter or digit.",
                place,
            )
        yield Value(short, short, item)


def _fragments(name: str, given: Item, place: Place) -> tuple[Value, ...]:
    """The values of an axis with a free name."""
    called = f"matrix.axes.{name}"
    values = [] if isinstance(given.value, list) else list(_named(given, called))
    if not values or not all(isinstance(value.given.value, dict) for value in values):
        first = name.partition(".")[0]
        meant = suggest.nearest(first, Recipe.model_fields)
        raise PlacedError(
            f"{called} begins with no key of a recipe, so its values must be fragments of one, by "
            "short names.",
            place,
            hint=f"Did you mean {meant!r}?"
            if meant
            else f"For example {name}: {{low: {{model: {{dropout: 0.1}}}}, high: {{...}}}}.",
        )
    for value in values:
        for key in RESERVED.keys() & value.given.value.keys():
            what = f"unknown key {key!r} in {called}.{value.short}: "
            why = RESERVED[key].format("a combination")
            raise PlacedError(what + why, value.given.keys[key])
    _refuse_twins(values, called)
    return tuple(values)


def _refuse_twins(values: Sequence[Value], called: str) -> None:
    """Raises: PlacedError: two values have the same short name; some disks do not tell case."""
    seen: dict[str, Value] = {}
    for value in values:
        other = seen.setdefault(value.short.lower(), value)
        if other is not value:
            raise PlacedError(
                f"{called}: two values would both be called {value.short!r} in names of folders.",
                value.given.place,
                hint="Write the axis as a mapping from short names to values.",
            )


def _slug(text: str) -> str:
    """A text as a part of a folder's name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("_")


def spoken(value: Any) -> str:
    """A scalar as YAML has it."""
    return value if isinstance(value, str) else shown(value)


def _same(one: Any, other: Any) -> bool:
    """Equal, where true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
