"""What is said of rounds: in a run, over seeds, in tables and figures."""

from __future__ import annotations

import csv
import io

import pytest

from ferkit.evaluation.published import rounds_beside_paper
from ferkit.evaluation.report_rounds import rounds_section, rounds_table
from ferkit.evaluation.rounds import chosen_so_far, rounds_of, summarise_rounds
from ferkit.evaluation.rounds_figure import rounds_figure
from ferkit.evaluation.runs_csv import MatrixRun, rounds_csv
from ferkit.evaluation.tables import rounds_markdown
from ferkit.evaluation.wording import UNKNOWN


def entry(name: str, accuracy: float, so_far: str, **more):
    return {
        "name": name,
        "round": int(name[-1]),
        "network": "student",
        "validation_accuracy": 0.5,
        "validation_loss": None,
        "counts": False,
        "best_so_far": so_far,
        "n": 100,
        "accuracy": accuracy,
        "mean_class_accuracy": accuracy,
        "macro_f1": accuracy,
        "calibration_error": 0.1,
        "stability": None,
        **more,
    }


# Of seed 1 validation prefers round 0 to round 1 although that is better on test.
SEEDS = {
    0: [entry("r0", 0.5, "r0"), entry("r1", 0.6, "r1"), entry("r2", 0.7, "r2", counts=True)],
    1: [entry("r0", 0.4, "r0", counts=True), entry("r1", 0.6, "r0")],
}


def test_what_was_chosen_by_then() -> None:
    assert chosen_so_far(SEEDS[0], "accuracy") == [0.5, 0.6, 0.7]
    assert chosen_so_far(SEEDS[1], "accuracy") == [0.4, 0.4]


def test_rounds_over_seeds() -> None:
    first, second, third = summarise_rounds(SEEDS, "accuracy")
    assert (first["mean"], first["gain"], first["counts"]) == (pytest.approx(0.45), None, 1)
    assert second["gain"]["mean"] == pytest.approx(0.15)  # .1 and .2
    assert second["chosen"]["mean"] == pytest.approx(0.5)  # .6 and .4
    assert second["chosen_gain"]["mean"] == pytest.approx(0.05)  # .1 and 0
    assert (third["n"], third["counts"]) == (1, 1)  # seed 1 stopped before
    assert third["gain"]["mean"] == pytest.approx(0.2)


def test_stability_over_seeds() -> None:
    moved = {"total_variation": 0.25, "changed": 0.5}
    runs = {0: [entry("r0", 0.5, "r0", stability=moved)], 1: [entry("r0", 0.5, "r0")]}
    assert summarise_rounds(runs, "accuracy")[0]["stability"] == pytest.approx(0.25)
    assert summarise_rounds(SEEDS, "accuracy")[0]["stability"] is None


@pytest.mark.parametrize("broken", [None, {}, [1], [{"name": "r0"}], [{"accuracy": 0.5}]])
def test_what_is_no_entry_of_rounds_is_left_out(broken) -> None:
    assert rounds_of({"rounds": broken}) == []
    assert rounds_section({"rounds": broken}) is None


def test_the_section_of_a_run() -> None:
    section = rounds_section({"rounds": SEEDS[0]})
    assert section is not None
    last = section["table"].rows[-1]
    assert last[:4] == ["r2 (counts)", "50.0 %", "70.0 %", "r2"]
    assert len(last) == len(section["table"].columns)


def test_tables_of_a_matrix() -> None:
    summary = {"plain": summarise_rounds(SEEDS, "accuracy")}
    table = rounds_table(summary)
    assert [row[:2] for row in table.rows] == [["plain", f"r{place}"] for place in range(3)]
    assert table.rows[2][-1] == "1 of 1"
    text = rounds_markdown({"": summary, "noise": summary})
    assert text.count("| plain |") == 6
    assert "\nnoise\n" in text
    runs = [
        MatrixRun("", "plain", seed, "f", {"rounds": entries}, None, None)
        for seed, entries in SEEDS.items()
    ]
    rows = list(csv.DictReader(io.StringIO(rounds_csv(runs))))
    assert len(rows) == 5
    assert (rows[2]["seed"], rows[2]["name"], rows[2]["accuracy"]) == ("0", "r2", "0.700000")
    assert rows[2]["stability_distance"] == ""


def test_the_figure_marks_what_counts() -> None:
    figure = rounds_figure(SEEDS[0])
    assert figure is not None
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    assert list(lines["test"].get_ydata()) == pytest.approx([50, 60, 70])
    assert list(lines["counts"].get_xdata()) == [2]
    assert rounds_figure(SEEDS[0][:1]) is None


def test_rounds_beside_the_papers() -> None:
    rounds = rounds_beside_paper(summarise_rounds(SEEDS, "accuracy"), [0.525, None, 0.6])
    assert rounds[0]["paper"] == {
        "value": 0.525,
        "ours": pytest.approx(0.45),
        "difference": pytest.approx(-0.075),
    }
    assert "paper" not in rounds[1]
    table = rounds_table({"student": rounds})
    assert table.columns[-2:] == ["paper", "ours less the paper's, points"]
    assert [row[-2:] for row in table.rows] == [
        ["52.50 %", "\u22127.50"],
        [UNKNOWN, UNKNOWN],
        ["60.00 %", "+10.00"],
    ]
    assert "paper" not in rounds_table({"s": summarise_rounds(SEEDS, "accuracy")}).columns
