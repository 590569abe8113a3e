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
from ferkit.path_variables import unset_in
from ferkit.plugin import DataPath, MustExist

_MOST_NAMES = 1000
"""In a folder, that a close one is looked for among."""

_PATH = get_args(DataPath)[1]
"""What makes a text a path."""


class Absent(NamedTuple):
    """A path that leads nowhere. location: its key, part by part. hint: a name that is like it."""

    location: tuple[str | int, ...]
    path: str
    hint: str | None


class Named(NamedTuple):
    """A path in a recipe.

    location: its key, part by part. component: the name in `use` beside it, or "". needed:
    whether it must exist.
    """

    location: tuple[str | int, ...]
    path: str
    component: str
    needed: bool


def absent_paths(recipe: BaseModel) -> list[Absent]:
    """The paths marked `MustExist` that do not, in a validated recipe and all below it.

    Those that name a variable which is not set lead nowhere yet and are no part of them.
    """
    return [
        Absent(named.location, named.path, _close(Path(named.path)))
        for named in paths_in(recipe)
        if named.needed and not exists(named.path) and not unset_in(named.path)
    ]


def exists(path: str) -> bool:
    """Whether there is something at a path, which may be one that can't be."""
    return os.path.exists(path)  # noqa: PTH110 - Path's raises where a name is too long


def paths_in(recipe: BaseModel) -> Iterator[Named]:
    """All paths in a validated recipe and all below it."""
    return _named(recipe, (), "")


def _named(
    value: object,
    above: tuple[str | int, ...],
    component: str,
    *,
    path: bool = False,
    needed: bool = False,
) -> Iterator[Named]:
    if isinstance(value, BaseModel):
        use = str(getattr(value, "use", ""))
        for name, info in type(value).model_fields.items():
            inner = getattr(value, name)
            yield from _named(
                inner, (*above, name), use, path=_is_path(info), needed=must_exist(info)
            )
    elif isinstance(value, tuple | list):
        for place, inner in enumerate(value):
            yield from _named(inner, (*above, place), component, path=path, needed=needed)
    elif isinstance(value, str) and (path or needed):
        yield Named(above, value, component, needed)


def _is_path(info: FieldInfo) -> bool:
    """Whether a field holds paths."""
    return _PATH in info.metadata or _holds_path(info.annotation)


def _holds_path(annotation: Any) -> bool:
    return any(one is _PATH or _holds_path(one) for one in get_args(annotation))


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
