"""A matrix of runs: children, the table, failures and resumption."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from ferkit.cli import main
from ferkit.running.folder import read_json


def test_matrix_runs_all_and_ends_with_a_table(
    tiny_matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["--out", str(out), "--jobs", "2", "--progress", "lines"]
    assert main(["run", str(tiny_matrix), *arguments]) == 0
    state = read_json(out / "matrix.json")
    assert state["status"] == "done"
    assert all(run["done"] for run in state["runs"])
    assert len(state["runs"]) == 6
    summary = state["summary"]
    assert list(summary["variants"]) == ["plain", "scratch"]
    assert summary["variants"]["plain"]["gain"] is None
    assert summary["variants"]["scratch"]["gain"]["n"] == 2
    values = summary["variants"]["plain"]["values"]
    accuracies = [
        read_json(out / "plain" / f"seed{seed}" / "results.json")["test"]["accuracy"]["value"]
        for seed in (0, 1)
    ]
    assert list(values.values()) == pytest.approx(accuracies)
    with (out / "matrix.csv").open() as file:
        assert len(list(csv.reader(file))) >= 3
    assert (out / "report.html").is_file()
    assert "plain" in capsys.readouterr().out
    notes = read_json(out / "plain" / "seed0" / "run.json")
    assert notes["threads"] == 1

    # A lost run is made again from the plan, to the same numbers; the others stay.
    kept = (out / "scratch" / "seed0" / "results.json").stat().st_mtime_ns
    before = (out / "plain" / "seed1" / "results.json").read_bytes()
    shutil.rmtree(out / "plain" / "seed1")
    assert main(["run", "--resume", str(out), "--jobs", "2", "--progress", "lines"]) == 0
    assert (out / "plain" / "seed1" / "results.json").read_bytes() == before
    assert (out / "scratch" / "seed0" / "results.json").stat().st_mtime_ns == kept


def test_failed_runs_are_named_and_the_others_finish(
    tiny_matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    text = tiny_matrix.read_text().replace("seeds: [0, 1]", "seeds: [0]")
    # A learning rate at which the loss is not finite, in one variant only.
    text = text.replace("model: {dropout: 0.0}", "training: {optimiser: {lr: 1.0e+30}}")
    tiny_matrix.write_text(text)
    assert main(["run", str(tiny_matrix), "--out", str(out), "--progress", "none"]) == 1
    error = capsys.readouterr().err
    assert "1 of 3 runs failed: scratch, seed 0" in error
    assert "--resume" in error
    state = read_json(out / "matrix.json")
    assert state["status"] == "failed"
    assert list(state["summary"]["variants"]) == ["plain"]


def test_matrix_stopped_while_preparing_goes_on(
    tiny_matrix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ferkit.running.matrix_start.prepare_data", stopped)
        assert main(["run", str(tiny_matrix), "--out", str(out), "--smoke", "--jobs", "1"]) == 130
    assert read_json(out / "matrix.json")["status"] == "planned"
    # The plan says how many threads, whatever --jobs is now.
    plan = (out / ".plan" / "plain-seed0.yaml").read_text()
    assert '"threads": 1' in plan
    assert main(["run", "--resume", str(out), "--jobs", "2", "--progress", "none"]) == 0
    state = read_json(out / "matrix.json")
    assert state["status"] == "done"
    assert state["smoke"] is True
    assert "threads: 1" in (out / "plain" / "seed0" / "recipe.yaml").read_text()


def test_a_matrix_that_was_moved_goes_on(tiny_matrix: Path, tmp_path: Path) -> None:
    out, moved = tmp_path / "out", tmp_path / "elsewhere" / "moved"
    small = ["--set", "matrix.seeds=[0]", "--set", "evaluation.figures=false"]
    arguments = ["--out", str(out), *small, "--only", "first", "--progress", "none"]
    assert main(["run", str(tiny_matrix), *arguments]) == 0
    moved.parent.mkdir()
    out.rename(moved)
    assert main(["run", "--resume", str(moved), "--progress", "none"]) == 0
    assert read_json(moved / "matrix.json")["status"] == "done"
    recipe = (moved / "plain" / "seed0" / "recipe.yaml").read_text()
    assert f"init: {moved / 'first' / 'seed0'}\n" in recipe
    assert not out.exists()


def test_quickstart_goes_through_every_variant(tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["--out", str(out), "--smoke", "--set", "matrix.seeds=[0]", "--progress", "none"]
    assert main(["run", "quickstart", *arguments]) == 0
    state = read_json(out / "matrix.json")
    assert [run["variant"] for run in state["runs"] if run["done"]] == [
        "first",
        "supervised",
        "self_training",
        "all_labels",
    ]
    assert (out / "report.html").is_file()
