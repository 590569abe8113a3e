"""Turns pydantic's errors about a recipe into sentences with their place in the YAML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ferkit import suggest
from ferkit.catalogue import spoken
from ferkit.recipe_location import Spot, locate, sections_with
from ferkit.recipe_wording import brief, complaint, shown, value_hint, wish
from ferkit.recipe_yaml import Item, PlacedError


def explain(
    errors: Sequence[ErrorDetails], document: Item, model: type[BaseModel], *, prefix: str = ""
) -> list[PlacedError]:
    """One error for each thing that is wrong.

    Args:
        errors: what pydantic found.
        document: what was validated, with places.
        model: what it was validated against.
        prefix: goes before each key, such as "matrix.".
    """
    grouped: dict[str, list[tuple[Spot, ErrorDetails]]] = {}
    for error in errors:
        spot = locate(document, model, error["loc"])
        grouped.setdefault(spot.key, []).append((spot, error))
    # Of a union, what is wrong within the value says more than that it is no other member.
    return [
        _explain_one(group, model, prefix)
        for key, group in grouped.items()
        if not (
            all(error["type"].endswith("_type") for _, error in group)
            and any(other.startswith(f"{key}.") for other in grouped)
        )
    ]


def _explain_one(
    group: list[tuple[Spot, ErrorDetails]], model: type[BaseModel], prefix: str
) -> PlacedError:
    spot, error = group[0]
    key = _key(prefix, spot.path)
    kind = error["type"]
    if len(group) > 1:  # members of a union, each with its own complaint
        wishes = dict.fromkeys(words for _, each in group if (words := wish(each)))
        what = f"{key} must be {' or '.join(wishes)}, not {shown(error['input'])}."
        return PlacedError(what, spot.place)
    if kind == "extra_forbidden":
        parent = _key(prefix, spot.path[:-1])
        what = f"unknown key {shown(spot.name)}{f' in {parent}' if parent else ''}."
        return PlacedError(what, spot.key_place, hint=_key_hint(spot, model))
    if kind == "missing":
        meaning = _meaning(spot)
        what = f"{key} is missing{f' ({meaning})' if meaning else ''}."
        return PlacedError(what, spot.place)
    if kind == "use_unknown":
        named = spot.item.value if spot.exists else None
        place = named["use"].place if isinstance(named, dict) else spot.place
        by_default = "" if spot.exists else f"{key}, by default: "
        return PlacedError(by_default + error["msg"], place)
    if kind in ("use_missing", "chosen_type", "use_type"):
        return _about_choice(spot, key, kind, error["input"])
    return PlacedError(f"{key} {complaint(error)}", spot.place, hint=value_hint(error))


def _key(prefix: str, path: Sequence[str]) -> str:
    return prefix + brief(path) if path else prefix.rstrip(".")


def _about_choice(spot: Spot, key: str, kind: str, given: Any) -> PlacedError:
    choice = spot.choice
    assert choice is not None
    called = spoken(choice.kind, article=True)
    hint = f"Known: {', '.join(choice.known())}."
    if kind == "use_missing":
        return PlacedError(
            f"{key} names no {spoken(choice.kind)}: 'use' is missing.", spot.place, hint=hint
        )
    if kind == "use_type":
        named = f"{key}.use must be text, not {shown(given['use'])}."
        return PlacedError(named, spot.item.value["use"].place, hint=hint)
    what = (
        f"{key} must be the name of {called}, or a mapping with 'use' and its parameters, not "
        f"{shown(given)}."
    )
    return PlacedError(what, spot.place, hint=hint)


def _key_hint(spot: Spot, model: type[BaseModel]) -> str | None:
    known = list(spot.owner.model_fields) if spot.owner else []
    if close := suggest.nearest(spot.name, known):
        return f"Did you mean {close!r}?"
    if elsewhere := sections_with(spot.name, model):
        places = [f"in {section}" if section else "at the top level" for section in elsewhere]
        return f"It belongs {' or '.join(places)}."
    return suggest.hint(spot.name, known, label="Known here") or None


def _meaning(spot: Spot) -> str:
    info = spot.owner.model_fields.get(spot.name) if spot.owner else None
    return (info.description or "") if info else ""
