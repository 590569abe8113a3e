"""Which columns of a table mean what, and reading landmarks and votes out of cells."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ferkit.data.records import Cell
from ferkit.data.walk import is_media
from ferkit.errors import FerkitError
from ferkit.suggest import hint
from ferkit_files.params import Columns

LANDMARK_COLUMNS = tuple(
    f"{point}_{axis}"
    for point in ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
    for axis in "xy"
)
"""Ten columns that may hold the landmarks instead of one."""

Points = tuple[tuple[float, float], ...]


class Layout(NamedTuple):
    """Positions of the columns in a record; None or () where the table has no such column."""

    path: int
    label: int | None
    split: int | None
    subject: int | None
    group: int | None
    landmarks: tuple[int, ...]
    span: tuple[int | None, int | None]
    votes: Mapping[str, int]


def find_columns(names: Sequence[str], wanted: Columns, *, where: str) -> Layout:
    """Find the columns by name.

    A column that has its usual name may be missing: recipes of runs write all names.

    Raises: FerkitError: no path column, or one of another name than the usual is not there.
    """
    at = {name: position for position, name in enumerate(names)}

    def find(field: str) -> int | None:
        name = getattr(wanted, field)
        if name is None or name in at:
            return None if name is None else at[name]
        if field == "path" or name != Columns.model_fields[field].default:
            raise _no_column(name, names, where)
        return None

    one = find("landmarks")
    ten = [at[name] for name in LANDMARK_COLUMNS if name in at]
    if one is None and wanted.landmarks is not None and 0 < len(ten) < 10:
        missing = next(name for name in LANDMARK_COLUMNS if name not in at)
        raise FerkitError(
            f"of the ten landmark columns there are {len(ten)}; {missing!r} is missing.",
            where=where,
            hint="'columns: {landmarks: null}' ignores them.",
        )
    path = find("path")
    assert path is not None
    for name in (wanted.votes or {}).values():
        if name not in at:
            raise _no_column(name, names, where)
    return Layout(
        path=path,
        label=find("label"),
        split=find("split"),
        subject=find("subject"),
        group=find("group"),
        landmarks=(one,) if one is not None else tuple(ten) if wanted.landmarks else (),
        span=(find("first_frame"), find("last_frame")),
        votes={label: at[name] for label, name in (wanted.votes or {}).items()},
    )


def _no_column(name: str, names: Sequence[str], where: str) -> FerkitError:
    if any(is_media(column) for column in names):
        advice = "The first line must hold the names of the columns."
    else:
        advice = hint(name, [column for column in names if column], label="Its columns")
    return FerkitError(f"there is no column {name!r}.", where=where, hint=advice)


def read_points(cells: Sequence[Cell]) -> Points | None:
    """Five points from ten cells, or from one with ten numbers; None where nothing is given.

    Raises: ValueError: not ten finite numbers.
    """
    values: list[str | float] = []
    for cell in cells:
        values += re.split(r"[\s,;]+", cell.strip(" \t\n,;[]()")) if isinstance(cell, str) else cell
    if not any(value != "" for value in values):
        return None
    numbers = [float(value) for value in values]
    if len(numbers) != 10 or not all(map(math.isfinite, numbers)):
        raise ValueError("not ten finite numbers")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def read_span(first: Cell, last: Cell) -> tuple[int, int] | None:
    """First and last frame; None where neither is given.

    Raises: ValueError: only one is given, or they are no frame numbers in order.
    """
    given = [str(cell).strip() for cell in (first, last)]
    if not any(given):
        return None
    begin, end = (int(float(text)) if float(text).is_integer() else -1 for text in given)
    if not 0 <= begin <= end:
        raise ValueError("not two frame numbers in order")
    return begin, end


def left_first(points: Points) -> Points:
    """The points with the smaller x first in both pairs, as everything here expects it."""
    left_eye, right_eye, nose, left_mouth, right_mouth = points
    eyes = sorted((left_eye, right_eye), key=lambda point: point[0])
    mouth = sorted((left_mouth, right_mouth), key=lambda point: point[0])
    return (*eyes, nose, *mouth)


def read_votes(cells: Sequence[Cell]) -> tuple[float, ...]:
    """Votes, one per class; an empty cell is none.

    Raises: ValueError: not numbers >= 0, or none at all.
    """
    votes = tuple(float(str(cell).strip() or 0) for cell in cells)
    if not all(math.isfinite(vote) and vote >= 0 for vote in votes) or sum(votes) <= 0:
        raise ValueError("votes must be numbers >= 0, not all zero")
    return votes
