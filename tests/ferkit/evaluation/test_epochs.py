"""What is said of the last and the best epoch: in a run, over seeds, in tables."""

from __future__ import annotations

import csv
import io

import pytest
from rich.console import Console

from ferkit.evaluation.epochs import (
    EPOCH_COLUMNS,
    epochs_cells,
    epochs_of,
    epochs_values,
    summarise_epochs,
)
from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.matrix_epochs import epochs_markdown, epochs_parts
from ferkit.evaluation.report_epochs import epochs_section, epochs_table
from ferkit.evaluation.runs_csv import MatrixRun, runs_csv
from ferkit.evaluation.settings_csv import matrix_csv, settings_csv
from ferkit.evaluation.wording import HEADLINES, UNKNOWN


def epoch(number: int, accuracy: float, loss: float | None = 0.5):
    metrics = {name: {"value": accuracy, "low": 0.1, "high": 0.9} for name in HEADLINES}
    return {
        "epoch": number,
        "validation_loss": loss,
        "validation_accuracy": None if loss is None else 0.6,
        "n": 100,
        **metrics,
    }


def results(best=None, last=None, *, used="best", chosen_by="validation"):
    there = {"best": best, "last": last}
    entry = {"phase": "main", "used": used, "chosen_by": chosen_by}
    entry |= {kind: one for kind, one in there.items() if one is not None}
    counted = entry.get(used) or epoch(1, 0.5)
    return {"test": {name: counted[name] for name in HEADLINES}, "epochs": entry}


BOTH = results(epoch(3, 0.6), epoch(9, 0.5, 0.7))
SAME = results(epoch(4, 0.8), epoch(4, 0.8))
LAST = results(last=epoch(9, 0.4, None), used="last")


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {"used": "best"},
        {"used": "odd", "best": epoch(1, 0.5)},
        {"used": "best", "best": {"epoch": 1}},
        {"used": "best", "best": {**epoch(1, 0.5), "epoch": "one"}},
    ],
)
def test_what_is_no_entry_of_epochs_is_left_out(broken) -> None:
    assert epochs_of({"epochs": broken}) == {}
    assert epochs_section({"epochs": broken}) is None
    assert epochs_table({"epochs": broken}) is None
    assert summarise_epochs({"0": {"epochs": broken}}) is None


def test_the_section_of_a_run() -> None:
    section = epochs_section(BOTH)
    assert section is not None
    assert [row[:5] for row in section["table"].rows] == [
        ["best (counts)", "3", "0.5000", "60.0 %", "60.0 %\n10.0 to 90.0"],
        ["last", "9", "0.7000", "60.0 %", "50.0 %\n10.0 to 90.0"],
    ]
    assert all(len(row) == len(section["table"].columns) for row in section["table"].rows)
    said = " ".join(section["sentences"])
    assert "phase 'main'" in said
    assert "final weights are those of the best epoch" in said
    assert "chosen by the validation split; the test figures had no say in it" in said


def test_where_the_last_epoch_is_the_best() -> None:
    section = epochs_section(SAME)
    assert section is not None
    assert [row[0] for row in section["table"].rows] == ["best and last"]
    assert "both are the same weights" in section["sentences"][0]


def test_without_validation() -> None:
    section = epochs_section(LAST)
    assert section is not None
    assert [row[:3] for row in section["table"].rows] == [["last (counts)", "9", UNKNOWN]]
    assert section["sentences"] == [
        "There is no validation split, so no epoch was chosen: the last one counts."
    ]
    assert epochs_table(LAST) is None


def test_where_one_was_not_kept() -> None:
    for there, missing in ((results(last=epoch(9, 0.5), used="last"), "best"),
                           (results(best=epoch(3, 0.6)), "last")):  # fmt: skip
        section = epochs_section(there)
        assert section is not None
        assert section["sentences"] == [
            f"The weights of the {missing} epoch were not kept when this run was begun."
        ]


def test_chosen_by_the_test_split_is_said() -> None:
    section = epochs_section(results(epoch(3, 0.6), epoch(9, 0.5), chosen_by="test"))
    assert section is not None
    assert "loss on the test split itself" in section["sentences"][1]
    assert "no say" not in " ".join(section["sentences"])


def test_the_console_table() -> None:
    table = epochs_table(BOTH)
    assert table is not None
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table)
    text = console.export_text()
    assert "best (counts)" in text
    assert "50.0" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "…" not in text


