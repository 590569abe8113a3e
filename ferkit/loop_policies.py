"""The label updates and weightings that a loop brings along, where a recipe names none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ferkit.catalogue import Catalogue
from ferkit.errors import FerkitError
from ferkit.plugin import Kind


def with_loop_policies(recipe: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The recipe with the policies of its loop at the keys that it leaves out.

    Args:
        recipe: plain dicts and lists, perhaps not valid yet: what has a wrong form stays.
    """
    loop = recipe.get("loop")
    name = loop.get("use") if isinstance(loop, dict) else loop
    filled = dict(recipe)
    for place, policies in _brought(name, catalogue).items():
        split, key = place.split(".")
        section = filled.get(split) or {}
        if isinstance(section, dict) and section.get(key) is None:
            filled[split] = section | {key: list(policies)}
    return filled


def with_loop_names(names: Collection[str], catalogue: Catalogue) -> set[str]:
    """Names of components, and of the policies that those of them which are loops bring along."""
    brought = [
        one for name in names for given in _brought(name, catalogue).values() for one in given
    ]
    return {*names, *(one if isinstance(one, str) else str(one.get("use")) for one in brought)}


def _brought(name: Any, catalogue: Catalogue) -> Mapping[str, Any]:
    if not isinstance(name, str):
        return {}
    try:
        return catalogue.get(Kind.SSL_LOOP, name).component.policies
    except FerkitError:
        return {}  # an unknown loop is told when the recipe is validated
