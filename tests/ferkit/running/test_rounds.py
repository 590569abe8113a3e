"""A run of several rounds says on the test split what each of them brought."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.cli import main
from ferkit.running.folder import read_json

RECIPE = """\
data:
  train: {use: rendered, domain: lab, count: 56, seed: 1, frame_size: 64}
  unlabelled:
    {use: rendered, domain: lab, count: 28, start: 500, labelled: false, seed: 1, frame_size: 64}
  test: {use: rendered, domain: lab, count: 28, start: 900, seed: 1, frame_size: 64}
  split: {validation: 0.25}
faces: {cropper: {use: face, size: 32}}
model: {backbone: {use: small_cnn, width: 4}}
training: {batch_size: 16, threads: 1, optimiser: {lr: 1.0e-2}}
loop: {use: noisy_student, rounds: 2, rounds_patience: null, teacher_epochs: 2, student_epochs: 2}
evaluation: {bootstrap: 0, stability: true}
matrix:
  seeds: [0]
  variants:
    all: {}
    one: {loop: {rounds: 1}, evaluation: {rounds: false}}
"""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    recipe, out = tmp_path / "rounds.yaml", tmp_path / "out"
    recipe.write_text(RECIPE)
    assert main(["run", str(recipe), "--out", str(out), "--jobs", "1", "--progress", "none"]) == 0
    return out


def test_rounds_in_run_and_matrix(out: Path) -> None:
    folder = out / "all/seed0"
    results, run = read_json(folder / "results.json"), read_json(folder / "run.json")
    rounds = results["rounds"]
    assert [one["name"] for one in rounds] == ["teacher", "student1", "student2"]
    assert [one["name"] for one in rounds if one["counts"]] == [Path(run["weights"]).stem]
    final = next(one for one in rounds if one["counts"])
    assert final["best_so_far"] == rounds[-1]["best_so_far"] == final["name"]
    assert final["accuracy"] == results["test"]["accuracy"]["value"]
    assert final["stability"] == results["stability"]["mean"]
    assert len({one["stability"]["total_variation"] for one in rounds}) == 3
    validation = [phase["validation_accuracy"] for phase in run["phases"]]
    assert [one["validation_accuracy"] for one in rounds] == pytest.approx(validation, abs=1e-6)
    assert (folder / "figures/rounds.png").is_file()
    assert "<h2>Rounds</h2>" in (folder / "report.html").read_text()

    # The rounds of a shorter run are the first of a longer one: the teacher's results are equal.
    one = read_json(out / "one/seed0/results.json")
    assert "rounds" not in one
    place = rounds[1]["best_so_far"]
    expected = next(each for each in rounds if each["name"] == place)
    assert one["test"]["accuracy"]["value"] == expected["accuracy"]

    state = read_json(out / "matrix.json")
    assert [each["name"] for each in state["rounds"][""]["all"]] == [r["name"] for r in rounds]
    assert list(state["rounds"][""]) == ["all"]
    assert "student2" in (out / "matrix_rounds.md").read_text()
    assert len((out / "matrix_rounds.csv").read_text().splitlines()) == 4
    assert "<h2>Rounds</h2>" in (out / "report.html").read_text()
