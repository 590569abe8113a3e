"""Lists of labels, row by row."""

from __future__ import annotations

import pytest
from ferkit_datasets.lists import Row, code_of, read_lines, read_list

from ferkit.errors import FerkitError


def test_columns_are_found_by_name_and_cells_stripped(grow) -> None:
    folder = grow(
        {"list.csv": '\ufeffemotion, Usage, pixels\r\n0,Training,"1 2"\r\n\r\n3,Test\r\n'}
    )
    rows = list(read_list(folder / "list.csv", ("pixels", "emotion")))
    assert rows == [Row(2, ("1 2", "0")), Row(4, ("", "3"))]


def test_a_list_may_lack_its_header(grow) -> None:
    folder = grow({"list.csv": "a.jpg,3\nb.jpg,4\n", "named.csv": "code,file\n3,a.jpg\n"})
    for name, rows in [
        ("list.csv", [Row(1, ("3",)), Row(2, ("4",))]),
        ("named.csv", [Row(2, ("3",))]),
    ]:
        assert list(read_list(folder / name, ("code",), unnamed=("file", "code"))) == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"list\.csv: the list is empty"),
        ("emotin,x\n", r"list\.csv:1: there is no column 'emotion'\. Did you mean 'emotin'"),
        ("a,b\n", r"no column 'emotion'\. Its columns: a, b"),
        ('emotion\n1\n"2\n', r"list\.csv:3: the row that begins here is broken"),
    ],
)
def test_what_is_no_such_list(grow, text, message) -> None:
    with pytest.raises(FerkitError, match=message):
        list(read_list(grow({"list.csv": text}) / "list.csv", ("emotion",)))


def test_no_list_at_all(tmp_path) -> None:
    with pytest.raises(FerkitError, match="can't be read: No such file"):
        list(read_list(tmp_path / "none.csv", ("emotion",)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lines_of_a_text(tmp_path, encoding) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes("train_1.jpg 1\r\né 2\n".encode(encoding))
    assert read_lines(path) == ["train_1.jpg 1", "é 2"]
    with pytest.raises(FerkitError, match="the list can't be read: Is a directory"):
        read_lines(tmp_path)


@pytest.mark.parametrize(
    ("text", "code"), [("1", "1"), ("1.0", "1"), ("10.00", "10"), ("1.5", "1.5"), ("x.0", "x.0")]
)
def test_whole_numbers_with_a_point(text, code) -> None:
    assert code_of(text) == code
