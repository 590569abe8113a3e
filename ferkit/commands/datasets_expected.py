"""What the registry expects of a data set with the parameters that were chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ferkit.data.counts import Expected
    from ferkit.registry import DatasetEntry

NOT_COUNTED = ("use", "path")
"""Of a data set's section: never a reason for other counts."""


class Published(NamedTuple):
    """expected: empty where nobody said. notes: sentences for the user."""

    expected: Expected
    notes: list[str]


def published(entry: DatasetEntry | None, chosen: BaseModel) -> Published:
    """The counts with the chosen parameters, and what to say of them.

    Args:
        chosen: the validated parameters of the data set.
    """
    if entry is None or not entry.expected:
        return Published({}, ["No published counts are known: nothing to compare with."])
    notes = [entry.note] if entry.note else []
    own = other_than_default(chosen, without=entry.same_counts)
    if not own:
        return Published(entry.expected, notes)
    for each in entry.expected_for:
        given = type(chosen).model_validate({**_required(chosen), **each.parameters})
        if other_than_default(given, without=entry.same_counts) == own:
            return Published(each.expected, notes + ([each.note] if each.note else []))
    said = ", ".join(f"{name}={value}" for name, value in own.items())
    notes.append(f"No published counts are known with {said}: nothing to compare with.")
    return Published({}, notes)


def other_than_default(chosen: BaseModel, *, without: tuple[str, ...]) -> dict[str, Any]:
    """Parameters that are not as by default, in a form that can be compared.

    The order in a list does not matter: it never changes which samples there are.
    """
    found = {}
    for name, field in type(chosen).model_fields.items():
        if name in without or name in NOT_COUNTED or field.is_required():
            continue
        value = _plain(getattr(chosen, name))
        if value != _plain(field.get_default(call_default_factory=True)):
            found[name] = value
    return found


def _plain(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, list | tuple | set) else value


def _required(chosen: BaseModel) -> Mapping[str, Any]:
    fields = type(chosen).model_fields.items()
    return {name: getattr(chosen, name) for name, field in fields if field.is_required()}
