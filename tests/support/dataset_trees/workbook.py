"""Spreadsheets as programs write them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(rows: Sequence[Sequence[object]], raw: str = "") -> bytes:
    """An .xlsx file with one sheet.

    Args:
        rows: of text and numbers.
        raw: the XML of the sheet's rows, instead of those.
    """
    texts: list[str] = []
    lines = [
        "".join(_cell(value, row, column, texts) for column, value in enumerate(values))
        for row, values in enumerate(rows, start=1)
    ]
    data = raw or "".join(f'<row r="{row}">{line}</row>' for row, line in enumerate(lines, 1))
    strings = "".join(f"<si><t>{text}</t></si>" for text in texts)
    sheet = '<sheet name="Sheet1" sheetId="1" r:id="rId1"/>'
    target = '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/>'
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{SHEETS}" xmlns:r="{RELATIONS}"><sheets>{sheet}'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships>{target}</Relationships>",
        "xl/sharedStrings.xml": f'<sst xmlns="{SHEETS}">{strings}</sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SHEETS}"><sheetData>{data}</sheetData>'
        "</worksheet>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _cell(value: object, row: int, column: int, texts: list[str]) -> str:
    place = f'r="{chr(ord("A") + column)}{row}"'
    if not isinstance(value, str):
        return f"<c {place}><v>{value}</v></c>"
    texts.append(value)
    return f'<c {place} t="s"><v>{len(texts) - 1}</v></c>'
