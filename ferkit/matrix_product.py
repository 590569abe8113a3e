"""The combinations of a matrix: the product of its axes, what is left out and what is added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from ferkit import suggest
from ferkit.matrix_axes import SETTING, VARIANT, Axis, Value, listed
from ferkit.recipe_wording import shown
from ferkit.recipe_yaml import Item, Place, PlacedError, plain

MOST = 10_000
"""Combinations a matrix may have."""

_LONGEST = 150
"""Characters of a folder's name; below the limits of all file systems, with room for `name`."""


@dataclass(frozen=True)
class Combination:
    """A value of each axis. outer: the setting crossed with it, or None."""

    outer: str | None
    values: tuple[Value, ...]

    @property
    def name(self) -> str:
        outer = [] if self.outer is None else [self.outer]
        return "-".join([*outer, *(value.short for value in self.values)])


Cells = dict[str, tuple[Combination, list[str]]]
"""Name of a combination -> it and the variants that are run in it."""


def product_of(
    axes: Sequence[Axis], outer: Sequence[str], variants: Sequence[str], given: Item
) -> Cells:
    """Every value of every axis with every other and every setting; {"": ...} without any."""
    if not axes:
        return {name: (Combination(name, ()), list(variants)) for name in outer} or {
            "": (Combination(None, ()), list(variants))
        }
    place = given.keys["axes"]
    number = prod(len(axis.values) for axis in axes) * max(1, len(outer))
    if number > MOST:
        what = f"matrix.axes come to {number} combinations; there may be at most {MOST}."
        raise PlacedError(what, place)
    cells: Cells = {}
    settings: Sequence[str | None] = outer or (None,)
    for setting in settings:
        for values in product(*(axis.values for axis in axes)):
            _put(cells, Combination(setting, values), variants, place)
    return cells


def _put(cells: Cells, combination: Combination, variants: Sequence[str], place: Place) -> None:
    """Raises: PlacedError: its name does not do."""
    name = combination.name
    if name in cells:
        raise PlacedError(
            f"two combinations of matrix.axes would both be called {name!r}.",
            place,
            hint="Give the values other short names.",
        )
    if len(name) > _LONGEST:
        raise PlacedError(
            f"the combination {name!r} has too long a name for a folder.",
            place,
            hint="Write the axes as mappings from short names to values.",
        )
    cells[name] = (combination, list(variants))


def leave_out(
    entry: Item,
    cells: Cells,
    axes: Sequence[Axis],
    outer: Sequence[str],
    variants: Sequence[str],
) -> dict[str, list[str]]:
    """Take what an entry of `exclude` matches out of `cells`.

    Returns: the entry with short names for values.
    Raises: PlacedError: it names something unknown, or matches nothing.
    """
    by_name = {axis.name: number for number, axis in enumerate(axes)}
    settings = list(dict.fromkeys([*outer, *cells]))
    wanted: dict[int, list[Value]] = {}
    names: dict[str, list[str]] = {}
    for key, item in entry.value.items():
        choices = item.value if isinstance(item.value, list) else [item]
        if key in (SETTING, VARIANT):
            known = variants if key == VARIANT else settings
            names[key] = [_name(key, choice, known, "exclude") for choice in choices]
        elif key in by_name:
            axis = axes[by_name[key]]
            wanted[by_name[key]] = [_known(axis, choice, "exclude") for choice in choices]
        else:
            raise _unknown_axis(key, entry, axes, "exclude")
    matched = False
    for name, (combination, kept) in cells.items():
        if SETTING in names and not {name, combination.outer} & set(names[SETTING]):
            continue
        if not all(_is_one(combination.values[at], values) for at, values in wanted.items()):
            continue
        gone = [one for one in kept if one in names.get(VARIANT, variants)]
        matched = matched or bool(gone)
        kept[:] = [one for one in kept if one not in gone]
    if not matched:
        raise PlacedError(
            "this entry of matrix.exclude matches no combination that is left.", entry.place
        )
    shorts = {axes[at].name: [value.short for value in values] for at, values in wanted.items()}
    return names | shorts


