"""A sweep from start to end: trials, pruning, failures, pages."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from sweeps import RANDOM, RECIPE, search, told, write

from ferkit import recipe_sweep
from ferkit.cli import main
from ferkit.recipe_yaml import parse, plain
from ferkit.running.folder import read_json


def test_a_sweep_from_start_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, path = tmp_path / "out", write(tmp_path, RANDOM)
    assert main(["sweep", str(path), "--out", str(out), "--progress", "lines"]) == 0
    said = capsys.readouterr().out
    assert "few: 3 trials by random over training.optimiser.lr, model.dropout" in said
    assert "trial 2, 3/3: validation accuracy" in said
    assert "validation" in said
    state = read_json(out / "sweep.json")
    assert state["status"] == "done"
    best = state["trials"][state["best"]]
    assert best["value"] == max(one["value"] for one in state["trials"])

    # Trials are runs without test; that of the best alone knows test now.
    for one in state["trials"]:
        results = read_json(out / one["folder"] / "seed0" / "results.json")
        assert one["value"] == results["validation"]["accuracy"]["value"]
        assert ("test" in results) is (one["number"] == state["best"])
        weights = out / one["folder"] / "seed0" / "checkpoints"
        assert weights.exists() is (one["number"] == state["best"])
    measured = read_json(out / best["folder"] / "seed0" / "results.json")["test"]["accuracy"]
    assert list(state["tested"]) == [str(state["best"])]
    assert state["tested"][str(state["best"])]["accuracy"]["mean"] == measured["value"]

    with (out / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == ["0", "1", "2"]
    assert (
        float(rows[1]["training.optimiser.lr"])
        == state["trials"][1]["drawn"]["training.optimiser.lr"]
    )
    page = (out / "report.html").read_text()
    assert f"Best trial: {state['best']}" in page
    assert "test accuracy" in page

    # best.yaml is a recipe that comes to the same numbers.
    again = tmp_path / "again"
    assert main(["run", str(out / "best.yaml"), "--out", str(again), "--progress", "none"]) == 0
    assert read_json(again / "results.json")["test"]["accuracy"] == measured
    assert plain(parse((out / "best.yaml").read_text(), "best"))["model"]["dropout"] == (
        float(best["drawn"]["model.dropout"])
    )

    # A finished sweep shows its table, one that is extended goes on and keeps what it has.
    before = (out / "trials" / "0000" / "seed0" / "results.json").stat().st_mtime_ns
    assert main(["sweep", "--resume", str(out)]) == 0
    assert "this sweep is done already" in capsys.readouterr().out
    arguments = ["sweep", "--resume", str(out), "--trials", "4", "--progress", "none"]
    assert main(arguments) == 0
    more = read_json(out / "sweep.json")
    assert told(more)[:3] == told(state)
    assert len(more["trials"]) == more["asked"] == 4
    if more["best"] != 0 and state["best"] != 0:
        folder = out / "trials" / "0000" / "seed0"
        assert (folder / "results.json").stat().st_mtime_ns == before


def test_the_same_seed_draws_the_same_trials_whatever_the_test_split_is(tmp_path: Path) -> None:
    sweep = RANDOM.replace("sampler: random", "sampler: tpe").replace("trials: 3", "trials: 2")
    one = search(write(tmp_path, sweep), tmp_path / "one")
    other_test = RECIPE.replace("count: 20, start: 900", "count: 30, start: 5000, noise: 0.5")
    two = search(write(tmp_path, sweep, other_test), tmp_path / "two")
    assert told(one) == told(two)
    assert one["best"] == two["best"]
    assert one["tested"] != two["tested"]


def test_a_planted_bad_value_is_pruned(tmp_path: Path) -> None:
    sweep = """\
sweep:
  sampler: grid  # one after the other, by --jobs 1
  metric: loss
  pruning: {by: median, startup_trials: 1, warmup_epochs: 2}
  space:
    training.optimiser.lr: [1.0e-3, 3.0e+3]
"""
    recipe = RECIPE.replace("epochs: 1", "epochs: 4")
    state = search(write(tmp_path, sweep, recipe), tmp_path / "out", "--jobs", "1")
    assert [one["state"] for one in state["trials"]] == ["complete", "pruned"]
    pruned = state["trials"][1]
    assert pruned["drawn"] == {"training.optimiser.lr": "3000.0"}
    assert pruned["epochs"] == len(pruned["course"]) == 2
    assert pruned["value"] is None
    folder = tmp_path / "out" / pruned["folder"] / "seed0"
    assert read_json(folder / "run.json")["status"] == "pruned"
    assert (folder / "metrics.csv").is_file()
    assert not (folder / "checkpoints").exists()
    assert "pruned at epoch 2" in (tmp_path / "out" / "report.html").read_text()
    assert state["best"] == 0


def test_grid_covers_all(tmp_path: Path) -> None:
    sweep = """\
