"""Whole runs on a few rendered faces: what they leave, and that they give the same numbers."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from ferkit.cli import main
from ferkit.running.folder import read_json

FILES = {
    "recipe.yaml",
    "run.json",
    "metrics.csv",
    "weight_histograms.csv",
    "results.json",
    "predictions.parquet",
    "train_samples.parquet",
    "samples.parquet",
    "report.html",
    "figures",
    "checkpoints",
}


def run(*arguments: str | Path) -> int:
    return main(["run", *map(str, arguments), "--progress", "none"])


def test_run_leaves_a_complete_folder(tiny_recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(tiny_recipe, "--out", out) == 0
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} == FILES
    about = read_json(out / "run.json")
    assert about["status"] == "done"
    assert about["seed"] == 0
    assert about["versions"]["torch"]
    assert about["data"]["splits"]["test"]["n"] == 40
    assert [phase["name"] for phase in about["phases"]] == ["initial", "self_training"]
    assert (out / about["weights"]).is_file()
    results = read_json(out / "results.json")
    assert 0 <= results["test"]["accuracy"]["low"] <= results["test"]["accuracy"]["value"] <= 1
    assert results["label_noise"]["wrong"] > 0
    rows = pq.read_table(out / "train_samples.parquet").to_pylist()
    assert {row["split"] for row in rows} == {"labelled", "unlabelled"}
    assert all(row["given"] is None for row in rows if row["split"] == "unlabelled")
    assert "<html" in (out / "report.html").read_text().lower()


def test_resolved_recipe_runs_again_to_the_same_bytes(tiny_recipe: Path, tmp_path: Path) -> None:
    first, second, third = tmp_path / "1", tmp_path / "2", tmp_path / "3"
    assert run(tiny_recipe, "--out", first) == 0
    assert run(first / "recipe.yaml", "--out", second) == 0
    assert (first / "results.json").read_bytes() == (second / "results.json").read_bytes()
    assert run(tiny_recipe, "--out", third, "--set", "seed=1") == 0
    assert (first / "results.json").read_bytes() != (third / "results.json").read_bytes()


def test_run_killed_in_the_middle_resumes_to_the_same_bytes(
    tiny_recipe: Path, tmp_path: Path
) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    # Some epochs more, and a checkpoint after every step, so that the kill falls between them.
    more = ("--set", "loop.iterations=6", "--set", "training.checkpoint_minutes=1e-9")
    assert run(tiny_recipe, "--out", undisturbed, *more) == 0
    command = f"{sys.executable} -m ferkit run {tiny_recipe} --out {killed} --progress json"
    process = subprocess.Popen(
        [*command.split(), *more],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "self_training" in json.loads(line).get("begin", ""):
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    assert read_json(killed / "run.json")["status"] == "running"
    assert not (killed / "results.json").exists()
    assert main(["run", "--resume", str(killed), "--progress", "none"]) == 0
    for name in ("results.json", "weight_histograms.csv"):
        assert (killed / name).read_bytes() == (undisturbed / name).read_bytes()
    assert _without_seconds(killed / "metrics.csv") == _without_seconds(undisturbed / "metrics.csv")
    assert read_json(killed / "run.json")["resumed"]


def _without_seconds(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"pool", "picked_happy", "predicting_seconds"} <= set(rows[0])
    return [{k: v for k, v in row.items() if "seconds" not in k} for row in rows]


def test_finished_run_is_not_trained_again(
    tiny_recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(tiny_recipe, "--out", out, "--smoke") == 0
    before = (out / "results.json").stat().st_mtime_ns
    assert main(["run", "--resume", str(out), "--progress", "lines"]) == 0
    assert "done already" in capsys.readouterr().out
    assert (out / "results.json").stat().st_mtime_ns == before

    # Killed between its results and its report, it writes the report.
    content = (out / "results.json").read_bytes()
    (out / "report.html").unlink()
    assert main(["run", "--resume", str(out), "--progress", "none"]) == 0
    assert (out / "report.html").is_file()
    assert (out / "results.json").read_bytes() == content


def test_smoke_goes_through_every_phase_with_one_batch(tiny_recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(tiny_recipe, "--out", out, "--smoke") == 0
    phases = read_json(out / "run.json")["phases"]
    assert [(phase["name"], phase["steps"]) for phase in phases] == [
        ("initial", 1),
        ("self_training", 1),
    ]
    assert read_json(out / "run.json")["smoke"] is True


def test_figures_may_be_left_out(tiny_recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    done = run(tiny_recipe, "--out", folder, "--smoke", "--set", "evaluation.figures=false")
    assert done == 0
    assert not (folder / "figures").exists()
    assert "There are no figures in this folder" in (folder / "report.html").read_text()


def test_weights_of_another_run_replace_the_initial_phase(
    tiny_recipe: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    assert run(tiny_recipe, "--out", first, "--smoke") == 0
    assert run(tiny_recipe, "--out", second, "--smoke", "--set", f"init={first}") == 0
    about = read_json(second / "run.json")
    assert [phase["name"] for phase in about["phases"]] == ["self_training"]
    assert any("left out" in note for note in about["notes"])


def test_init_that_is_no_run_is_an_error_of_the_user(
    tiny_recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    status = run(tiny_recipe, "--out", out, "--smoke", "--set", f"init={tmp_path / 'nowhere'}")
    assert status == 2
    assert f"--set init: init: there is nothing at {tmp_path / 'nowhere'}." in (
        capsys.readouterr().err
    )
    assert not out.exists()


def test_changed_data_refuse_to_resume(
    tiny_recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(tiny_recipe, "--out", out, "--smoke") == 0
    state = read_json(out / "run.json")
    state["status"] = "interrupted"
    del state["recipe"]  # as of a ferkit that kept none; else the recipe is refused first
    (out / "run.json").write_text(json.dumps(state))
    recipe = out / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("count: 84", "count: 70"))
    assert main(["run", "--resume", str(out), "--progress", "none"]) == 2
    assert "the data changed since this run started (train)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a recipe"),
        (["--resume", "nowhere"], "no such folder"),
        (["x.yaml", "--resume", "."], "RECIPE can't be given with it"),
        (["--resume", ".", "--smoke"], "goes on with a run as it was; --smoke can't be given"),
        (["--resume", "."], "holds no run"),
    ],
)
def test_misuse_is_explained(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            ["--jobs", "2"],
            "--jobs, {}: there is no matrix, so there are no runs to be done side by",
        ),
        (["--only", "a"], "--only, {}: there is no matrix, so there is nothing to choose from"),
    ],
)
def test_a_single_run_that_goes_on_has_no_use_for_options_of_a_matrix(
    option: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_text("{}")
    for more in ([], ["--dry-run"]):
        assert main(["run", "--resume", str(tmp_path), *option, *more]) == 2
        assert message.format(tmp_path) in capsys.readouterr().err


def test_device_that_is_not_there_makes_no_folder(
    tiny_recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(tiny_recipe, "--out", out, "--set", "training.device=cuda:99") == 2
    assert "cuda:99" in capsys.readouterr().err
    assert not out.exists()


def test_partly_labelled_data_may_feed_a_semi_supervised_loop(
    tiny_recipe: Path, tmp_path: Path
) -> None:
    keep = ("--set", "data.unlabelled=null", "--set", "data.labels=40")
    out = tmp_path / "out"
    assert run(tiny_recipe, "--out", out, "--smoke", *keep) == 0
    assert read_json(out / "run.json")["data"]["splits"]["unlabelled"]["n"] > 0


def test_table_without_unlabelled_rows_is_refused_once_it_is_read(
    tmp_path: Path, write_photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(
        f"data: {{train: {{use: folder, path: {write_photos}}}}}\n"
        "faces: {detector: null, cropper: {use: face, size: 32}}\n"
        "model: {backbone: {use: small_cnn, width: 4}}\n"
        "loop: {use: self_training}\n"
    )
    assert main(["check", str(recipe)]) == 0, "a folder may hold an unlabelled split"
    assert run(recipe, "--out", tmp_path / "out") == 2
    assert "needs unlabelled samples, and the data have none" in capsys.readouterr().err


def test_problems_are_told_even_if_the_split_fails(
    tmp_path: Path, write_photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (write_photos / "happy" / "broken.png").write_bytes(b"no image")
    for path in sorted((write_photos / "sad").iterdir()):
        path.unlink()
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(
        f"data: {{train: {{use: folder, path: {write_photos}}}}}\n"
        "faces: {detector: null, cropper: {use: face, size: 32}}\n"
        "model: {backbone: {use: small_cnn, width: 4}}\n"
    )
    assert main(["run", str(recipe), "--out", str(tmp_path / "out"), "--progress", "lines"]) == 2
    told = capsys.readouterr()
    assert "unreadable image: 1" in told.out
    assert "class" in told.err


def test_wrong_test_labels_are_told(tiny_recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(tiny_recipe, "--out", out, "--smoke", "--set", "data.test.noise=0.5") == 0
    kinds = {problem["kind"] for problem in read_json(out / "run.json")["data"]["problems"]}
    assert "wrong test labels" in kinds


def test_thread_count_is_decided_once_and_written_down(tiny_recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(tiny_recipe, "--out", out, "--smoke", "--set", "training.threads=null") == 0
    assert f"threads: {torch.get_num_threads()}" in (out / "recipe.yaml").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [('{"schema_version": 7}', "is of format 7"), ("{}", "it does not say its format")],
)
@pytest.mark.parametrize("name", ["run.json", "matrix.json"])
def test_damaged_state_is_explained(
    name: str, content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content)
    assert main(["run", "--resume", str(tmp_path)]) == 2
    assert message in capsys.readouterr().err


def test_one_sample_in_a_step_is_explained(
    tiny_recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    change = ["model.backbone={use: resnet, depth: 18}", "training.batch_size=1"]
    arguments = [word for setting in change for word in ("--set", setting)]
    assert run(tiny_recipe, "--out", out, "--smoke", *arguments) == 1
    assert "need more than one sample in a step" in capsys.readouterr().err
