"""Tables, figure and page of a matrix with settings."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.matrix_sentences import compact_sentence
from ferkit.evaluation.report import write_matrix_report
from ferkit.evaluation.runs_csv import MatrixRun, runs_csv
from ferkit.evaluation.settings_csv import settings_csv
from ferkit.evaluation.settings_figure import settings_figure
from ferkit.evaluation.settings_table import (
    compact_cells,
    compact_columns,
    compact_markdown,
    settings_markdown,
    settings_tables,
)
from ferkit.evaluation.wording import UNKNOWN

VARIANTS = ("supervised", "label smoothing", "sample weights", "both|of them")


def results(accuracy: float, auroc: float | None = None) -> dict[str, Any]:
    names = ("accuracy", "mean_class_accuracy", "macro_f1", "calibration_error")
    content: dict[str, Any] = {
        "test": {"n": 50, **{name: {"value": accuracy} for name in names}},
    }
    if auroc is not None:
        found = {"auroc": auroc, "precision_at_k": 0.4, "k": 20, "all_equal": False}
        content["label_noise"] = {"n": 100, "wrong": 20, "weight": found, "margin": found}
    return content


def summaries(settings: int = 2, baseline: str | None = "supervised") -> dict[str, dict[str, Any]]:
    made = {}
    for place in range(settings):
        runs = {
            variant: {
                seed: results(0.5 + 0.01 * seed + 0.02 * column + 0.001 * seed * column, 0.8)
                for seed in range(3)
            }
            for column, variant in enumerate(VARIANTS)
        }
        if place == 1:
            del runs["sample weights"][2]
            del runs["both|of them"]
        made[f"easy-noise{place}"] = summarise_matrix(runs, baseline=baseline, metric="accuracy")
    return made


def printed(found: dict[str, dict[str, Any]], width: int) -> str:
    file = io.StringIO()
    console = Console(width=width, file=file, legacy_windows=False)
    for table in settings_tables(found, width=width):
        console.print(table)
    return file.getvalue()


def test_cells_hold_the_mean_and_below_the_gain_with_its_interval() -> None:
    cells = compact_cells(summaries())
    # Gains by seed are .02, .021, .022: mean 2.1 points, half width 4.303 * 0.1 / sqrt 3.
    # Values .52, .531, .542: deviation 1.1 points, half width of the mean 4.303 * 1.1 / sqrt 3.
    smoothing = cells["easy-noise0"]["label smoothing"]
    assert smoothing.lines == ["53.1 ± 1.1", "[50.4, 55.8]", "+2.1 [+1.9, +2.3]"]
    assert cells["easy-noise0"]["supervised"].lines == ["51.0 ± 1.0", "[48.5, 53.5]"]
    assert cells["easy-noise1"]["sample weights"].mean == "54.6 ± 0.8, n=2"
    assert "both|of them" not in cells["easy-noise1"]


def test_the_sentence_says_what_the_cells_are() -> None:
    assert compact_sentence(summaries()) == (
        "Accuracy on test in percent, mean ± standard deviation of 2 to 3 seeds, 95 % t-interval "
        "over seeds; gain over supervised in points, paired by seed, with its interval."
    )
    assert compact_sentence(summaries(1, None)).endswith("of 3 seeds, 95 % t-interval over seeds.")
    one = {"a": summarise_matrix({"x": {0: results(0.5)}}, baseline=None, metric="accuracy")}
    assert compact_sentence(one) == "Accuracy on test in percent, mean of 1 seed."
    assert compact_cells(one)["a"]["x"].lines == ["50.0"]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_console_tables_keep_to_their_width_and_lose_no_variant(width: int) -> None:
    text = printed(summaries(4), width)
    assert max(map(len, text.splitlines())) <= width
    for variant in VARIANTS:
        assert variant in text
    assert "+2.1 [+1.9, +2.3]" in text
    tables = text.count("easy-noise3")
    assert tables == text.count("setting ") == (1 if width == 100 else 2)


def test_no_settings_no_table() -> None:
    assert settings_tables({}) == []
    assert compact_markdown({}) == ""


def test_markdown_is_compact_and_long() -> None:
    lines = compact_markdown(summaries()).splitlines()
    assert (
        lines[0] == "| setting | supervised | label smoothing | sample weights | both\\|of them |"
    )
    assert lines[2].startswith(
        "| easy-noise0 | 51.0 ± 1.0 [48.5, 53.5] | 53.1 ± 1.1 [50.4, 55.8] (+2.1 [+1.9, +2.3]) |"
    )
    assert lines[3].endswith(f"| {UNKNOWN} |")
    assert lines[5].startswith("Accuracy on test")
    long = settings_markdown(summaries()).splitlines()
    assert len(long) == 2 + 4 + 3 + 2
    assert long[-1].startswith("Accuracy on test in percent")
    assert long[2].startswith("| easy-noise0 | supervised | 3 | 51.0 % | 1.0 | 48.5 to 53.5 |")
    assert len({line.replace("\\|", "").count("|") for line in long[:-2]}) == 1


def test_csv_has_a_row_per_setting_and_variant() -> None:
    first = {"easy-noise0": {"0": 0.4, "1": 0.6}}
    rows = list(csv.DictReader(io.StringIO(settings_csv(summaries(), first_accuracy=first))))
    assert [row["setting"] for row in rows] == ["easy-noise0"] * 4 + ["easy-noise1"] * 3
    smoothing = rows[1]
    assert float(smoothing["gain"]) == pytest.approx(0.021)
    assert float(smoothing["gain_high"]) == pytest.approx(0.021 + 4.3027 * 0.001 / 3**0.5, abs=1e-6)
    assert (smoothing["n"], smoothing["first_accuracy"]) == ("3", "0.500000")
    assert (smoothing["margin_auroc"], smoothing["loss_auroc"]) == ("0.800000", "")
    assert smoothing["wrong_labels"] == "0.200000"
    assert (rows[0]["gain"], rows[5]["first_accuracy"]) == ("", "")


def test_csv_of_runs_has_every_number_of_each() -> None:
    expressions = {
        "intensity": {"overall": {"rho": 0.4}, "within_classes": {"rho": None}},
        "blends": {"both": {"value": 0.3}, "top_is_second": {"value": 0.1}},
    }
    run = MatrixRun("a", "b", 3, "a/b/seed3", results(0.5, 0.75) | expressions, 0.25, 12.5)
    bare = MatrixRun("", "pretrain", 0, "pretrain/seed0", {}, None, None)
    row, empty = csv.DictReader(io.StringIO(runs_csv([run, bare])))
    assert (row["setting"], row["variant"], row["seed"], row["folder"]) == (
        "a",
        "b",
        "3",
        "a/b/seed3",
    )
    assert (row["macro_f1"], row["n"], row["weight_auroc"]) == ("0.500000", "50", "0.750000")
    assert (row["first_accuracy"], row["seconds"]) == ("0.250000", "12.500000")
    assert (row["intensity_rho"], row["intensity_rho_within_classes"]) == ("0.400000", "")
    assert (row["blend_both"], row["blend_right_order"]) == ("0.300000", "")
    assert (row["blend_top_is_second"], empty["blend_both"]) == ("0.100000", "")
    assert (empty["accuracy"], empty["first_accuracy"], empty["wrong_labels"]) == ("", "", "")


def test_the_figure_has_a_dot_for_each_gain() -> None:
    axes = settings_figure(summaries()).axes[0]
    dots = [np.asarray(line.get_xdata()) for line in axes.lines if line.get_marker() == "o"]
    dots = [one for one in dots if len(one)]  # the legend's have no place
    assert len(dots) == 3 + 2
    assert dots[0] == pytest.approx([2.1])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["easy-noise0", "easy-noise1"]
    assert axes.get_xlabel() == "gain over supervised, points"
    without = settings_figure(summaries(1, None)).axes[0]
    assert without.get_xlabel() == "accuracy, %"


def test_the_page_folds_each_setting(tmp_path: Path) -> None:
    state = {
        "name": "grid",
        "status": "partial",
        "runs": [
            {"setting": "s", "variant": "v", "seed": 0, "folder": "s/v/seed0", "done": True},
            {"setting": "t", "variant": "v", "seed": 0, "folder": "s/v/seed0", "done": True,
             "shared": True},
        ],
        "failures": {"pretrain, seed 0": "boom"},
        "not_tried": {"s/v, seed 1": "pretrain, seed 0"},
        "summary": None,
        "settings": summaries(),
    }  # fmt: skip
    (tmp_path / "matrix.json").write_text(json.dumps(state))
    page = write_matrix_report(tmp_path).read_text(encoding="utf-8")
    assert re.findall("<summary>(.*)</summary>", page) == [
        "easy-noise0",
        "easy-noise1",
        "2 runs with their reports",
    ]
    assert page.count("data:image/png;base64,") == 1
    assert "1 of 1 runs done" in page
    assert "pretrain, seed 0 failed: boom (so 1 run that starts from it was not tried)" in page
    assert "Not all runs are finished" in page
    assert "t/v" in page
    assert "done, another setting&#39;s" in page


def test_many_published_models_get_no_columns() -> None:
    def summaries(count: int) -> dict[str, dict]:
        models = {f"M{place}": 0.5 for place in range(count)}
        return {"s": {"variants": {"v": {}}, "paper": {"metric": "accuracy", "models": models}}}

    assert compact_columns(summaries(2)) == ["v", "M0, published", "M1, published"]
    assert compact_columns(summaries(5)) == ["v"]
