"""Summary, tables and page of a matrix of runs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ferkit.errors import FerkitError
from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.matrix_table import matrix_markdown, matrix_rows, matrix_table
from ferkit.evaluation.report import write_matrix_report
from ferkit.evaluation.settings_csv import matrix_csv, settings_csv
from ferkit.evaluation.wording import SMOKE

Runs = dict[str, dict[int, dict[str, Any]]]


def results(accuracy: float, auroc: float | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {
        "test": {
            "accuracy": {"value": accuracy, "low": None, "high": None},
            "mean_class_accuracy": {"value": accuracy - 0.1, "low": None, "high": None},
        }
    }
    if auroc is not None:
        found = {"auroc": auroc, "precision_at_k": 0.4, "k": 20, "all_equal": auroc == 0.5}
        content["label_noise"] = {"n": 100, "wrong": 20, "weight": found, "loss": found}
    return content


@pytest.fixture
def runs() -> Runs:
    return {
        "supervised": {0: results(0.5, 0.5), 1: results(0.6, 0.5), 2: results(0.7, 0.5)},
        "self|training": {0: results(0.6, 0.8), 1: results(0.7, 0.9)},
        "all <labels>": {2: results(0.9)},
    }


@pytest.fixture
def summary(runs: Runs) -> dict[str, Any]:
    return summarise_matrix(runs, baseline="supervised", metric="accuracy")


def printed(table: Any, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), legacy_windows=False)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_summary_pairs_gains_by_seed(summary: dict[str, Any]) -> None:
    variants = summary["variants"]
    assert list(variants) == ["supervised", "self|training", "all <labels>"]
    assert variants["supervised"]["mean"] == pytest.approx(0.6)
    assert variants["supervised"]["gain"] is None
    gain = variants["self|training"]["gain"]
    assert (gain["n"], gain["mean"], gain["sd"]) == pytest.approx((2, 0.1, 0))
    assert variants["all <labels>"]["gain"]["low"] is None
    assert variants["all <labels>"]["gain"]["method"] == "paired by seed, no interval: one seed"
    assert variants["self|training"]["values"] == {"0": 0.6, "1": 0.7}
    assert variants["self|training"]["means"]["mean_class_accuracy"] == pytest.approx(0.55)
    assert summary["seeds"] == ["0", "1", "2"]


def test_intervals_of_fractions_stay_within_0_and_1(runs: Runs) -> None:
    runs["wild"] = {0: results(0.2), 1: results(0.99)}
    entry = summarise_matrix(runs, baseline=None, metric="accuracy")["variants"]["wild"]
    assert (entry["low"], entry["high"]) == (0.0, 1.0)
    assert entry["gain"] is None


def test_label_noise_is_summarised_over_seeds(summary: dict[str, Any]) -> None:
    noise = summary["variants"]["self|training"]["label_noise"]
    assert noise["weight_auroc"]["mean"] == pytest.approx(0.85)
    assert noise["all_equal"] is False
    assert summary["variants"]["supervised"]["label_noise"]["all_equal"] is True
    assert summary["variants"]["all <labels>"]["label_noise"] is None


def test_label_noise_can_be_given_apart(runs: Runs) -> None:
    apart = {"all <labels>": {2: results(0, 0.7)["label_noise"]}}
    summary = summarise_matrix(runs, baseline=None, metric="accuracy", label_noise=apart)
    found = summary["variants"]["all <labels>"]["label_noise"]
    assert found["weight_auroc"]["mean"] == pytest.approx(0.7)
    assert summary["variants"]["supervised"]["label_noise"] is None


def test_runs_without_the_metric_are_left_out(runs: Runs) -> None:
    runs["broken"] = {0: {"test": {"accuracy": {"value": None}}}, 1: {}}
    summary = summarise_matrix(runs, baseline="broken", metric="accuracy")
    assert "broken" not in summary["variants"]
    assert summary["variants"]["supervised"]["gain"] is None


def test_console_table_fits_80_columns(summary: dict[str, Any]) -> None:
    text = printed(matrix_table(summary), 80)
    assert max(len(line) for line in text.splitlines()) <= 80
    for expected in ("supervised", "60.0", "[35.2, 84.8]", "+10.0", "one seed", "0.850", "0.500="):
        assert expected in text, expected


def test_markdown_escapes_bars(summary: dict[str, Any]) -> None:
    lines = matrix_markdown(summary).splitlines()
    assert len(lines) == 7
    assert "self\\|training" in lines[3]
    unescaped = [line.replace("\\|", "").count("|") for line in lines[:5]]
    assert len(set(unescaped)) == 1
    assert "0.500 (weights all equal)" in lines[2]


def test_csv_holds_every_number(summary: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(matrix_csv(summary))))
    assert [row["variant"] for row in rows] == list(summary["variants"])
    assert float(rows[1]["gain_mean"]) == pytest.approx(0.1)
    assert (rows[1]["seed_0"], rows[1]["seed_2"]) == ("0.600000", "")
    assert rows[0]["gain_mean"] == ""
    assert float(rows[1]["weight_auroc"]) == pytest.approx(0.85)


def test_page_shows_variants_seeds_noise_and_links(tmp_path: Path, summary: dict[str, Any]) -> None:
    (tmp_path / "all <labels>" / "seed2").mkdir(parents=True)
    (tmp_path / "all <labels>" / "seed2" / "report.html").write_text("x")
    state = {
        "name": "quick & <b>dirty</b>",
        "status": "failed",
        "written": "2026-01-02T03:04:05+00:00",
        "runs": [
            {"variant": "all <labels>", "seed": 2, "folder": "all <labels>/seed2", "done": True},
            {"variant": "supervised", "seed": 0, "folder": "supervised/seed0", "done": False},
        ],
        "failures": {"self|training, seed 2": "the loss is not finite"},
        "summary": summary,
    }
    (tmp_path / "matrix.json").write_text(json.dumps(state))
    page = write_matrix_report(tmp_path).read_text(encoding="utf-8")
    assert "quick &amp; &lt;b&gt;dirty&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "1 of 2 runs done · 2026-01-02 03:04 UTC" in page
    assert 'href="all%20%3Clabels%3E/seed2/report.html"' in page
    assert page.count("<a ") == 1
    assert "self|training, seed 2 failed: the loss is not finite" in page
    assert "+10.0" in page
    assert "0.850 ± 0.071\n" in page
    assert page.count("data:image/png;base64,") == 1


def test_stability_is_told_where_every_run_measured_it(tmp_path: Path, runs: Runs) -> None:
    for variant, by_seed in runs.items():
        for seed, entry in by_seed.items():
            moved = 0.1 if variant == "supervised" else 0.2 + 0.1 * seed
            entry["stability"] = {"mean": {"total_variation": moved, "changed": 0.5}}
    whole = summarise_matrix(runs, baseline="supervised", metric="accuracy")
    found = [entry["stability_distance"] for entry in whole["variants"].values()]
    assert found == pytest.approx([0.1, 0.25, 0.4])
    columns, rows = matrix_rows(whole)
    place = columns.index("stability distance")
    assert [row[place] for row in rows] == [
        "10.0 ± 0.0 % [\N{EN DASH}]",
        "25.0 ± 7.1 % [0.0, 88.5]",
        "40.0 %",
    ]
    (tmp_path / "matrix.json").write_text(json.dumps({"name": "m", "summary": whole}))
    page = write_matrix_report(tmp_path).read_text(encoding="utf-8")
    assert ">stability distance</th>" in page
    assert ">25.0 ± 7.1 %\n0.0 to 88.5</td>" in page
    assert "Stability distance: how much of the class probabilities moves" in page

    del runs["self|training"][1]["stability"]
    part = summarise_matrix(runs, baseline="supervised", metric="accuracy")
    assert "stability distance" not in matrix_rows(part)[0]
    cells = [row["stability_distance"] for row in csv.DictReader(io.StringIO(matrix_csv(part)))]
    assert cells == ["0.100000", "", "0.400000"]
    long = csv.DictReader(io.StringIO(settings_csv({"s": part})))
    assert [row["stability_distance"] for row in long] == cells
    (tmp_path / "matrix.json").write_text(json.dumps({"name": "m", "summary": part}))
    assert "tability distance" not in write_matrix_report(tmp_path).read_text(encoding="utf-8")


def test_a_summary_of_before_stability_was_told_still_has_its_page(
    tmp_path: Path, summary: dict[str, Any]
) -> None:
    for entry in summary["variants"].values():
        del entry["stability_distance"]
    (tmp_path / "matrix.json").write_text(json.dumps({"name": "old", "summary": summary}))
    assert "+10.0" in write_matrix_report(tmp_path).read_text(encoding="utf-8")


@pytest.mark.parametrize("smoke", [True, False])
def test_the_page_of_smoke_runs_says_so(
    tmp_path: Path, summary: dict[str, Any], smoke: bool
) -> None:
    for content in ({"summary": summary}, {"summary": None, "settings": {"s": summary}}):
        state = {"name": "quick", "smoke": smoke, **content}
        (tmp_path / "matrix.json").write_text(json.dumps(state))
        page = write_matrix_report(tmp_path).read_text(encoding="utf-8")
        assert page.count(f'<p class="note">{SMOKE}</p>') == smoke


def test_page_of_a_matrix_in_which_nothing_finished(tmp_path: Path) -> None:
    state: dict[str, Any] = {"name": "empty", "status": "interrupted", "runs": [], "summary": None}
    (tmp_path / "matrix.json").write_text(json.dumps(state))
    page = write_matrix_report(tmp_path).read_text(encoding="utf-8")
    assert "No run has finished yet" in page


def test_a_folder_without_matrix_json_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FerkitError, match=r"matrix\.json: can't be read .* folder of a matrix\?"):
        write_matrix_report(tmp_path)
