"""Paths in a recipe that must exist before anything is begun."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ferkit import suggest
from ferkit.plugin import MustExist

_MOST_NAMES = 1000
"""In a folder, that a close one is looked for among."""


class Absent(NamedTuple):
    """A path that leads nowhere. location: its key, part by part. hint: a name that is like it."""

    location: tuple[str | int, ...]
    path: str
    hint: str | None


def absent_paths(recipe: BaseModel) -> list[Absent]:
    """The paths marked `MustExist` that do not, in a validated recipe and all below it."""
    return [
        Absent(location, path, _close(Path(path)))
        for location, path in _named(recipe, ())
        if not os.path.exists(path)  # noqa: PTH110 - Path's raises where a name is too long
    ]


def _named(
    value: object, above: tuple[str | int, ...], *, marked: bool = False
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            yield from _named(getattr(value, name), (*above, name), marked=must_exist(info))
    elif isinstance(value, tuple | list):
        for place, inner in enumerate(value):
            yield from _named(inner, (*above, place), marked=marked)
    elif isinstance(value, str) and marked:
        yield above, value


def must_exist(info: FieldInfo) -> bool:
    """Whether a field holds paths that must exist."""
    return any(isinstance(one, MustExist) for one in info.metadata) or _marked(info.annotation)


def _marked(annotation: Any) -> bool:
    return any(isinstance(one, MustExist) or _marked(one) for one in get_args(annotation))


def _close(path: Path) -> str | None:
    """A name in the same folder that may be meant."""
    try:
        names = [other.name for other in islice(path.parent.iterdir(), _MOST_NAMES)]
    except OSError:
        return None
    close = suggest.nearest(path.name, names)
    return None if close is None else f"Did you mean {close!r}?"
