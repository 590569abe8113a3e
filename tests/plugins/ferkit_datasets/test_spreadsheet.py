"""Reading of spreadsheets, on workbooks as programs write them."""

from __future__ import annotations

import pytest
from dataset_trees.workbook import workbook
from ferkit_datasets.spreadsheet import read_sheet

from ferkit.errors import FerkitError


def test_numbers_and_text(tmp_path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook([["order", "1happy"], [1, 0.5], [2, 10]]))
    assert [(row.line, row.cells) for row in read_sheet(path)] == [
        (1, ["order", "1happy"]),
        (2, ["1", "0.5"]),
        (3, ["2", "10"]),
    ]


def test_gaps_and_inline_text(tmp_path) -> None:
    sheet = (
        '<row r="2"><c r="C2" t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c></row>'
        '<row r="4"><c r="AB4"><v>7</v></c><c r="AC4" t="s"/></row><row r="9"/>'
    )
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook([], raw=sheet))
    assert [(row.line, row.cells) for row in read_sheet(path)] == [
        (2, ["", "", "inline"]),
        (4, [*[""] * 27, "7", ""]),
    ]


def test_what_is_no_spreadsheet(tmp_path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_text("order,1happy\n")
    with pytest.raises(FerkitError, match=r"no spreadsheet that can be read.*BadZipFile"):
        read_sheet(path)
    path.write_bytes(workbook([], raw="<row>"))
    with pytest.raises(FerkitError, match=r"no spreadsheet that can be read.*ParseError"):
        read_sheet(path)
    path.write_bytes(workbook([], raw='<row r="1"><c r="A1" t="s"><v>5</v></c></row>'))
    with pytest.raises(FerkitError, match=r"no spreadsheet that can be read.*IndexError"):
        read_sheet(path)
    with pytest.raises(FerkitError, match="cannot be read: No such file"):
        read_sheet(tmp_path / "none.xlsx")
