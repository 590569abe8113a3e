"""Lays one recipe fragment over another: variants of a matrix, and `--set key=value`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ferkit.errors import FerkitError, FerkitErrors
from ferkit.recipe_yaml import Item, Place, parse, placed, plain


def lay_over(document: Mapping[str, Any], fragment: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `fragment` over `document`; neither is changed.

    Mappings merge key by key and anything else replaces what was there. A mapping that names
    another component in `use` than the one under it replaces it too: the parameters of one
    component mean nothing to another. A component under it that is given by its name alone
    counts as a mapping with that name in `use`.
    """
    nowhere = Place("")
    merged: dict[str, Any] = plain(merge(placed(document, nowhere), placed(fragment, nowhere)))
    return merged


def merge(under: Item, over: Item) -> Item:
    """As `lay_over`, keeping the place of each value."""
    if not isinstance(over.value, dict):
        return over
    if isinstance(under.value, str):
        under = _written_out(under)
    if not isinstance(under.value, dict) or _uses_another(under.value, over.value):
        return over
    children = dict(under.value)
    for key, child in over.value.items():
        children[key] = merge(children[key], child) if key in children else child
    return Item(children, over.place, {**under.keys, **over.keys})


def apply_settings(document: Item, settings: Sequence[str]) -> Item:
    """Apply `--set` arguments in order.

    Args:
        document: the recipe, a mapping.
        settings: "a.b.c=value"; a number in the key is a position in a list, the value is YAML.
    Raises: FerkitErrors: arguments that can't be read or lead nowhere, all of them.
    """
    errors: list[FerkitError] = []
    for setting in settings:
        try:
            document = _apply(document, setting)
        except FerkitErrors as several:
            errors += several.errors
        except FerkitError as error:
            errors.append(error)
    if errors:
        raise FerkitErrors(errors)
    return document


def _apply(document: Item, setting: str) -> Item:
    key, equals, text = setting.partition("=")
    key = key.strip()
    source = f"--set {key}"
    parts = key.split(".")
    if not equals or not all(parts):
        raise FerkitError(
            "must read key=value.",
            where=f"--set {setting}",
            hint="For example: --set training.batch_size=16.",
        )
    value = parse(text, source)
    place = Place(source)
    return _set(document, parts, placed(None if value is None else plain(value), place), place)


def _set(item: Item, parts: list[str], value: Item, place: Place) -> Item:
    """`item` with the value at `parts` replaced; what is missing on the way is made."""
    if not parts:
        return value
    if isinstance(item.value, list):
        return _set_in_list(item, parts, value, place)
    if isinstance(item.value, str):
        item = _written_out(item)
    if item.value is None:
        item = Item({}, place)
    if not isinstance(item.value, dict):
        what = f"there is nothing below this key: the recipe has {item.value!r} there."
        raise FerkitError(what, where=str(place))
    if parts == ["use"] and _uses_another(item.value, {"use": value}):
        item = Item({}, place)
    taken = _longest_key(item.value, parts)
    key = ".".join(parts[:taken])
    child = item.value.get(key, Item(None, place))
    children = {**item.value, key: _set(child, parts[taken:], value, place)}
    return replace(item, value=children, keys={key: place, **item.keys})


def _set_in_list(item: Item, parts: list[str], value: Item, place: Place) -> Item:
    index = int(parts[0]) if parts[0].isdecimal() else -1
    if not 0 <= index < len(item.value):
        count = len(item.value)
        raise FerkitError(
            f"the list holds {count} {'entry' if count == 1 else 'entries'}, there is no "
            f"{parts[0]!r} in it.",
            where=str(place),
            hint="Entries count from 0; to change their number, set the whole list.",
        )
    children = list(item.value)
    children[index] = _set(children[index], parts[1:], value, place)
    return replace(item, value=children)


def _longest_key(mapping: Mapping[str, Item], parts: list[str]) -> int:
    """How many parts make the next key: names of variants may hold dots."""
    for taken in range(len(parts), 1, -1):
        if ".".join(parts[:taken]) in mapping:
            return taken
    return 1


def _written_out(shorthand: Item) -> Item:
    """A component given by its name alone, as a mapping."""
    return Item({"use": shorthand}, shorthand.place, {"use": shorthand.place})


def _uses_another(under: Mapping[str, Item], over: Mapping[str, Item]) -> bool:
    return "use" in under and "use" in over and under["use"].value != over["use"].value
