"""The axes of a matrix, as columns of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Axes = Mapping[str, Mapping[str, Any]]
"""Setting -> axis -> value."""

_CROSSED = "crossed_setting"
"""Column of the setting that the axes are crossed with."""


def axis_names(axes: Axes | None) -> list[str]:
    """The axes of all settings, in order, as columns; there is a column `setting` already."""
    names = dict.fromkeys(axis for values in (axes or {}).values() for axis in values)
    return [_CROSSED if name == "setting" else name for name in names]


def axis_values(axes: Axes | None, setting: str) -> list[Any]:
    """The values of a setting in the order of `axis_names`; None where it has none."""
    values = (axes or {}).get(setting, {})
    return [values.get("setting" if name == _CROSSED else name) for name in axis_names(axes)]


def as_text(value: Any) -> str:
    """A value of an axis as YAML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
