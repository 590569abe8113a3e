"""The report of a run: complete, self-contained, safe, and honest about what is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from ferkit.errors import FerkitError, RunError
from ferkit.evaluation import drawing
from ferkit.evaluation.blends import blend_order
from ferkit.evaluation.intensity import intensity_correlation
from ferkit.evaluation.report import write_report
from ferkit.evaluation.run_figures import write_figures

MakeRun = Callable[..., Path]
VOID = {"meta", "img", "br", "hr", "link"}


@pytest.fixture(autouse=True)
def small_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of few pixels: here it only matters that they are there."""
    monkeypatch.setattr(drawing, "_DPI", 50)


class Outline(HTMLParser):
    """Checks that elements are closed in order, and collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    assert parser.open == []
    return parser


def crops(ids: Sequence[str]) -> NDArray[np.uint8]:
    return np.zeros((len(ids), 3, 8, 8), np.uint8)


def read(folder: Path) -> str:
    return write_report(folder).read_text(encoding="utf-8")


def test_a_full_run_gives_every_figure_and_section(make_run: MakeRun) -> None:
    folder = make_run()
    asked: list[list[str]] = []

    def remember(ids: Sequence[str]) -> NDArray[np.uint8]:
        asked.append(list(ids))
        return crops(ids)

    written = write_figures(folder, test_crops=remember, train_crops=remember)
    assert [len(ids) for ids in asked] == [21, 16, len(asked[2]), 42, 16]
    assert all(name.startswith("test/") for ids in asked[:3] for name in ids)
    assert all(name.startswith("labelled/") for ids in asked[3:] for name in ids)
    assert sorted(path.stem for path in written) == [
        "confusion", "faces_by_probability", "faces_by_weight", "learning_curves",
        "lowest_weights", "near_ties", "per_class", "pool", "reliability", "splits",
        "target_confidence", "weights", "wrong_predictions",
    ]  # fmt: skip
    page = read(folder)
    found = outline(page)
    assert len(found.references) == 13
    assert all(reference.startswith("data:image/png;base64,") for reference in found.references)
    assert not {"script", "link", "iframe"} & found.tags
    assert "http" not in re.sub(r'http-equiv="', "", page)
    for expected in (
        "mean per-class accuracy", "Wilson intervals", "The backbone was trained from scratch.",
        "The validation set has 30 samples, too few to choose by",
        "train, test: 2 near-duplicates lie in both.", "missing file", "faces.csv:7",
        "successive_smoothing (alpha 0.7); loss_trend (c 0.3, sigma 2.0)", "low weight",
        "low margin of the label",
        "low intensity", "ferkit run recipe.yaml", "label_noise: 0.2", "2026-01-02 03:05 UTC",
        "always answering the most frequent class", "self_training", "unknown class",
    ):  # fmt: skip
        assert expected in page, expected
    assert "None" not in re.sub(r"base64,[^\"]*", "", page)
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page).lower().replace("finance", "")


def test_a_run_with_intensity_blends_and_moving_weights_shows_them(make_run: MakeRun) -> None:
    folder = make_run(tests=60, training=20)
    predictions = pq.read_table(folder / "predictions.parquet")
    n = len(predictions)
    strength = pa.array(np.linspace(0.1, 1, n), pa.float32())
    predictions = predictions.append_column("intensity", strength)
    predictions = predictions.append_column("second", pa.array(["fear"] * n))
    pq.write_table(predictions, folder / "predictions.parquet")
    header = "phase,round,epoch,split,lower,upper,count\n"
    rows = [
        f"self_training,0,{epoch},labelled,{lower},1,9\n" for epoch in (1, 2) for lower in (0, 0.5)
    ]
    (folder / "weight_histograms.csv").write_text(header + "".join(rows))
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    probs, first = np.eye(7)[[3, 3, 2]] + np.eye(7)[[2, 4, 3]] / 2, np.array([3, 3, 3])
    results["intensity"] = intensity_correlation(
        np.array([0.1, 0.5, 0.3, 0.2]),
        np.array([0.1, 0.8, 0.2, 0.0]),
        labels=np.array([0, 0, 0, 1]),
        classes=("anger", "<b>odd</b>"),
    )
    results["blends"] = blend_order(probs, first, np.array([2, 2, 2]))
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    names = {path.stem for path in write_figures(folder, test_crops=crops)}
    assert {"faces_by_intensity", "blends", "weight_course"} <= names
    page = read(folder)
    outline(page)
    for expected in (
        "Subtle and blended expressions", "within classes", "1.00",
        "their intensity does not vary: &lt;b&gt;odd&lt;/b&gt;.",
        "3 test faces have a known second emotion", "66.7 %", "weight_histograms.csv",
        "From left to right the true class&#39;s bar should grow.",
    ):  # fmt: skip
        assert expected in page, expected


def test_broken_results_of_expressions_are_no_reason_to_fail(make_run: MakeRun) -> None:
    folder = make_run(tests=20, training=20)
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    results |= {"intensity": {"overall": {"rho": None}}, "blends": None}
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    (folder / "weight_histograms.csv").write_text("phase,epoch\nfirst,1\n")
    page = read(folder)
    assert "Subtle and blended expressions" not in page
    assert "it lacks columns: round, split, lower, upper, count" in page


def test_user_strings_are_escaped_everywhere(make_run: MakeRun) -> None:
    bad = "<script>alert(1)</script>"
    folder = make_run("x<img src=y>", classes=(bad, '"><b onload=z>', "$a$ & b"))
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    run["notes"] = [bad]
    run["versions"][bad] = bad
    run["data"]["problems"][0]["examples"] = [bad]
    run["device_name"] = bad
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (folder / "recipe.yaml").write_text(f"name: '{bad}'\nloop:\n  use: '{bad}'\n")
    names = {path.stem for path in write_figures(folder)}
    # There are no faces to show.
    assert not names & {"wrong_predictions", "lowest_weights", "faces_by_weight", "near_ties"}
    page = read(folder)
    found = outline(page)
    assert not {"script", "b"} & found.tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert all(reference.startswith("data:image/png") for reference in found.references)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("run.json", "run.json is not there"),
        ("recipe.yaml", "recipe.yaml is not there"),
        ("results.json", "results.json is not there"),
        ("metrics.csv", "metrics.csv is not there"),
        ("predictions.parquet", "predictions.parquet is not there"),
        ("train_samples.parquet", "train_samples.parquet is not there"),
    ],
)
def test_a_missing_file_is_left_out_with_a_sentence(
    make_run: MakeRun, name: str, sentence: str
) -> None:
    folder = make_run(tests=20, training=20)
    (folder / name).unlink()
    page = read(folder)
    outline(page)
    assert sentence in page
    assert "There are no figures in this folder" in page


def test_an_empty_folder_still_gives_a_page(tmp_path: Path) -> None:
    assert write_figures(tmp_path) == []
    assert read(tmp_path).count("is not there, so what it tells is left out.") == 6


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("run.json", "{", "run.json can&#39;t be read"),
        ("run.json", "[]", "it is not a JSON object"),
        ("recipe.yaml", "a: [", "recipe.yaml can&#39;t be read"),
        ("recipe.yaml", "- a", "it is not a mapping"),
        ("predictions.parquet", "text", "predictions.parquet can&#39;t be read"),
        ("figures/broken.png", "text", "figures/broken.png can&#39;t be shown (not a PNG)"),
        ("results.json", '{"test": {"accuracy": {}}}', "the entry &#39;test&#39; is not complete"),
    ],
)
def test_a_broken_file_is_named(make_run: MakeRun, name: str, content: str, sentence: str) -> None:
    folder = make_run(tests=20, training=20)
    (folder / "figures").mkdir()
    (folder / name).write_text(content)
    page = read(folder)
    outline(page)
    assert sentence in page


def test_a_table_without_its_columns_is_named(make_run: MakeRun) -> None:
    folder = make_run(tests=20, training=20)
    (folder / "predictions.parquet").replace(folder / "train_samples.parquet")
    assert "it lacks columns: given" in read(folder)


@pytest.mark.parametrize("status", ["interrupted", "failed", "running"])
def test_a_run_that_is_not_done_says_so_first(make_run: MakeRun, status: str) -> None:
    folder = make_run(tests=20, training=20)
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    told = {"status": status, "data": None, "error": "disk full", "smoke": True}
    (folder / "run.json").write_text(json.dumps(run | told))
    page = read(folder)
    assert "disk full" in page
    assert "This was a smoke run" in page
    assert page.index("This run ") < page.index("Result on the test split")


@pytest.mark.parametrize("classes", [("happy",), ("happy", "sad"), "twenty"])
def test_any_number_of_classes(make_run: MakeRun, classes: Any) -> None:
    names = classes
    if classes == "twenty":
        names = tuple(f"sehr lange Bezeichnung, Übung № {i}, 惊讶" for i in range(20))
    folder = make_run(classes=names, tests=40, training=20)
    write_figures(folder)
    page = read(folder)
    outline(page)
    assert names[-1] in page


def test_an_empty_validation_split_is_noted(make_run: MakeRun) -> None:
    folder = make_run(validations=0)
    assert "There is no validation set with labels" in read(folder)


def test_perfect_results_are_not_sold_as_certain(make_run: MakeRun) -> None:
    folder = make_run(classes=("happy",), tests=30, training=10)
    assert "the true accuracy may be as low as 88.6 %" in read(folder)


def test_equal_weights_and_unknown_truth_are_said(make_run: MakeRun) -> None:
    folder = make_run(tests=20, training=20)
    path = folder / "train_samples.parquet"
    table = pq.read_table(path).drop_columns(["truth", "weight"])
    pq.write_table(table.append_column("weight", pa.array([1.0] * len(table))), path)
    write_figures(folder, train_crops=crops)
    page = read(folder)
    assert "All weights are equal" in page
    assert "Which labels are wrong is not known" in page
    assert not (folder / "figures" / "lowest_weights.png").exists()


def test_the_same_folder_gives_the_same_page(make_run: MakeRun) -> None:
    folder = make_run(tests=20, training=20)
    first = read(folder)
    assert read(folder) == first


def test_a_folder_that_does_not_exist_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FerkitError, match="nowhere: is not a run folder"):
        write_report(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_written_is_a_run_error(make_run: MakeRun) -> None:
    folder = make_run(tests=20, training=20)
    (folder / "report.html").mkdir()
    with pytest.raises(RunError, match=r"report\.html: can.t be written"):
        write_report(folder)
