"""Beside every mean over runs stand its standard deviation and its interval."""

from __future__ import annotations

import csv
import io

import pytest

from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.matrix_page_tables import variants_table
from ferkit.evaluation.matrix_table import matrix_rows, matrix_table
from ferkit.evaluation.settings_csv import matrix_csv, settings_csv
from ferkit.evaluation.spreads import (
    gain_sd,
    in_a_line,
    in_two_lines,
    metric_of,
    number_in_a_line,
    stability_of,
)
from ferkit.evaluation.wording import UNKNOWN

FOUND = {"mean": 0.5, "sd": 0.1, "low": 0.25, "high": 0.75}
ONE = {"mean": 0.5, "sd": None, "low": None, "high": None}


def test_as_text() -> None:
    assert in_two_lines(FOUND) == "50.0 ± 10.0 %\n25.0 to 75.0"
    assert in_a_line(FOUND) == "50.0 ± 10.0 % [25.0, 75.0]"
    assert number_in_a_line(FOUND) == "0.500 ± 0.100 [0.250, 0.750]"
    assert gain_sd(FOUND) == "+50.0 ± 10.0"


def test_one_run_has_no_spread() -> None:
    assert in_two_lines(ONE) == in_a_line(ONE) == "50.0 %"
    assert number_in_a_line(ONE) == "0.500"
    assert gain_sd(ONE) == "+50.0"


@pytest.mark.parametrize("nothing", [None, {}, {"mean": None}])
def test_without_a_mean_there_is_a_dash(nothing) -> None:
    assert in_two_lines(nothing) == in_a_line(nothing) == UNKNOWN


def test_a_matrix_of_an_earlier_version_has_means_alone() -> None:
    entry = {"means": {"macro_f1": 0.4}, "stability_distance": 0.2}
    assert in_a_line(metric_of(entry, "macro_f1")) == "40.0 %"
    assert in_a_line(metric_of(entry, "accuracy")) == UNKNOWN
    assert in_a_line(stability_of(entry)) == "20.0 %"


@pytest.fixture
def summary():
    def run(value: float):
        names = ("accuracy", "mean_class_accuracy", "macro_f1", "calibration_error")
        return {
            "test": {name: {"value": value} for name in names},
            "stability": {"mean": {"total_variation": value / 2, "changed": 0.5}},
        }

    runs = {"plain": {0: run(0.4), 1: run(0.6)}, "other": {0: run(0.5), 1: run(0.9)}}
    return summarise_matrix(runs, baseline="plain", metric="accuracy")


def test_all_means_of_a_matrix(summary) -> None:
    # Of 0.4 and 0.6: mean 0.5, deviation 0.1414; half the interval is 12.706 times 0.1.
    plain = summary["variants"]["plain"]
    assert plain["metrics"]["macro_f1"]["sd"] == pytest.approx(0.02**0.5)
    assert plain["metrics"]["macro_f1"]["low"] == 0
    assert plain["stability"]["mean"] == pytest.approx(plain["stability_distance"])
    table = variants_table(summary)
    (row, other) = table.rows
    assert row[3:6] == ["50.0 ± 14.1 %\n0.0 to 100.0"] * 3
    assert row[6] == "25.0 ± 7.1 %\n0.0 to 88.5"
    assert other[2].startswith("+20.0 ± 14.1\n")
    columns, rows = matrix_rows(summary)
    cells = dict(zip(columns, rows[0], strict=True))
    assert cells["mean per-class accuracy"] == "50.0 ± 14.1 % [0.0, 100.0]"
    assert cells["stability distance"] == "25.0 ± 7.1 % [0.0, 88.5]"
    shown = list(matrix_table(summary).columns[-1].cells)
    assert shown[0] == "50.0 ± 14.1\n[0.0, 100.0]"


def test_all_means_in_the_csv(summary) -> None:
    for text in (matrix_csv(summary), settings_csv({"a": summary})):
        row = next(csv.DictReader(io.StringIO(text)))
        assert row["mean_of_macro_f1"] == "0.500000"
        assert row["sd_of_macro_f1"] == "0.141421"
        assert (row["low_of_macro_f1"], row["high_of_macro_f1"]) == ("0.000000", "1.000000")
