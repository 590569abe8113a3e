"""Files are written whole, and equal results are equal bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ferkit.errors import RunError
from ferkit.evaluation.writing import write_results


def test_results_are_strict_json_with_six_decimals_in_the_given_order(tmp_path: Path) -> None:
    path = write_results(
        tmp_path / "new" / "results.json",
        {"test": {"b": 0.123456789, "a": float("nan"), "list": [1, -0.0, (2.5,)], "é": None}},
    )
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == {
        "test": {"b": 0.123457, "a": None, "list": [1, 0.0, [2.5]], "é": None}
    }
    assert text.index('"b"') < text.index('"a"')
    assert "-0" not in text
    assert text.endswith("}\n")


def test_numbers_that_differ_by_rounding_give_the_same_bytes(tmp_path: Path) -> None:
    one = write_results(tmp_path / "one.json", {"x": 0.1 + 0.2}).read_bytes()
    two = write_results(tmp_path / "two.json", {"x": 0.3}).read_bytes()
    assert one == two


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    write_results(tmp_path / "results.json", {"x": 1})
    write_results(tmp_path / "results.json", {"x": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_a_folder_that_cannot_be_written_is_a_run_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(RunError, match=r"results\.json: can.t be written \(.* is lost"):
        write_results(tmp_path / "file" / "results.json", {"x": 1})
