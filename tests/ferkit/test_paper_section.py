"""The key `matrix.paper`: published figures, checked against the names of the matrix."""

from __future__ import annotations

import pytest

from ferkit.errors import FerkitErrors
from ferkit.recipe import read_recipe

RECIPE = "data:\n  train: {use: things, path: here}\nloop: {use: supervised, epochs: 3}\n"
PLAIN = "matrix:\n  variants: {plain: {}, smooth: {model: {dropout: 0.1}}}\n"
GRID = PLAIN + "  settings: {easy: {}, hard: {model: {frames: 2}}}\n"


@pytest.fixture
def read(tmp_path, monkeypatch, parts):
    monkeypatch.chdir(tmp_path)

    def read_it(matrix: str):
        (tmp_path / "r.yaml").write_text(RECIPE + matrix)
        return read_recipe("r.yaml", catalogue=parts).matrix.paper

    return read_it


@pytest.fixture
def wrong(read):
    def lines(matrix: str) -> list[str]:
        with pytest.raises(FerkitErrors) as caught:
            read(matrix)
        return str(caught.value).splitlines()

    return lines


def test_cells_without_settings_are_by_variant(read):
    paper = read(
        PLAIN + "  paper: {source: P, cells: {smooth: 83.44, plain: 80}, rows: {SCN (2020): 85}}\n"
    )
    assert paper.figures(None).get("smooth") == pytest.approx(0.8344)
    assert paper.figures(None).get("plain") == pytest.approx(0.8)
    assert paper.models(None) == pytest.approx({"SCN (2020)": 0.85})
    assert (paper.metric, paper.comparable, paper.note) == ("accuracy", True, "")


def test_cells_with_settings_are_by_setting_and_variant(read):
    paper = read(
        GRID + "  paper:\n    source: P\n    metric: macro_f1\n    comparable: false\n"
        "    cells: {easy: {plain: 1.5}}\n    rows: {SCN: {hard: 2, easy: 3}, DLP: {easy: 4}}\n"
    )
    assert paper.figures("easy").get("plain") == pytest.approx(0.015)
    assert paper.figures("hard").get("plain") is None
    assert paper.figures("easy").get("smooth") is None
    assert paper.models("easy") == pytest.approx({"SCN": 0.03, "DLP": 0.04})
    assert paper.models("hard") == pytest.approx({"SCN": 0.02})


def test_unknown_names_are_told_with_place_and_nearest_name(wrong):
    assert wrong(PLAIN + "  paper: {source: P, cells: {smoth: 80}}\n") == [
        "r.yaml:6:30: matrix.paper.cells names 'smoth', which is no variant. Did you mean 'smooth'?"
    ]
    lines = wrong(
        GRID + "  paper:\n    source: P\n    cells:\n      esy: {plain: 1}\n"
        "      hard: {plane: 1}\n    rows: {SCN: {hrd: 1}}\n"
    )
    assert lines == [
        "r.yaml:10:7: matrix.paper.cells names 'esy', which is no setting. Did you mean 'easy'?",
        "r.yaml:11:14: matrix.paper.cells.hard names 'plane', which is no variant. "
        "Did you mean 'plain'?",
        "r.yaml:12:18: matrix.paper.rows.SCN names 'hrd', which is no setting. "
        "Did you mean 'hard'?",
    ]


def test_the_wrong_depth_is_told(wrong):
    assert wrong(GRID + "  paper: {source: P, cells: {easy: 80}}\n") == [
        "r.yaml:7:36: matrix.paper.cells.easy must be a mapping, variant -> percent, not 80."
    ]
    assert wrong(PLAIN + "  paper: {source: P, rows: {SCN: {easy: 80}}}\n") == [
        "r.yaml:6:34: matrix.paper.rows.SCN must be a number of percent, 0 to 100, not a mapping."
    ]


def test_nothing_to_show_and_a_model_of_ours_are_refused(wrong):
    assert "neither cells nor rows" in wrong(PLAIN + "  paper: {source: P}\n")[0]
    assert (
        "names 'plain', which is a variant of ours. Give its figure in matrix.paper.cells."
        in (wrong(PLAIN + "  paper: {source: P, rows: {plain: 3}}\n")[0])
    )


@pytest.mark.parametrize("value", ["180", "-1", "many", "null", "[3]", ".nan"])
def test_values_are_percent(wrong, value):
    (line,) = wrong(PLAIN + f"  paper: {{source: P, cells: {{plain: {value}}}}}\n")
    assert line.startswith("r.yaml:6:37: ")
    assert "matrix.paper.cells.plain" in line


