"""A recipe that is edited in a run folder is not taken for the one the run began with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ferkit.cli import main
from ferkit.errors import FerkitError
from ferkit.running.changed_recipe import changes, recorded, refuse_changed, refuse_changed_run
from ferkit.running.folder import read_json

WRITTEN = """\
loop: {use: noisy_student, rounds: 2, ratio: 3}
training: {epochs: 3, checkpoint_minutes: 5, lr: 1.0e-3}
weightings: [{use: trend, c: 0.3}]
"""


def resume(folder: Path) -> int:
    return main(["run", "--resume", str(folder), "--progress", "lines"])


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert text.count(before) == 1
    path.write_text(text.replace(before, after))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("epochs: 3", "epochs: 4", "training.epochs is 4 (was 3)"),
        ("rounds: 2, ratio: 3", "rounds: 2", "loop.ratio is gone (was 3)"),
        ("ratio: 3", "ratio: 3, hard: true", "loop.hard is new (true)"),
        ("c: 0.3", "c: 0.5", "weightings.0.c is 0.5 (was 0.3)"),
        ("use: trend, c: 0.3", "use: gmm", "weightings.0.use is 'gmm' (was 'trend')"),
        ("[{use: trend, c: 0.3}]", "[]", "weightings has another number of entries, 0 (was 1)"),
    ],
)
@pytest.mark.parametrize("finished", [False, True])
def test_what_changed_is_named(tmp_path: Path, before, after, told, finished) -> None:
    record = json.loads(json.dumps(recorded(WRITTEN)))
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(WRITTEN)
    refuse_changed(tmp_path, record, finished=finished)
    edit(recipe, before, after)
    with pytest.raises(FerkitError) as caught:
        refuse_changed(tmp_path, record, finished=finished)
    assert f": {told}. Put it back, or begin anew" in str(caught.value)
    assert caught.value.where == str(recipe)
    assert ("results are of the recipe before" in str(caught.value)) is finished


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("loop:", "# a comment\nloop:"),
        ("{epochs: 3, checkpoint_minutes: 5, lr: 1.0e-3}", "{lr: 0.001, epochs: 3}"),
        ("checkpoint_minutes: 5", "checkpoint_minutes: 1"),
    ],
)
def test_what_changes_no_result_is_allowed(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / "recipe.yaml").write_text(WRITTEN)
    edit(tmp_path / "recipe.yaml", before, after)
    refuse_changed(tmp_path, recorded(WRITTEN), finished=True)


def test_many_changes_are_cut_short(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("".join(f"key{n}: 1\n" for n in range(8)))
    record = recorded("".join(f"key{n}: 0\n" for n in range(8)))
    with pytest.raises(FerkitError, match=r"key4 is 1 \(was 0\), and 3 more\. Put it back"):
        refuse_changed(tmp_path, record, finished=False)


def test_folders_without_a_record_are_left_alone(tmp_path: Path) -> None:
    assert refuse_changed_run(tmp_path) == {}
    (tmp_path / "recipe.yaml").write_text("seed: 1")
    (tmp_path / "run.json").write_text('{"schema_version": 1, "status": "running"}')
    assert refuse_changed_run(tmp_path)["status"] == "running"
    assert list(changes({"a": [1]}, {"a": [1]})) == []


def test_a_changed_recipe_refuses_to_resume(
    tiny_recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    given = [str(tiny_recipe), "--out", str(out), "--smoke", "--progress", "none"]
    given += ["--set", "evaluation.figures=false"]
    given += ["--set", "model.backbone={use: small_cnn, stride: 2}"]
    assert main(["run", *given]) == 0
    dropped = "drops what the recipe had there: model.backbone.width: 4."
    assert dropped in capsys.readouterr().err
    untouched = (out / "recipe.yaml").read_text()

    edit(out / "recipe.yaml", "iterations: 3", "iterations: 4")
    assert resume(out) == 2
    told = capsys.readouterr()
    assert "whose results are of the recipe before: loop.iterations is 4 (was 3)." in told.err
    assert "accuracy" not in told.out

    # Not finished: before any data are read.
    state = read_json(out / "run.json")
    (out / "run.json").write_text(json.dumps(state | {"status": "interrupted"}))
    with monkeypatch.context() as patch:
        patch.setattr("ferkit.running.single.assemble", None)
        assert resume(out) == 2
    assert "was changed since it began: loop.iterations is 4" in capsys.readouterr().err
    assert read_json(out / "run.json")["status"] == "interrupted"

    (out / "recipe.yaml").write_text(untouched)
    assert resume(out) == 0


def test_a_matrix_looks_at_its_recipe_and_at_those_of_its_runs(
    tiny_matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    given = ["--out", str(out), "--smoke", "--jobs", "1", "--progress", "none", "--only", "scratch"]
    given += ["--set", "matrix.seeds=[0]", "--set", "evaluation.figures=false"]
    assert main(["run", str(tiny_matrix), *given]) == 0
    capsys.readouterr()

    run = out / "scratch" / "seed0"
    before = (run / "recipe.yaml").read_text()
    edit(run / "recipe.yaml", "dropout: 0.0", "dropout: 0.3")
    for folder in (out, run):
        assert resume(folder) == 2
        error = capsys.readouterr().err
        assert f"{run / 'recipe.yaml'}: was changed after this run, whose results" in error
        assert "model.dropout is 0.3 (was 0.0)" in error
    (run / "recipe.yaml").write_text(before)

    whole = (out / "recipe.yaml").read_text()
    (out / "recipe.yaml").write_text(whole.replace("baseline: plain", "baseline: scratch"))
    assert resume(out) == 2
    error = capsys.readouterr().err
    assert "since it began: matrix.baseline is 'scratch' (was 'plain')." in error
    (out / "recipe.yaml").write_text(whole)

    # A folder of a ferkit that kept no recipes.
    for path in (out / "matrix.json", *out.glob("*/seed0/run.json")):
        state = read_json(path)
        del state["recipe"]
        path.write_text(json.dumps(state))
    (out / "recipe.yaml").write_text(whole.replace("baseline: plain", "baseline: scratch"))
    assert main(["run", "--resume", str(out), "--only", "scratch", "--progress", "none"]) == 0
