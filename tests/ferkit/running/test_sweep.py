"""A sweep from start to end: trials, kill and resume, pruning, and the test split untouched."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ferkit.cli import main
from ferkit.contracts.data import Clips
from ferkit.errors import RunError
from ferkit.recipe_yaml import parse, plain
from ferkit.running import single
from ferkit.running.folder import held, read_json
from ferkit.running.progress import SilentDisplay
from ferkit.running.sweep_child import GO_ON, TrialOrder, epoch_teller, run_trial
from ferkit.running.watch import EndedEarly

RECIPE = """\
data:
  train: {use: rendered, domain: lab, count: 60, seed: 1, frame_size: 48}
  test: {use: rendered, domain: lab, count: 20, start: 900, seed: 1, frame_size: 48}
  split: {validation: 0.3, near_duplicates: null}
faces: {detector: null, cropper: {use: face, size: 24}}
model: {backbone: {use: small_cnn, width: 2}}
training: {batch_size: 16, threads: 1}
loop: {use: supervised, epochs: 1}
evaluation: {bootstrap: 0, figures: false}
"""

RANDOM = """\
sweep:
  trials: 3
  seed: 4
  sampler: random
  space:
    training.optimiser.lr: {low: 1.0e-4, high: 1.0e-2, log: true}
    model.dropout: [0.0, 0.2]
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a recipe with a sweep."""

    def write(sweep: str, recipe: str = RECIPE) -> Path:
        path = tmp_path / "few.yaml"
        path.write_text(recipe + sweep)
        return path

    return write


def search(path: Path, out: Path, *more: str) -> dict[str, Any]:
    """Sweep a recipe and read sweep.json."""
    assert main(["sweep", str(path), "--out", str(out), "--progress", "none", *more]) == 0
    return read_json(out / "sweep.json")


def told(state: dict[str, Any]) -> list[Any]:
    """What must be the same of two sweeps of the same seed."""
    return [(one["drawn"], one["state"], one["value"], one["course"]) for one in state["trials"]]


def test_a_sweep_from_start_to_end(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, path = tmp_path / "out", write(RANDOM)
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


def test_the_same_seed_draws_the_same_trials_whatever_the_test_split_is(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    sweep = RANDOM.replace("sampler: random", "sampler: tpe").replace("trials: 3", "trials: 2")
    one = search(write(sweep), tmp_path / "one")
    other_test = RECIPE.replace("count: 20, start: 900", "count: 30, start: 5000, noise: 0.5")
    two = search(write(sweep, other_test), tmp_path / "two")
    assert told(one) == told(two)
    assert one["best"] == two["best"]
    assert one["tested"] != two["tested"]


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test split whose reading raises."""
    assemble = single.assemble

    def planted(*arguments: Any, **named: Any) -> Any:
        data = assemble(*arguments, **named)
        assert data.test is not None

        def read(*_: object) -> Clips:
            raise AssertionError("somebody read the test split")

        return replace(data, test=replace(data.test, read=read))

    monkeypatch.setattr(single, "assemble", planted)


def order(path: Path, folder: Path) -> TrialOrder:
    return TrialOrder(path, folder, folder / "log", smoke=False, metric="validation_accuracy")


@pytest.mark.usefixtures("guarded")
def test_a_trial_never_reads_the_test_split(write: Callable[..., Path], tmp_path: Path) -> None:
    path = write("", RECIPE.replace("bootstrap: 0", "bootstrap: 0, stability: true"))
    folder = tmp_path / "trial"
    folder.mkdir()
    run_trial(order(path, folder), display=SilentDisplay(), ask=lambda *_: GO_ON)
    results = read_json(folder / "results.json")
    assert "validation" in results
    assert "test" not in results
    state = read_json(folder / "run.json")
    assert state["without_test"] is True
    assert "was not looked at" in state["notes"][0]
    assert "was not looked at" in (folder / "report.html").read_text()

    # The guard would have noticed: the same run with its test split reads it.
    (tmp_path / "with").mkdir()
    with pytest.raises(AssertionError, match="somebody read the test split"):
        run_with_test(path, tmp_path / "with")


