"""Writes a resolved recipe as YAML that reads back to the same recipe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

import yaml
from pydantic import BaseModel

from ferkit.recipe_yaml import add_scalar_rules
from ferkit.sections import Recipe


class _Dumper(yaml.SafeDumper):
    """Quotes every text that YAML 1.1 or 1.2 would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


add_scalar_rules(_Dumper)


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as YAML: every key written out, paths absolute, `use` ahead of parameters."""
    return dump_document(recipe_document(recipe))


def dump_document(document: Mapping[str, Any]) -> str:
    """A plain document as YAML that reads back to it."""
    text: str = yaml.dump(
        dict(document),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=90,
    )
    return text


def recipe_document(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain dicts, lists and scalars, every key written out."""
    document: dict[str, Any] = _plain(recipe)
    return document


def recipe_hash(document: Mapping[str, Any]) -> str:
    """Hex digest of a recipe's plain document; the order of keys does not matter."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        # Element by element, so that fields a plugin typed loosely keep their own models' keys.
        fields = {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        return {"use": fields.pop("use"), **fields} if "use" in fields else fields
    if isinstance(value, Mapping):
        return {str(key): _plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child) for child in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(child) for child in value)
    if isinstance(value, Enum):
        return value.value
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
