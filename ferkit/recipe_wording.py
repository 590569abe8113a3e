"""What is wrong with a value, in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from ferkit import suggest
from ferkit.sections import RUN_NAME
from ferkit.training_section import DEVICE

_SHOWN = 40

_NOT_FINITE = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}

_PATTERNS = {
    DEVICE: "auto, cpu, cuda, cuda:N (N: a number) or mps",
    RUN_NAME: "a name of letters, digits, '.', '_' and '-' that begins with a letter or digit",
}

_BOUNDS = {
    "greater_than_equal": "at least",
    "less_than_equal": "at most",
    "greater_than": "greater than",
    "less_than": "less than",
    "multiple_of": "a multiple of",
}

_TYPES = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "list": "a list",
    "set": "a list",
    "frozen_set": "a list",
    "dict": "a mapping (key: value)",
    "mapping": "a mapping (key: value)",
    "model": "a mapping (key: value)",
    "none_required": "null",
    "path": "a path",
}


def shown(value: Any) -> str:
    """A value as somebody would write it in YAML, shortened."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    text = _NOT_FINITE.get(text, text)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 4]}...{text[-1]}"


def brief(parts: Sequence[str]) -> str:
    """A dotted key, each of its parts shortened."""
    return ".".join(part if len(part) <= _SHOWN else f"{part[: _SHOWN - 3]}..." for part in parts)


def complaint(error: ErrorDetails) -> str:
    """The end of a sentence that begins with the key: "must be at least 1, not 0."."""
    kind, context = error["type"], error.get("ctx", {})
    given = shown(error["input"])
    if kind in ("value_error", "assertion_error"):
        return f"is wrong: {str(context.get('error', error['msg'])).rstrip('.')}."
    if kind in ("too_short", "too_long"):
        bound = context.get("min_length", context.get("max_length"))
        entries = "entry" if bound == 1 else "entries"
        most = "at least" if kind == "too_short" else "at most"
        return f"needs {most} {bound} {entries}, it has {context.get('actual_length')}."
    if kind in ("string_too_short", "string_too_long"):
        bound = context.get("min_length", context.get("max_length"))
        most = "at least" if kind == "string_too_short" else "at most"
        return f"must have {most} {bound} characters, not {len(error['input'])}."
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern"))
        if pattern in _PATTERNS:
            return f"must be {_PATTERNS[pattern]}, not {given}."
        return f"is {given}, which does not match the pattern {pattern}."
    words = wish(error)
    return f"must be {words}, not {given}." if words else f"is wrong: {error['msg']}."


def wish(error: ErrorDetails) -> str:
    """What a value should have been: "a whole number"; "" where that is not known."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in ("literal_error", "enum"):
        names = expected(error)
        return f"{'one of ' if len(names) > 1 else ''}{', '.join(names)}"
    if kind in _BOUNDS:
        return f"{_BOUNDS[kind]} {_number(next(iter(context.values())))}"
    stem = re.sub(r"_(type|parsing|from_float|parsing_size|attributes_type)$", "", kind)
    return _TYPES.get(stem, "")


def expected(error: ErrorDetails) -> list[str]:
    """The values that a literal allows, without quotes."""
    text = str(error.get("ctx", {}).get("expected", ""))
    return [name.strip("'") for name in re.split(r", | or ", text)]


def value_hint(error: ErrorDetails) -> str | None:
    """What to do about a value of the wrong type."""
    kind, given = error["type"], error["input"]
    if kind == "bool_type" and isinstance(given, str):
        return _boolean_hint(given)
    if kind == "string_type" and isinstance(given, bool | int | float):
        return f"Put it in quotes: '{shown(given)}'."
    if kind in ("int_type", "float_type") and isinstance(given, str) and _is_number(given):
        return "Leave out the quotes."
    if kind in ("int_type", "int_from_float") and isinstance(given, float) and given.is_integer():
        return f"Write {int(given)}."
    if kind in ("literal_error", "enum"):
        close = suggest.nearest(str(given), expected(error))
        return f"Did you mean {close!r}?" if close else None
    if kind in ("tuple_type", "list_type") and isinstance(given, str):
        return f"Write [{given}]."
    if kind in ("tuple_type", "list_type") and isinstance(given, Mapping):
        return _list_hint(given)
    if kind in ("model_type", "dict_type") and given is None:
        return "Fill it in, write {}, or remove the key."
    return None


def _list_hint(given: Mapping[str, Any]) -> str | None:
    """For `--set some.list.0=x` where there is no list yet: positions became keys."""
    if not given or not all(str(key).isdecimal() for key in given):
        return None
    entries = [each for each in given.values() if isinstance(each, str | int | float)]
    if len(entries) < len(given):
        return "There is no list yet: set the whole list."
    return (
        f"There is no list yet: set the whole list, [{', '.join(str(each) for each in entries)}]."
    )


def _boolean_hint(word: str) -> str | None:
    if word.lower() in ("true", "false"):
        return f"Write {word.lower()} without quotes."
    if word.lower() in ("no", "off", "n"):
        return f"{word!r} is a word here, not a truth value: write false."
    if word.lower() in ("yes", "on", "y"):
        return f"{word!r} is a word here, not a truth value: write true."
    return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(bound: Any) -> str:
    return str(int(bound)) if isinstance(bound, float) and bound.is_integer() else str(bound)