def test_figures_of_rounds_and_costs(read):
    paper = read(
        GRID + "  paper:\n    source: P\n    rounds: {easy: {plain: [52.5, null, 54.6]}}\n"
        "    rows: {VGG: {easy: 49}}\n    costs: {VGG: {gflops: 15.5, parameters: 138}}\n"
    )
    assert paper.round_figures("easy", "plain") == [0.525, None, pytest.approx(0.546)]
    assert paper.round_figures("hard", "plain") == []
    assert paper.costs["VGG"].gflops == 15.5
    flat = read(PLAIN + "  paper: {source: P, rounds: {plain: [2]}}\n")
    assert flat.round_figures(None, "plain") == [0.02]


@pytest.mark.parametrize(
    ("paper", "message"),
    [
        ("rounds: {plan: [1]}", "matrix.paper.rounds names 'plan', which is no variant. Did you"),
        ("rounds: {plain: 1}", "matrix.paper.rounds.plain must be a list of percent, a round each"),
        ("rounds: {plain: []}", "matrix.paper.rounds.plain must be a list of percent"),
        ("rounds: {plain: [1, 101]}", "matrix.paper.rounds.plain.1 must be a number of percent"),
        ("rounds: 1", "matrix.paper.rounds"),
        ("rows: {A: 1}, costs: {B: {gflops: 1}}", "matrix.paper.costs names 'B', which is no mod"),
        ("rows: {A: 1}, costs: {A: {gflops: 0}}", "must be greater than 0"),
    ],
)
def test_rounds_and_costs_that_are_none(wrong, paper, message):
    assert message in "\n".join(wrong(PLAIN + f"  paper: {{source: P, {paper}}}\n"))


def test_figures_of_further_metrics(read):
    paper = read(
        GRID + "  paper:\n    source: P\n    cells: {easy: {plain: 35}}\n    further:\n"
        "      macro_f1: {cells: {easy: {plain: 29}}, rows: {SCN: {easy: 31}}}\n"
    )
    assert paper.figures("easy", "macro_f1") == pytest.approx({"plain": 0.29})
    assert paper.figures("hard", "macro_f1") == {}
    assert paper.models("easy", "macro_f1") == pytest.approx({"SCN": 0.31})
    assert paper.figures("easy") == pytest.approx({"plain": 0.35})
    assert read(PLAIN + "  paper: {source: P, further: {macro_f1: {cells: {plain: 29}}}}\n").further


@pytest.mark.parametrize(
    ("paper", "message"),
    [
        ("cells: {plain: 0.83, smooth: 0.5}", "matrix.paper.cells must be in percent, and its "
         "highest figure is 0.83. Write 83 instead of 0.83, and so on."),
        ("rows: {SCN: 1}", "matrix.paper.rows must be in percent, and its highest figure is 1."),
        ("rounds: {plain: [0.5, null]}", "matrix.paper.rounds must be in percent"),
        ("further: {macro_f1: {cells: {plain: 0.29}}}", "r.yaml:6:50: matrix.paper.further.macro_f1"
         ".cells must be in percent, and its highest figure is 0.29. Write 29 instead of 0.29"),
        ("further: {macro_f1: {cells: {plan: 29}}}", "matrix.paper.further.macro_f1.cells names "
         "'plan', which is no variant. Did you mean 'plain'?"),
        ("further: {macro_f1: {rows: {plain: 29}}}", "Give its figure in matrix.paper.further."),
        ("further: {macro_f1: {}}", "matrix.paper.further.macro_f1 has neither cells nor rows."),
        ("further: {accuracy: {cells: {plain: 29}}}", "is of the metric that matrix.paper.cells"),
        ("further: {f1: {cells: {plain: 29}}}", "matrix.paper.further"),
    ],
)  # fmt: skip
def test_fractions_and_wrong_further_figures_are_refused(wrong, paper, message):
    assert message in "\n".join(wrong(PLAIN + f"  paper: {{source: P, {paper}}}\n"))


def test_figures_at_zero_or_above_one_are_percent(read):
    assert read(PLAIN + "  paper: {source: P, cells: {plain: 0}}\n").figures(None) == {"plain": 0}
    assert read(PLAIN + "  paper: {source: P, cells: {plain: 0.4, smooth: 1.2}}\n").cells