def run_with_test(path: Path, folder: Path) -> None:
    from ferkit import plugins
    from ferkit.catalogue import catalogue
    from ferkit.recipe import read_recipe

    components = catalogue(plugins.load())
    loaded = read_recipe(str(path), catalogue=components)
    single.run_single(
        loaded.recipe, folder=folder, recipe_folder=path.parent, catalogue=components,
        display=SilentDisplay(),
    )  # fmt: skip


def test_epochs_count_on_through_phases_and_are_told_again_after_a_stop(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(
        "phase,round,epoch,validation_accuracy\nfirst,0,1,0.2\nfirst,0,2,0.3\nsecond,1,1,0.4\n"
    )
    asked: list[tuple[int, float]] = []

    def ask(number: int, value: float) -> str:
        asked.append((number, value))
        return "end" if value > 0.8 else GO_ON

    tell = epoch_teller(tmp_path, "validation_accuracy", ask)
    for phase, round_, epoch, value in (
        ("first", 0, 2, 0.3), ("second", 1, 1, 0.4), ("second", 1, 2, 0.5), ("third", 2, 1, None),
    ):  # fmt: skip
        tell({"phase": phase, "round": round_, "epoch": epoch, "validation_accuracy": value})
    assert asked == [(2, 0.3), (3, 0.4), (4, 0.5)]
    with pytest.raises(EndedEarly):
        tell({"phase": "third", "round": 2, "epoch": 2, "validation_accuracy": 0.9})
    assert asked[-1] == (6, 0.9)


def test_a_planted_bad_value_is_pruned(write: Callable[..., Path], tmp_path: Path) -> None:
    sweep = """\
sweep:
  sampler: grid  # one after the other, by --jobs 1
  metric: loss
  pruning: {by: median, startup_trials: 1, warmup_epochs: 2}
  space:
    training.optimiser.lr: [1.0e-3, 3.0e+3]
"""
    recipe = RECIPE.replace("epochs: 1", "epochs: 4")
    state = search(write(sweep, recipe), tmp_path / "out", "--jobs", "1")
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


def test_grid_covers_all(write: Callable[..., Path], tmp_path: Path) -> None:
    sweep = """\
sweep:
  sampler: grid
  keep: all
  space:
    model.feature_dim: {low: 4, high: 8, step: 4}
    model.backbone: {choices: {thin: {use: small_cnn}, wide: {use: small_cnn, width: 3}}}
"""
    state = search(write(sweep), tmp_path / "out", "--jobs", "2")
    drawn = [tuple(one["drawn"].values()) for one in state["trials"]]
    assert drawn == [(4, "thin"), (4, "wide"), (8, "thin"), (8, "wide")]
    for one in state["trials"]:
        folder = tmp_path / "out" / one["folder"] / "seed0"
        assert (folder / "checkpoints").is_dir()
        recipe = plain(parse((folder / "recipe.yaml").read_text(), "recipe"))
        assert recipe["model"]["feature_dim"] == one["drawn"]["model.feature_dim"]
        thin = one["drawn"]["model.backbone"] == "thin"
        assert recipe["model"]["backbone"]["width"] == (2 if thin else 3)


def test_trials_with_the_same_values_are_done_once(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    sweep = (
        "sweep: {trials: 3, sampler: random, seeds: [0, 3], space: {model.dropout: [0.0, 0.2]}}\n"
    )
    out = tmp_path / "out"
    state = search(write(sweep), out, "--jobs", "1")
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


def test_failed_trials_are_recorded_and_the_others_finish(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    sweep = "sweep: {sampler: grid, space: {training.optimiser.lr: [1.0e+30, 1.0e-3]}}\n"
    state = search(write(sweep), tmp_path / "out")
    assert [one["state"] for one in state["trials"]] == ["failed", "complete"]
    assert "the loss is nan" in state["trials"][0]["reason"]
    assert state["best"] == 1
    assert "failed: " in (tmp_path / "out" / "report.html").read_text()


def test_a_sweep_in_which_all_fails_says_why(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = "sweep: {sampler: grid, space: {training.optimiser.lr: [1.0e+30, 2.0e+30]}}\n"
    arguments = ["--out", str(tmp_path / "out"), "--progress", "none"]
    assert main(["sweep", str(write(sweep)), *arguments]) == 1
    error = capsys.readouterr().err
    assert "none of 2 trials came to a value" in error
    assert "the loss is nan" in error
    assert read_json(tmp_path / "out" / "sweep.json")["status"] == "failed"
    assert (tmp_path / "out" / "report.html").is_file()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert process.poll() is None, "the sweep ended too soon"
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts `ferkit sweep ...` as a process of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "output").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "ferkit", "sweep", *arguments, "--progress", "none"],
                stdout=output,
                stderr=output,
                # What runs in the background of a shell does not hear Ctrl-C, and passes that on.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.slow
def test_a_stopped_and_a_killed_sweep_go_on_where_they_were(
    write: Callable[..., Path], begin: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    sweep = RANDOM.replace("random", "tpe").replace("trials: 3", "trials: 2")
    path, out = write(sweep, RECIPE.replace("epochs: 1", "epochs: 20")), tmp_path / "out"
    whole = search(path, tmp_path / "whole")
    run = out / "trials" / "0001" / "seed0"

    def epochs() -> int:
        rows = run / "metrics.csv"
        return rows.read_text().count("\n") - 1 if rows.exists() else 0

    process = begin(str(path), "--out", str(out))
    wait_for(lambda: epochs() >= 3, process)
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 130
    state = read_json(out / "sweep.json")
    assert (state["status"], state["trials"][1]["state"]) == ("interrupted", "running")
    assert read_json(run / "run.json")["status"] == "interrupted"
    done = (out / "trials" / "0000" / "seed0" / "metrics.csv").stat().st_mtime_ns

    process = begin("--resume", str(out))
    wait_for(lambda: read_json(run / "run.json")["status"] == "running", process)
    # While it runs, nobody else gets at its folder.
    with pytest.raises(RunError, match="in use by process"), held(out, patience=0.1):
        raise AssertionError
    process.kill()
    assert process.wait(120) == -signal.SIGKILL

    assert main(["sweep", "--resume", str(out), "--progress", "none"]) == 0
    state = read_json(out / "sweep.json")
    assert told(state) == told(whole)
    assert state["tested"] == whole["tested"]
    assert len(read_json(run / "run.json")["resumed"]) >= 2
    if state["best"] != 0:  # the best is measured on test, which writes its tables anew
        assert (out / "trials" / "0000" / "seed0" / "metrics.csv").stat().st_mtime_ns == done


def test_what_can_not_be_swept(
    write: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"

    def error(path: Path, *more: str) -> str:
        assert main(["sweep", str(path), "--out", str(out), "--progress", "none", *more]) == 2
        return capsys.readouterr().err

    assert "has no key sweep" in error(write(""))
    assert "data.selection: reported lets the test split choose" in error(
        write(RANDOM), "--set", "data.selection=reported", "--set", "data.split.validation=0.0"
    )
    text = error(write(RANDOM), "--set", "data.split.validation=0.0")
    assert "chooses by the validation split, and there is none" in text
    shutil.rmtree(out)
    assert "name a recipe" in error_of(["sweep"], capsys)
    assert "holds no sweep" in error_of(["sweep", "--resume", str(tmp_path)], capsys)
    assert "no such folder" in error_of(["sweep", "--resume", str(out)], capsys)
    both = ["sweep", str(write(RANDOM)), "--resume", str(tmp_path)]
    assert "RECIPE can't be given with it" in error_of(both, capsys)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'ferkit[sweep]'" in error(write(RANDOM))


def error_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 2
    return capsys.readouterr().err


def test_run_leaves_a_sweep_aside_and_says_so(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write(RANDOM), tmp_path / "out"
    assert main(["run", str(path), "--out", str(out), "--smoke"]) == 0
    assert "The key sweep is left aside; to search: ferkit sweep" in capsys.readouterr().out
    assert "sweep" not in plain(parse((out / "recipe.yaml").read_text(), "recipe"))


def test_smoke_takes_few_trials_and_a_changed_recipe_is_refused(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    state = search(write(RANDOM), out, "--smoke", "--trials", "50")
    assert len(state["trials"]) == 3
    assert "This was a smoke run" in (out / "report.html").read_text()
    recipe = out / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("width: 2", "width: 4"))
    text = error_of(["sweep", "--resume", str(out)], capsys)
    assert "model.backbone.width is 4 (was 2)" in text
    assert json.loads((out / "sweep.json").read_text())["status"] == "done"
    assert os.path.exists(out / "sweep.db")  # noqa: PTH110
