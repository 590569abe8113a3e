"""Tables as records with the line they stand on: CSV and TSV text, and Parquet.

Text is read by the standard library's csv module and not by pyarrow: only the former tells
where in the file a record begins when fields hold line breaks, and a wrong row is to be found
again by its line. It reads some 300 000 rows per second, far more than files can be looked up.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow
import pyarrow.parquet

from ferkit.errors import FerkitError

Cell = str | Sequence[float]
"""Text, "" where nothing is given; a list of numbers only from Parquet."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS = ",;\t|"


class Record(NamedTuple):
    """line: of the file where the record begins, from 1; in Parquet the row, from 1."""

    line: int
    cells: Sequence[Cell]


class Table(NamedTuple):
    """columns: their names. records: in the file's order. place: what a line is called."""

    columns: tuple[str, ...]
    records: Iterator[Record]
    place: str

    def where(self, path: str, line: int) -> str:
        """The place of a record in messages."""
        return f"{path}:{line}" if self.place == "line" else f"{path}: row {line}"


def open_table(path: Path, *, encoding: str, expected: str) -> Table:
    """Open a table, whichever of the formats it has.

    Args:
        path: an existing file.
        encoding: of text without a byte-order mark.
        expected: a column that must be there; tells the separator of a text table.
    Raises: FerkitError: not a table, no header, a column named twice; while records are read: a
        quote that is never closed.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FerkitError(
            f"the table cannot be read: {error.strerror or error}.", where=str(path)
        ) from error
    if data.startswith(b"PAR1"):
        return _open_parquet(path)
    text = _decode(path, data, encoding)
    lines_before, text, separator = _separator(text, expected)
    records = _text_records(path, text, separator, lines_before)
    header = next((record for record in records if any(record.cells)), None)
    if header is None:
        raise FerkitError("the table is empty.", where=str(path))
    columns = tuple(str(cell).strip() for cell in header.cells)
    while columns and not columns[-1]:  # separators at the end of the line
        columns = columns[:-1]
    _check_columns(path, columns)
    return Table(columns, records, "line")


def _decode(path: Path, data: bytes, encoding: str) -> str:
    if data.startswith(b"PK\x03\x04"):
        raise FerkitError(
            "is a spreadsheet or an archive, not a table.", where=str(path), hint="Save it as CSV."
        )
    for mark, marked in _MARKS:
        if data.startswith(mark):
            encoding = marked
            break
    else:
        if b"\0" in data:
            raise FerkitError(
                "holds binary data.",
                where=str(path),
                hint="Expected is CSV, TSV or Parquet; text of another encoding is read by "
                "'encoding: utf-16' or the like.",
            )
    # Bytes that do not decode become lone surrogates, so that their rows can be named one by one.
    wide = encoding.startswith(("utf-16", "utf-32"))
    try:
        return data.decode(encoding, "replace" if wide else "surrogateescape")
    except (UnicodeDecodeError, LookupError) as error:
        raise FerkitError(f"is not {encoding}: {error}.", where=str(path)) from error


def _separator(text: str, expected: str) -> tuple[int, str, str]:
    """(lines to skip, text without them, separator)."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # as Excel writes it
        return 1, rest, first.strip()[-1]
    counts = {}
    for separator in _SEPARATORS:
        cells = next(iter(csv.reader([first], delimiter=separator)), [])
        names = [cell.strip() for cell in cells]
        counts[separator] = (expected in names, len(names))
    return 0, text, max(_SEPARATORS, key=lambda separator: counts[separator])


def _text_records(path: Path, text: str, separator: str, before: int) -> Iterator[Record]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = before + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FerkitError(
                f"the record that begins here is broken: {error}.",
                where=f"{path}:{line}",
                hint="Is a quote not closed, or not doubled within quotes?",
            ) from error
        if cells:  # an empty line is no record
            yield Record(line, cells)


def _open_parquet(path: Path) -> Table:
    try:
        table = pyarrow.parquet.read_table(path, partitioning=None)
    except (pyarrow.ArrowException, OSError) as error:
        raise FerkitError(
            f"the Parquet file is broken: {str(error).splitlines()[0]}.", where=str(path)
        ) from error
    columns = tuple(str(name) for name in table.column_names)
    _check_columns(path, columns)

    def records() -> Iterator[Record]:
        line = 0
        for batch in table.to_batches(max_chunksize=4096):
            for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                line += 1
                yield Record(line, [_cell(value) for value in cells])

    return Table(columns, records(), "row")


def _cell(value: object) -> Cell:
    """A Parquet value as what a text table would say; lists stay lists."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, list | tuple):
        return [number if isinstance(number, int | float) else math.nan for number in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # pandas stores whole numbers with gaps as floats
    return str(value)


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    # An index column without a name, as pandas writes it, is none of our business.
    doubles = sorted({name for name in columns if name and columns.count(name) > 1})
    if doubles:
        raise FerkitError(f"columns named twice: {', '.join(map(repr, doubles))}.", where=str(path))
