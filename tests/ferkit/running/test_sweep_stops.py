"""Sweeps that are stopped or refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sweeps import RANDOM, RECIPE, search, told, write

from ferkit.cli import main
from ferkit.errors import RunError
from ferkit.recipe_yaml import parse, plain
from ferkit.running.folder import held, read_json


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
    begin: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    sweep = RANDOM.replace("random", "tpe").replace("trials: 3", "trials: 2")
    path, out = write(tmp_path, sweep, RECIPE.replace("epochs: 1", "epochs: 20")), tmp_path / "out"
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
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"

    def error(path: Path, *more: str) -> str:
        assert main(["sweep", str(path), "--out", str(out), "--progress", "none", *more]) == 2
        return capsys.readouterr().err

    assert "has no key sweep" in error(write(tmp_path, ""))
    assert "data.selection: reported lets the test split choose" in error(
        write(tmp_path, RANDOM),
        "--set",
        "data.selection=reported",
        "--set",
        "data.split.validation=0.0",
    )
    text = error(write(tmp_path, RANDOM), "--set", "data.split.validation=0.0")
    assert "chooses by the validation split, and there is none" in text
    shutil.rmtree(out)
    assert "name a recipe" in error_of(["sweep"], capsys)
    assert "holds no sweep" in error_of(["sweep", "--resume", str(tmp_path)], capsys)
    assert "no such folder" in error_of(["sweep", "--resume", str(out)], capsys)
    both = ["sweep", str(write(tmp_path, RANDOM)), "--resume", str(tmp_path)]
    assert "RECIPE can't be given with it" in error_of(both, capsys)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'ferkit[sweep]'" in error(write(tmp_path, RANDOM))


def error_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 2
    return capsys.readouterr().err


def test_run_leaves_a_sweep_aside_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = write(tmp_path, RANDOM), tmp_path / "out"
    assert main(["run", str(path), "--out", str(out), "--smoke"]) == 0
    assert "The key sweep is left aside; to search: ferkit sweep" in capsys.readouterr().out
    assert "sweep" not in plain(parse((out / "recipe.yaml").read_text(), "recipe"))


def test_smoke_takes_few_trials_and_a_changed_recipe_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    state = search(write(tmp_path, RANDOM), out, "--smoke", "--trials", "50")
    assert len(state["trials"]) == 3
    assert "This was a smoke run" in (out / "report.html").read_text()
    recipe = out / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("width: 2", "width: 4"))
    text = error_of(["sweep", "--resume", str(out)], capsys)
    assert "model.backbone.width is 4 (was 2)" in text
    assert json.loads((out / "sweep.json").read_text())["status"] == "done"
    assert os.path.exists(out / "sweep.db")  # noqa: PTH110


def test_what_stands_in_the_way_stops_a_sweep_and_costs_no_trial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a full disk does; here a file lies where the second trial wants its folder."""
    out = tmp_path / "out"
    search(write(tmp_path, RANDOM), out, "--trials", "1")
    in_the_way = out / "trials" / "0001"
    in_the_way.write_text("")
    resume = ["sweep", "--resume", str(out), "--trials", "2", "--progress", "lines"]
    capsys.readouterr()

    assert main(resume) == 1
    told_of, error = capsys.readouterr()
    assert error.splitlines() == [
        f"trial 1: {in_the_way / 'seed0'}: can't be written (Not a directory). "
        "The sweep stops; no trial is lost. "
        f"Once this is put right, go on with: ferkit sweep --resume {out}"
    ]
    assert "failed" not in told_of
    state = read_json(out / "sweep.json")
    assert (state["status"], state["trials"][1]["state"]) == ("interrupted", "running")

    in_the_way.unlink()
    assert main(resume) == 0
    assert [one["state"] for one in read_json(out / "sweep.json")["trials"]] == ["complete"] * 2
