"""Follows a pydantic error location through a recipe and its model, to a place in the YAML."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from ferkit.recipe_models import OneOf
from ferkit.recipe_yaml import Item, Place

_UNIONS = (Union, types.UnionType)


@dataclass(frozen=True)
class Spot:
    """Where an error is.

    path: the keys that lead to it. key: the same with dots, as `--set` takes it.
    place: of the value, or of the nearest thing around it that the recipe has. key_place: the
    same for the key. exists: whether there is a value at `key`. item: the value, or the nearest
    thing around it. owner: the model that has the key as a field, if one has. choice: the union
    of components that it holds, if it does.
    """

    path: tuple[str, ...]
    place: Place
    key_place: Place
    exists: bool
    item: Item
    owner: type[BaseModel] | None
    choice: OneOf | None

    @property
    def key(self) -> str:
        return ".".join(self.path)

    @property
    def name(self) -> str:
        """The last part of the key, which may itself hold dots."""
        return self.path[-1] if self.path else ""


def locate(document: Item, model: type[BaseModel], location: Sequence[str | int]) -> Spot:
    """Find what a location speaks of.

    Args:
        document: what was validated.
        model: what it was validated against.
        location: keys and positions; pydantic puts names of union members between them, which
            are no keys of the document and are passed over.
    """
    item = document
    annotation: Any = model
    owner: type[BaseModel] | None = None
    key: list[str] = []
    key_place = document.place
    exists = True
    for part in location:
        choice = one_of(annotation)
        if choice is not None and part in choice.picks:
            annotation = choice.picks[str(part)]
            continue
        inner = step(annotation, part)
        child = child_of(item, part) if exists else None
        if child is None and (inner is None or _names_a_member(annotation)):
            continue
        owner = annotation if is_model(annotation) else None
        key.append(str(part))
        exists = child is not None
        if child is not None:
            key_place = item.keys.get(str(part), child.place)
            item = child
        annotation = inner
    return Spot(tuple(key), item.place, key_place, exists, item, owner, one_of(annotation))


def child_of(item: Item, part: str | int) -> Item | None:
    """What lies under a key or position of an item."""
    child: Item | None = None
    if isinstance(item.value, dict):
        child = item.value.get(str(part))
    elif isinstance(item.value, list) and isinstance(part, int) and part < len(item.value):
        child = item.value[part]
    return child


def step(annotation: Any, part: str | int) -> Any | None:
    """Annotation of what lies under `part`; None if `part` is no field or position there."""
    if is_model(annotation):
        info = annotation.model_fields.get(str(part))
        if info is None:
            return None
        choice = next((each for each in info.metadata if isinstance(each, OneOf)), None)
        return info.annotation if choice is None else Annotated[Any, choice]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return step(inner[0], part)
    if origin in _UNIONS:
        steps = (step(each, part) for each in inner)
        return next((found for found in steps if found is not None), None)
    if origin in (tuple, list, set, frozenset) and isinstance(part, int):
        fixed = origin is tuple and ... not in inner
        return inner[part] if fixed and part < len(inner) else inner[0]
    if origin is dict and part != "[key]":
        return inner[1]
    return None


def _names_a_member(annotation: Any) -> bool:
    """Whether what is no key of the document must be a member of a union with a mapping."""
    if get_origin(annotation) not in _UNIONS:
        return False
    inner = get_args(annotation)
    return any(get_origin(each) is dict for each in inner) and not any(map(is_model, inner))


def one_of(annotation: Any) -> OneOf | None:
    """The union of components in an annotation, if it is one."""
    if get_origin(annotation) is Annotated:
        return next((each for each in get_args(annotation) if isinstance(each, OneOf)), None)
    return None


def is_model(annotation: Any) -> bool:
    """Whether an annotation is a pydantic model."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def sections_with(name: str, model: type[BaseModel], parent: str = "") -> list[str]:
    """Dotted keys of the sections of `model` that have a field of that name; "" is the top."""
    found = [parent] if name in model.model_fields else []
    for key, info in model.model_fields.items():
        inner = get_args(info.annotation) if get_origin(info.annotation) in _UNIONS else ()
        for part in (info.annotation, *inner):
            if is_model(part):
                below = f"{parent}.{key}" if parent else key
                found += sections_with(name, part, below)
    return found