def _is_one(value: Value, values: Sequence[Value]) -> bool:
    return any(value is each for each in values)


def add(
    entry: Item,
    cells: Cells,
    axes: Sequence[Axis],
    outer: Sequence[str],
    variants: Sequence[str],
) -> None:
    """Put what an entry of `include` names into `cells`.

    Raises: PlacedError: it names something unknown, not all axes, or what is there already.
    """
    names = [axis.name for axis in axes]
    for key in entry.value:
        if key not in (*names, VARIANT, *((SETTING,) if outer else ())):
            raise _unknown_axis(key, entry, axes, "include")
    for key in [*names, *((SETTING,) if outer else ())]:
        if key not in entry.value:
            what = f"this entry of matrix.include gives no value of {key}; all axes are needed."
            raise PlacedError(what, entry.place)
    setting = _name(SETTING, entry.value[SETTING], outer, "include") if outer else None
    values = tuple(_value(axis, entry.value[axis.name]) for axis in axes)
    chosen = list(variants)
    if VARIANT in entry.value:
        item = entry.value[VARIANT]
        given = item.value if isinstance(item.value, list) else [item]
        chosen = [_name(VARIANT, one, variants, "include") for one in given]
    combination = Combination(setting, values)
    name = combination.name
    if name not in cells:
        _put(cells, combination, chosen, entry.place)
        return
    there, kept = cells[name]
    if there.values != values and [plain(v.given) for v in there.values] != [
        plain(v.given) for v in values
    ]:
        what = f"a combination of other values is called {name!r} as well."
        raise PlacedError(what, entry.place)
    if all(one in kept for one in chosen):
        raise PlacedError(
            f"this entry of matrix.include adds nothing: {name!r} is run anyway.", entry.place
        )
    kept[:] = [one for one in variants if one in kept or one in chosen]


def _value(axis: Axis, item: Item) -> Value:
    """A value of an axis that `include` names, which may be a new one.

    Raises: PlacedError: it can be none.
    """
    found = axis.find(plain(item))
    if found is not None:
        return found
    if not axis.keys:
        raise _unknown_value(axis, item, "include")
    value = listed(item, axis.keys[-1], f"matrix.include, {axis.name}")
    if any(value.short.lower() == other.short.lower() for other in axis.values):
        what = f"matrix.include, {axis.name}: another value is called {value.short!r} already."
        raise PlacedError(what, item.place)
    return value


def _known(axis: Axis, item: Item, key: str) -> Value:
    found = axis.find(plain(item))
    if found is None:
        raise _unknown_value(axis, item, key)
    return found


def _unknown_value(axis: Axis, item: Item, key: str) -> PlacedError:
    text = item.value if isinstance(item.value, str) else shown(plain(item))
    hint = suggest.hint(str(text), axis.words(), label="Its values")
    return PlacedError(f"matrix.{key}: {text} is no value of {axis.name}.", item.place, hint=hint)


def _unknown_axis(key: str, entry: Item, axes: Sequence[Axis], of: str) -> PlacedError:
    known = [*(axis.name for axis in axes), SETTING, VARIANT]
    return PlacedError(
        f"matrix.{of} names {key!r}, which is no axis.",
        entry.keys[key],
        hint=suggest.hint(key, known, label="Axes"),
    )


def _name(key: str, item: Item, known: Sequence[str], of: str) -> str:
    """A setting or variant that an entry names."""
    name = str(item.value) if not isinstance(item.value, dict | list) else ""
    if name not in known:
        what = f"matrix.{of} names {shown(plain(item))}, which is no {key}."
        hint = suggest.hint(name, known, label=f"{key.capitalize()}s")
        raise PlacedError(what, item.place, hint=hint or None)
    return name
