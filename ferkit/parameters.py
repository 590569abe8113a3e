"""Parameter models in words, for tables: name, type, default, meaning."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ferkit.catalogue import spoken
from ferkit.plugin import DataPath
from ferkit.sections import Chosen

_PATH = get_args(DataPath)[1]
_SCALARS = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    Any: "anything",
}
_BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


@dataclass(frozen=True)
class Parameter:
    """A parameter in words; `default` is "required" where there is none."""

    name: str
    type: str
    default: str
    description: str


def parameters(model: type[BaseModel]) -> list[Parameter]:
    """The parameters of a model in their order, without `use`."""
    return [
        Parameter(
            name=name,
            type=_field_type(info),
            default=_default(info),
            description=info.description or "",
        )
        for name, info in model.model_fields.items()
        if name != "use"
    ]


def _field_type(info: FieldInfo) -> str:
    words = type_in_words(info.annotation, tuple(info.metadata))
    null = not info.is_required() and info.default is None and info.default_factory is None
    return f"{words} or null" if null and not words.endswith("null") else words


def type_in_words(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    """A type as people say it: "whole number >= 1", "list of text"."""
    chosen = next((each for each in metadata if isinstance(each, Chosen)), None)
    if chosen is not None:
        return spoken(chosen.kind) + (" or null" if chosen.nullable else "")
    if _PATH in metadata:
        return "path"
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_in_words(inner[0], (*inner[1:], *metadata))
    bounds = _bounds(metadata)
    if origin in (Union, types.UnionType):
        words = [type_in_words(part) for part in inner if part is not type(None)]
        null = " or null" if type(None) in inner else ""
        return " or ".join(words) + bounds + null
    if origin is Literal:
        return ", ".join(_yaml(value) for value in inner)
    if origin in (tuple, list, set, frozenset):
        return _list_in_words(origin, inner) + bounds
    if origin is dict:
        return f"mapping to {type_in_words(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(_yaml(member.value) for member in annotation)
    return _SCALARS.get(annotation, "mapping") + bounds


def _list_in_words(origin: Any, inner: tuple[Any, ...]) -> str:
    if origin is tuple and ... not in inner:
        words = list(dict.fromkeys(type_in_words(part) for part in inner))
        return f"list of {len(inner)}: {', '.join(words)}"
    return f"list of {type_in_words(inner[0])}"


def _bounds(metadata: tuple[Any, ...]) -> str:
    words = [
        f"{sign} {_number(getattr(each, name))}"
        for each in metadata
        for name, sign in _BOUNDS.items()
        if isinstance(getattr(each, name, None), int | float)
    ]
    least = [each.min_length for each in metadata if getattr(each, "min_length", None)]
    words += ["(not empty)" if count == 1 else f"(at least {count} long)" for count in least]
    return f" {', '.join(words)}" if words else ""


def _number(bound: float) -> str:
    return str(int(bound)) if float(bound).is_integer() else f"{bound:g}"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    return _yaml(info.get_default(call_default_factory=True))


def _yaml(value: Any) -> str:
    """A default as YAML, in one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return _yaml(value.value)
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, Mapping):
        only_use = set(value) == {"use"}
        inner = ", ".join(f"{key}: {_yaml(each)}" for key, each in value.items())
        return _yaml(value["use"]) if only_use else f"{{{inner}}}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(_yaml(each) for each in value)}]"
    return str(value) if value != "" else '""'
