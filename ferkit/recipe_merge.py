"""Lays one recipe fragment over another, as variants of a matrix over their recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferkit.recipe_yaml import Item, Place, placed, plain


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
        under = written_out(under)
    if not isinstance(under.value, dict) or uses_another(under.value, over.value):
        return over
    children = dict(under.value)
    for key, child in over.value.items():
        children[key] = merge(children[key], child) if key in children else child
    return Item(children, over.place, {**under.keys, **over.keys})


def without_named(under: Item, over: Item) -> Item:
    """`under` without the components that `over` names by `use`, however deep they lie."""
    if not isinstance(under.value, dict) or not isinstance(over.value, dict):
        return under
    children = {}
    for key, child in under.value.items():
        upper = over.value.get(key)
        if upper is None:
            children[key] = child
        elif not isinstance(upper.value, dict) or "use" not in upper.value:
            children[key] = without_named(child, upper)
    return Item(children, under.place, under.keys)


def written_out(shorthand: Item) -> Item:
    """A component given by its name alone, as a mapping."""
    return Item({"use": shorthand}, shorthand.place, {"use": shorthand.place})


def uses_another(under: Mapping[str, Item], over: Mapping[str, Item]) -> bool:
    """Whether a mapping laid over another names another component."""
    return "use" in under and "use" in over and under["use"].value != over["use"].value
