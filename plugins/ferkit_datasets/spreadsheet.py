"""Spreadsheets (`.xlsx`) as rows of text, by the standard library.

Such a file is a ZIP archive of XML (ECMA-376); of it the values of the first sheet are read, not
formulas, dates or formats.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple
from xml.etree import ElementTree

from ferkit.errors import FerkitError


class SheetRow(NamedTuple):
    """line: its number in the sheet, from 1. cells: text, "" where one is empty."""

    line: int
    cells: list[str]


def read_sheet(path: Path) -> list[SheetRow]:
    """The rows of a workbook's first sheet that hold something.

    Raises: FerkitError: not a workbook that can be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            shared = _shared_strings(archive)
            with archive.open(_first_sheet(archive)) as sheet:
                return list(_rows(sheet, shared))
    except OSError as error:
        raise FerkitError(
            f"the spreadsheet cannot be read: {error.strerror or error}.", where=str(path)
        ) from error
    except (zipfile.BadZipFile, ElementTree.ParseError, LookupError, ValueError) as error:
        raise FerkitError(
            "is no spreadsheet that can be read.",
            where=str(path),
            hint=f"Expected is an .xlsx file. ({type(error).__name__}: {error})",
        ) from error


def _tag(element: ElementTree.Element) -> str:
    """The name without its namespace: there are two, of the transitional and the strict form."""
    return str(element.tag).rpartition("}")[2]


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """The path of the first sheet in the archive, found through the workbook's relations."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    sheet = next((element for element in book.iter() if _tag(element) == "sheet"), None)
    if sheet is None:
        raise LookupError("there is no sheet")
    relation = next(value for key, value in sheet.attrib.items() if key.endswith("}id"))
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    for element in relations:
        if element.get("Id") == relation:
            target = element.get("Target", "")
            return str(PurePosixPath("/xl") / target).removeprefix("/")
    raise LookupError(f"there is no sheet '{relation}'")


def _shared_strings(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    table = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
    return [_text(item) for item in table if _tag(item) == "si"]


def _text(item: ElementTree.Element) -> str:
    """All text runs together; not how they are pronounced, which East Asian files may tell."""
    if _tag(item) == "t":
        return item.text or ""
    return "".join(_text(part) for part in item if _tag(part) != "rPh")


def _rows(sheet: IO[bytes], shared: list[str]) -> Iterator[SheetRow]:
    line = 0
    for _, row in ElementTree.iterparse(sheet, events=("end",)):
        if _tag(row) != "row":
            continue
        line = int(row.get("r", line + 1))
        cells: list[str] = []
        for cell in row:
            if _tag(cell) != "c":
                continue
            column = _column(cell.get("r", ""), default=len(cells))
            cells += [""] * (column + 1 - len(cells))
            cells[column] = _value(cell, shared)
        if any(cells):
            yield SheetRow(line, cells)
        row.clear()


def _column(reference: str, *, default: int) -> int:
    """The column of "AB12" from 0, 27."""
    letters = reference.rstrip("0123456789")
    if not letters:
        return default
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    if not 1 <= number <= 16384:
        raise ValueError(f"a cell is called {reference!r}")
    return number - 1


def _value(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(_text(part) for part in cell if _tag(part) == "is")
    text = next((part.text or "" for part in cell if _tag(part) == "v"), "")
    return shared[int(text)] if cell.get("t") == "s" and text else text
