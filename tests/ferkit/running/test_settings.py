"""A real matrix with settings and a pretrained model, on a few rendered faces."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from ferkit.cli import main
from ferkit.running.folder import read_json

RECIPE: dict[str, Any] = {
    "data": {
        "train": {"use": "rendered", "domain": "lab", "count": 28, "seed": 1, "frame_size": 48},
        "test": {"use": "rendered", "domain": "lab", "count": 14, "start": 90, "frame_size": 48},
    },
    "faces": {"cropper": {"use": "face", "size": 24}},
    "model": {"backbone": {"use": "small_cnn", "width": 4}},
    "training": {"batch_size": 8, "threads": 1},
    "loop": {"use": "supervised", "epochs": 1},
    "evaluation": {"bootstrap": 20},
    "matrix": {
        "baseline": "plain",
        "settings": {
            "clean": {"model": {"dropout": 0.1}},
            "noisy": {"data": {"train": {"noise": 0.3}}, "model": {"dropout": 0.1}},
        },
        "pretrain": {"data": {"train": {"start": 500}}, "model": {"dropout": 0.0}},
        "variants": {"plain": {}, "drop": {"model": {"dropout": 0.3}}},
    },
}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "grid.yaml"
    path.write_text(yaml.safe_dump(RECIPE, sort_keys=False))
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_settings_run_in_parts_and_end_with_tables(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    begin = ["run", str(recipe), "--out", str(out), "--jobs", "1", "--progress", "lines"]
    assert main([*begin, "--only", "clean/pl*"]) == 0
    state = read_json(out / "matrix.json")
    assert state["status"] == "partial"
    assert [run["folder"] for run in state["runs"] if run["done"]] == [
        "pretrain/seed0",
        "clean/plain/seed0",
    ]
    said = capsys.readouterr().out
    assert "2 settings x 2 variants x 1 seed, 5 runs, 2 of them now, 1 at a time on cpu" in said
    assert "done 2/2: clean/plain, seed 0" in said
    assert str(out / "pretrain/seed0") in (out / "clean/plain/seed0/recipe.yaml").read_text()

    go_on = ["run", "--resume", str(out), "--jobs", "1", "--progress", "lines"]
    assert main(go_on) == 0
    state = read_json(out / "matrix.json")
    assert state["status"] == "done"
    assert state["summary"] is None
    assert list(state["settings"]) == ["clean", "noisy"]
    assert state["settings"]["noisy"]["variants"]["drop"]["gain"]["n"] == 1
    said = capsys.readouterr().out
    assert "done 5/5: noisy/drop, seed 0" in said
    assert "Accuracy on test in percent, mean of 1 seed" in " ".join(said.split())

    cells = rows(out / "matrix.csv")
    assert [(row["setting"], row["variant"]) for row in cells] == [
        ("clean", "plain"), ("clean", "drop"), ("noisy", "plain"), ("noisy", "drop"),
    ]  # fmt: skip
    gain = float(cells[3]["mean"]) - float(cells[2]["mean"])
    assert float(cells[3]["gain"]) == pytest.approx(gain, abs=2e-6)
    by_run = rows(out / "matrix_runs.csv")
    assert [row["folder"] for row in by_run] == [run["folder"] for run in state["runs"]]
    assert by_run[4]["accuracy"] == cells[3]["mean"]
    assert 0.0 < float(by_run[4]["wrong_labels"]) < 0.6
    assert float(by_run[4]["seconds"]) > 0
    assert by_run[0]["setting"] == ""
    assert "| noisy |" in (out / "matrix_compact.md").read_text()
    page = (out / "report.html").read_text()
    assert page.count("<details>") == 3
    assert 'href="noisy/drop/seed0/report.html"' in page

    # A lost run is made again from the plan, to the same numbers; the others stay.
    before = (out / "noisy/drop/seed0/results.json").read_bytes()
    kept = (out / "noisy/plain/seed0/results.json").stat().st_mtime_ns
    shutil.rmtree(out / "noisy/drop/seed0")
    assert main(go_on) == 0
    assert (out / "noisy/drop/seed0/results.json").read_bytes() == before
    assert (out / "noisy/plain/seed0/results.json").stat().st_mtime_ns == kept

    # The recipe in the folder is the same matrix again.
    again = yaml.safe_load((out / "recipe.yaml").read_text())["matrix"]
    assert again["settings"] == RECIPE["matrix"]["settings"]
    assert main(["check", str(out / "recipe.yaml")]) == 0
    assert "settings: clean, noisy" in capsys.readouterr().out


def test_a_failing_pretrained_model_is_told_once_and_the_rest_finishes(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    failing = "matrix.pretrain.training={optimiser: {lr: 1.0e+30}}"
    arguments = ["--set", failing, "--set", "matrix.not_pretrained=[noisy]", "--progress", "lines"]
    arguments += ["--only", "pretrain", "--only", "clean", "--only", "noisy/plain"]
    assert main(["run", str(recipe), "--out", str(out), "--jobs", "1", *arguments]) == 1
    told = capsys.readouterr()
    assert "1 of 5 runs failed: pretrain, seed 0: " in told.err
    assert "; 2 runs that start from it were not tried. 'ferkit run --resume" in told.err
    assert told.out.count("failed") == 1
    state = read_json(out / "matrix.json")
    assert state["status"] == "failed"
    assert list(state["failures"]) == ["pretrain, seed 0"]
    assert state["not_tried"] == dict.fromkeys(
        ["clean/plain, seed 0", "clean/drop, seed 0"], "pretrain, seed 0"
    )
    assert list(state["settings"]) == ["noisy"]
    assert "(so 2 runs that start from it were not tried)" in (out / "report.html").read_text()


def test_only_is_refused_where_it_names_nothing(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["run", str(recipe), "--out", str(out), "--only", "noise"]) == 2
    assert "--only noise: names no run of this matrix." in capsys.readouterr().err
    assert not out.exists()
    assert main(["run", str(recipe), "--set", "matrix=null", "--only", "clean"]) == 2
    assert "there is no matrix" in capsys.readouterr().err