sweep:
  sampler: grid
  keep: all
  space:
    model.feature_dim: {low: 4, high: 8, step: 4}
    model.backbone: {choices: {thin: {use: small_cnn}, wide: {use: small_cnn, width: 3}}}
"""
    state = search(write(tmp_path, sweep), tmp_path / "out", "--jobs", "2")
    drawn = [tuple(one["drawn"].values()) for one in state["trials"]]
    assert drawn == [(4, "thin"), (4, "wide"), (8, "thin"), (8, "wide")]
    for one in state["trials"]:
        folder = tmp_path / "out" / one["folder"] / "seed0"
        assert (folder / "checkpoints").is_dir()
        recipe = plain(parse((folder / "recipe.yaml").read_text(), "recipe"))
        assert recipe["model"]["feature_dim"] == one["drawn"]["model.feature_dim"]
        thin = one["drawn"]["model.backbone"] == "thin"
        assert recipe["model"]["backbone"]["width"] == (2 if thin else 3)


def test_trials_with_the_same_values_are_done_once(tmp_path: Path) -> None:
    sweep = (
        "sweep: {trials: 3, sampler: random, seeds: [0, 3], space: {model.dropout: [0.0, 0.2]}}\n"
    )
    out = tmp_path / "out"
    state = search(write(tmp_path, sweep), out, "--jobs", "1")
    first: dict[str, Any] = {}
    for one in state["trials"]:
        same = first.setdefault(one["drawn"]["model.dropout"], one)
        assert one["same_as"] == (None if same is one else same["number"])
        assert one["value"] == same["value"]
        assert (out / "trials" / f"{one['number']:04d}").exists() is (same is one)
    assert len(first) < 3
    for one in first.values():
        runs = [out / one["folder"] / f"seed{seed}" for seed in (0, 3)]
        found = [read_json(run / "results.json")["validation"]["accuracy"]["value"] for run in runs]
        assert one["value"] == pytest.approx(sum(found) / 2)
        assert [read_json(run / "run.json")["seed"] for run in runs] == [0, 3]
    tested = state["tested"][str(state["best"])]["accuracy"]
    assert list(tested["seeds"]) == ["0", "3"]


def test_failed_trials_are_recorded_and_the_others_finish(tmp_path: Path) -> None:
    sweep = "sweep: {sampler: grid, space: {training.optimiser.lr: [1.0e+30, 1.0e-3]}}\n"
    state = search(write(tmp_path, sweep), tmp_path / "out")
    assert [one["state"] for one in state["trials"]] == ["failed", "complete"]
    assert "the loss is nan" in state["trials"][0]["reason"]
    assert state["best"] == 1
    assert "failed: " in (tmp_path / "out" / "report.html").read_text()


def test_a_sweep_in_which_all_fails_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = "sweep: {sampler: grid, space: {training.optimiser.lr: [1.0e+30, 2.0e+30]}}\n"
    arguments = ["--out", str(tmp_path / "out"), "--progress", "none"]
    assert main(["sweep", str(write(tmp_path, sweep)), *arguments]) == 1
    error = capsys.readouterr().err
    assert "none of 2 trials came to a value" in error
    assert "the loss is nan" in error
    assert read_json(tmp_path / "out" / "sweep.json")["status"] == "failed"
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_trial_on_other_validation_samples_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no name tells that a key moves samples."""
    monkeypatch.delitem(recipe_sweep._REFUSED, "data.split")
    space = "{data.split.validation: [0.3, 0.6], model.dropout: [0.0, 0.1]}"
    path, out = write(tmp_path, f"sweep: {{sampler: grid, space: {space}}}\n"), tmp_path / "out"
    assert main(["sweep", str(path), "--out", str(out), "--jobs", "1", "--progress", "lines"]) == 0
    state = read_json(out / "sweep.json")
    assert [one["state"] for one in state["trials"]] == ["complete", "complete", "failed", "failed"]
    reason = state["trials"][2]["reason"]
    assert "its validation samples are others than those of trial 0" in reason
    assert "can't be compared. Take the key" in reason
    assert state["best"] in (0, 1)
    assert "2 of 4 trials failed: " in capsys.readouterr().out
    assert "2 of 4 trials failed: " in (out / "report.html").read_text()