SEEDS = {
    "0": results(epoch(3, 0.6), epoch(9, 0.5), used="last"),
    "1": results(epoch(5, 0.8), epoch(5, 0.8), used="last"),
}


def test_over_seeds() -> None:
    summary = summarise_epochs(SEEDS)
    assert summary is not None
    assert (summary["n"], summary["same"], summary["used"]) == (2, 1, {"last": 2})
    assert summary["best"]["epoch"] == 4
    assert summary["best"]["accuracy"]["mean"] == pytest.approx(0.7)
    assert summary["last"]["accuracy"]["mean"] == pytest.approx(0.65)
    assert summary["last"]["accuracy"]["sd"] == pytest.approx(0.3 / 2**0.5)
    cells = dict(zip(EPOCH_COLUMNS, epochs_cells(summary), strict=True))
    assert cells["last_accuracy"] == pytest.approx(0.65)
    assert cells["best_macro_f1"] == pytest.approx(0.7)
    assert epochs_cells(None) == [None] * len(EPOCH_COLUMNS)


def test_over_folds_it_says_so() -> None:
    summary = summarise_epochs({"0.0": SEEDS["0"], "0.1": SEEDS["1"]})
    assert summary is not None
    assert summary["last"]["accuracy"]["folds"] == 2


def test_of_one_run() -> None:
    values = dict(zip(EPOCH_COLUMNS, epochs_values(BOTH), strict=True))
    assert (values["last_accuracy"], values["best_accuracy"]) == (0.5, 0.6)
    assert epochs_values({}) == [None] * len(EPOCH_COLUMNS)
    assert dict(zip(EPOCH_COLUMNS, epochs_values(LAST), strict=True))["best_accuracy"] is None


def summary_of(**variants):
    return summarise_matrix(variants, baseline=None, metric="accuracy")


def test_a_matrix() -> None:
    summary = summary_of(plain=SEEDS, other={"0": LAST}, old={"0": {"test": SAME["test"]}})
    parts = epochs_parts({"summary": summary})
    assert parts is not None
    (only,) = parts["tables"]
    plain, other = only["table"].rows  # 'old' tells nothing
    assert plain == [
        "plain",
        "65.0 ± 21.2 %\n0.0 to 100.0",
        "70.0 ± 14.1 %\n0.0 to 100.0",
        "7.0",
        "4.0",
        "1 of 2",
        "last",
        "2",
    ]
    assert other[1:4] == ["40.0 %", UNKNOWN, "9.0"]
    assert "chosen by the validation split" in parts["sentences"][1]
    text = epochs_markdown({"summary": summary})
    assert "| plain | 65.0 ± 21.2 %, 95 %: 0.0 to 100.0 |" in text
    rows = list(csv.DictReader(io.StringIO(matrix_csv(summary))))
    assert [row["last_accuracy"] for row in rows] == ["0.650000", "0.400000", ""]
    assert [row["best_accuracy"] for row in rows] == ["0.700000", "", ""]


def test_a_matrix_with_settings() -> None:
    on_test = {"0": results(epoch(3, 0.6), epoch(9, 0.5), chosen_by="test")}
    state = {"settings": {"a": summary_of(plain=SEEDS), "b": summary_of(plain=on_test)}}
    parts = epochs_parts(state)
    assert parts is not None
    assert [one["name"] for one in parts["tables"]] == ["a", "b"]
    assert "in some variants, and in others by the test split itself" in parts["sentences"][1]
    assert "\nb\n" in epochs_markdown(state)
    (first, _) = csv.DictReader(io.StringIO(settings_csv(state["settings"])))
    assert first["best_accuracy"] == "0.700000"


def test_no_run_tells() -> None:
    state = {"summary": summary_of(old={"0": {"test": SAME["test"]}})}
    assert epochs_parts(state) is None
    assert epochs_markdown(state) == ""
    assert epochs_parts({"summary": None}) is None


def test_each_run_of_a_matrix() -> None:
    run = MatrixRun("", "plain", 0, "plain/seed0", BOTH, None, None)
    (row,) = csv.DictReader(io.StringIO(runs_csv([run])))
    assert (row["last_accuracy"], row["best_accuracy"]) == ("0.500000", "0.600000")
