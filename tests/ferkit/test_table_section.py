"""The key `matrix.table`: which axes lay out the compact table."""

from __future__ import annotations

import pytest

from ferkit.errors import FerkitErrors
from ferkit.recipe import read_recipe

RECIPE = "data:\n  train: {use: things, path: here}\nloop: {use: supervised, epochs: 3}\n"
AXES = "matrix:\n  axes: {model.dropout: [0.1, 0.2], loop.epochs: [1, 2]}\n"


@pytest.fixture
def read(tmp_path, monkeypatch, parts):
    monkeypatch.chdir(tmp_path)

    def read_it(matrix: str):
        (tmp_path / "r.yaml").write_text(RECIPE + matrix)
        return read_recipe("r.yaml", catalogue=parts).matrix

    return read_it


def test_two_axes_are_rows_and_columns(read):
    table = read(AXES + "  table: {rows: loop.epochs, columns: model.dropout}\n").table
    assert (table.rows, table.columns) == ("loop.epochs", "model.dropout")
    crossed = AXES + "  settings: {a: {}, b: {model: {frames: 2}}}\n"
    assert (
        read(crossed + "  table: {rows: setting, columns: loop.epochs}\n").table.rows == "setting"
    )


@pytest.mark.parametrize(
    ("matrix", "line"),
    [
        (
            AXES + "  table: {rows: loop.epoch, columns: model.dropout}\n",
            "r.yaml:6:17: matrix.table.rows names 'loop.epoch', which is no axis. "
            "Did you mean 'loop.epochs'?",
        ),
        (
            AXES + "  table: {rows: loop.epochs, columns: loop.epochs}\n",
            "r.yaml:6:39: matrix.table has the axis 'loop.epochs' as rows and as columns.",
        ),
        (
            "matrix:\n  variants: {a: {}}\n  table: {rows: x, columns: y}\n",
            "r.yaml:6:10: matrix.table has no meaning without matrix.axes.",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(read, matrix, line):
    with pytest.raises(FerkitErrors) as caught:
        read(matrix)
    assert str(caught.value).splitlines() == [line]
