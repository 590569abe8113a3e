"""Lists of labels as CSV text, read row by row: some hold hundreds of megabytes."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ferkit.errors import FerkitError
from ferkit.suggest import hint

if TYPE_CHECKING:
    from _csv import Reader


class Row(NamedTuple):
    """line: of the file where it begins, from 1. cells: in the order asked for, stripped."""

    line: int
    cells: tuple[str, ...]


def read_list(
    path: Path, columns: Sequence[str], *, unnamed: Sequence[str] | None = None
) -> Iterator[Row]:
    """The rows of a list with commas; a cell that a row lacks is "".

    Args:
        columns: wanted ones, by the names of the first line.
        unnamed: all columns in order, for a list whose first line may be a row already.
    Raises: FerkitError: it can't be read, is empty, lacks a column, or a quote is never closed.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield from _rows(path, csv.reader(file, strict=True), columns, unnamed)
    except OSError as error:
        what = f"the list can't be read: {error.strerror or error}."
        raise FerkitError(what, where=str(path)) from error


def read_lines(path: Path) -> list[str]:
    """The lines of a text; bytes that are no text of its encoding become marks.

    Raises: FerkitError: it can't be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        what = f"the list can't be read: {error.strerror or error}."
        raise FerkitError(what, where=str(path)) from error
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return data.decode(encoding, errors="replace").splitlines()


def code_of(text: str) -> str:
    """A number as lists that other programmes saved hold it: "1" for "1.0"; else the text."""
    whole, dot, rest = text.partition(".")
    return whole if dot and whole.isdecimal() and not rest.strip("0") else text


def _rows(
    path: Path, reader: Reader, columns: Sequence[str], unnamed: Sequence[str] | None
) -> Iterator[Row]:
    line, first = _next(path, reader, 1)
    if first is None:
        raise FerkitError("the list is empty.", where=str(path))
    names = [name.strip() for name in first]
    pending: list[str] | None = None
    if unnamed is not None and not set(columns) & set(names):
        names, pending = list(unnamed), first
    places = [_place(path, name, names) for name in columns]
    while True:
        if pending is None:
            line, pending = _next(path, reader, reader.line_num + 1)
            if pending is None:
                return
        cells, pending = pending, None
        yield Row(line, tuple(cells[at].strip() if at < len(cells) else "" for at in places))


def _next(path: Path, reader: Reader, line: int) -> tuple[int, list[str] | None]:
    """(its line, the next row that is not blank), None at the end."""
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                return line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise FerkitError(
            f"the row that begins here is broken: {error}.",
            where=f"{path}:{line}",
            hint="Is a quote not closed?",
        ) from error
    return line, None


def _place(path: Path, name: str, names: Sequence[str]) -> int:
    if name in names:
        return names.index(name)
    raise FerkitError(
        f"there is no column '{name}'.",
        where=f"{path}:1",
        hint=hint(name, [each for each in names if each], label="Its columns"),
    )
