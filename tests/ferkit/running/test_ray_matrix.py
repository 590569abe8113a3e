"""A matrix on a Ray cluster of this machine: the same files as without, whatever dies meanwhile."""

from __future__ import annotations

import importlib.util
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ferkit.cli import main
from ferkit.ray_cluster import connect, import_ray
from ferkit.running.folder import read_json

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed"),
    pytest.mark.slow,
    # Ray's own: files and sockets of its processes that it leaves to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

GRID = """\
data:
  train: {use: rendered, domain: lab, count: 84, noise: 0.1, seed: 1, frame_size: 64}
  test: {use: rendered, domain: lab, count: 40, start: 900, seed: 1, frame_size: 64}
  split: {validation: 0.2}
faces: {cropper: {use: face, size: 32}}
model:
  backbone: {use: small_cnn, width: 4}
  dropout: 0.2
training:
  batch_size: 16
  optimiser: {lr: 1.0e-3}
evaluation: {bootstrap: 0, figures: false}
matrix:
  first: {loop: {use: supervised, epochs: 1}}
  from_scratch: [scratch]
  variants:
    plain: {loop: {use: supervised, epochs: EPOCHS, keep: last}}
    scratch: {loop: {use: supervised, epochs: 1}, model: {dropout: 0.0}}
"""
RUNS = ("first", "plain", "scratch")
FILES = ("results.json", "predictions.parquet", "train_samples.parquet")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Ray on this machine, started once."""
    ray = import_ray()
    connect(ray, None, cpus=2)
    yield ray
    ray.shutdown()


@pytest.fixture(autouse=True)
def no_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is timed before the runs."""
    monkeypatch.setattr("ferkit.running.matrix_start.estimate", lambda *_, **__: {})


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    """Three runs, one of them from a first model."""
    path = tmp_path / "grid.yaml"
    path.write_text(GRID.replace("EPOCHS", "2"))
    return path


def kill_once(folder: Path, signal_number: int) -> threading.Thread:
    """Kill the worker that does the run in a folder, as soon as it trains."""
    import psutil

    def kill() -> None:
        while not (folder / "metrics.csv").exists():
            time.sleep(0.05)
        for process in psutil.process_iter(["cmdline", "name"]):
            if "ray::do_run" in " ".join(process.info["cmdline"] or []):
                process.send_signal(signal_number)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


def test_the_same_files_as_on_this_machine_alone_though_a_worker_dies(
    grid: Path, tmp_path: Path, cluster: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    grid.write_text(GRID.replace("EPOCHS", "60"))
    local, spread = tmp_path / "local", tmp_path / "spread"
    assert main(["run", str(grid), "--out", str(local), "--jobs", "2", "--progress", "none"]) == 0
    capsys.readouterr()
    killing = kill_once(spread / "plain" / "seed0", signal.SIGKILL)
    arguments = ["--out", str(spread), "--engine", "ray", "--progress", "lines"]
    assert main(["run", str(grid), *arguments]) == 0
    killing.join(5)
    told = capsys.readouterr().out
    assert "Ray: 1 machine, 2 runs at a time, 1 CPU each" in told
    assert "lost: plain, seed 0: its worker on" in told
    assert "try 2 of 3 goes on from its last checkpoint" in told
    assert "done 3/3" in told
    assert "raylet" not in told
    assert read_json(spread / "matrix.json")["status"] == "done"
    for run in RUNS:
        assert read_json(spread / run / "seed0" / "run.json")["threads"] == 1
        for file in FILES:
            ours, theirs = (root / run / "seed0" / file for root in (local, spread))
            assert ours.read_bytes() == theirs.read_bytes(), f"{run}/{file}"
    assert not list(spread.rglob(".seen-*"))


def test_a_run_that_fails_is_told_as_without_ray(
    grid: Path, tmp_path: Path, cluster: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    text = grid.read_text().replace(
        "{dropout: 0.0}", "{dropout: 0.0}, training: {optimiser: {lr: 1.0e+30}}"
    )
    grid.write_text(text)
    out = tmp_path / "out"
    arguments = ["--out", str(out), "--engine", "ray", "--only", "scratch", "--progress", "lines"]
    assert main(["run", str(grid), *arguments]) == 1
    error = capsys.readouterr().err
    assert "1 of 3 runs failed: scratch, seed 0: the loss is" in error
    assert read_json(out / "matrix.json")["status"] == "failed"


def test_a_single_run_is_refused(
    tmp_path: Path, grid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid.write_text(grid.read_text().partition("matrix:")[0])
    assert main(["run", str(grid), "--out", str(tmp_path / "out"), "--engine", "ray"]) == 2
    assert "there are no runs to spread over machines" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_address_without_a_cluster(
    tmp_path: Path, grid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ray = import_ray()
    if ray.is_initialized():
        ray.shutdown()
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        arguments = ["--out", str(tmp_path / "out"), "--engine", "ray", "--ray-address", address]
        assert main(["run", str(grid), *arguments]) == 2
    assert f"no Ray cluster answers at '{address}'" in capsys.readouterr().err
