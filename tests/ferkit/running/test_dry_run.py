"""`ferkit run --dry-run`: the plan and its size, and nothing on the disk."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ferkit.cli import main
from ferkit.running import dry_run
from ferkit.running.time_estimate import Estimated


@pytest.fixture(autouse=True)
def known_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is timed: each run takes a minute at most."""

    def told(cases: dict[object, object], *_: object, **__: object) -> dict[object, Estimated]:
        return dict.fromkeys(cases, Estimated(60.0, at_most=True))

    monkeypatch.setattr(dry_run, "estimate", told)
    monkeypatch.setattr("ferkit.running.matrix_start.estimate", told)


def rows(text: str) -> list[list[str]]:
    """Cells of the table's rows, which are two spaces apart."""
    return [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]


def test_the_plan_of_a_matrix(
    tiny_matrix: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert main(["run", str(tiny_matrix), "--dry-run", "--jobs", "2"]) == 0
    told = capsys.readouterr().out
    assert "grid: 2 variants x 2 seeds, 6 runs, 2 at a time on cpu" in told
    assert ["first", "0, 1", "-", "2", "at most 1 min 0 s"] in rows(told)
    assert ["plain", "0, 1", "first", "2", "at most 1 min 0 s"] in rows(told)
    assert "estimated time: at most about 3 min 0 s, without the preparation" in told
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_left_of_a_matrix(
    tiny_matrix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    small = ["--set", "matrix.seeds=[0]", "--set", "evaluation.figures=false"]
    assert main(["run", str(tiny_matrix), "--out", str(out), *small, "--progress", "none"]) == 0
    shutil.rmtree(out / "scratch")
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    capsys.readouterr()
    assert main(["run", "--resume", str(out), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "3 runs, 1 of them now" in told
    assert ["plain", "0", "first", "1", "1 of 1"] in rows(told)
    assert ["scratch", "0", "-", "1", "0 of 1", "at most 1 min 0 s"] in rows(told)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    recipe = out / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("batch_size: 16", "batch_size: 8"))
    assert main(["run", "--resume", str(out), "--dry-run"]) == 2
    assert "batch_size" in capsys.readouterr().err


def test_names_are_whole_where_room_is_short(
    tiny_matrix: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    name = "a-setting-with-a-long-name-that-does-not-fit"
    settings = f"matrix.settings={{{name}: {{data: {{labels: 30}}}}}}"
    assert main(["run", str(tiny_matrix), "--dry-run", "--set", settings]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(place for place, line in enumerate(lines) if "starts from" in line)
    table = [line for line in lines[start:] if not line.startswith("estimated time")]
    assert max(map(len, table)) <= 80
    # The first column, put together again, has the name once for each variant and `first`.
    width = table[0].index("variant")
    column = [line[:width].strip() for line in table[2:]]
    assert "".join(column).count(name) == 3
    words = {f"{word}-" for word in name.split("-")} | {"fit"}
    assert {piece for line in column for piece in re.findall("[a-z]+-?", line)} <= words


def test_a_single_run_has_nothing_to_spread(
    tiny_recipe: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["run", str(tiny_recipe), "--dry-run", "--engine", "ray"]) == 2
    assert "no runs to spread over machines" in capsys.readouterr().err
    assert main(["run", "--resume", str(tmp_path / "nothing"), "--dry-run"]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_a_single_run(
    tiny_recipe: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_recipe.parent)
    assert main(["run", str(tiny_recipe), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "40 unlabelled" in told
    assert "40 test" in told
    assert ["self_training", "model", "3"] in [row[:3] for row in rows(told)]
    assert "estimated time: at most about 1 min 0 s" in told
    assert [path.name for path in tiny_recipe.parent.iterdir()] == ["tiny.yaml"]


def test_a_teacher_may_be_left_to_a_first_model(
    tiny_matrix: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = "{use: noisy_student, teacher_from_init: true, rounds: 1}"
    text = tiny_matrix.read_text().replace(
        "plain: {loop: {use: supervised, epochs: 1}}", f"plain: {{loop: {loop}}}"
    )
    tiny_matrix.write_text(text)
    assert main(["run", str(tiny_matrix), "--dry-run"]) == 0
    assert ["plain", "0, 1", "first", "2", "at most 1 min 0 s"] in rows(capsys.readouterr().out)


@pytest.mark.parametrize("name", ["tiny_recipe", "tiny_matrix"])
def test_what_the_run_would_refuse_is_refused(
    name: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recipe = str(request.getfixturevalue(name))

    def refused(*arguments: str) -> str:
        assert main(["run", recipe, "--dry-run", *arguments]) == 2
        return capsys.readouterr().err

    error = refused("--set", "data.labels=500")
    assert "data.labels: 500 labels are asked for, the training split has 6" in error
    folds = ["--set", "data.test=null", "--set", "data.split.folds=subject"]
    assert "one for each subject, numbered from 0 to" in refused(
        *folds,
        "--set",
        "matrix.folds=[0, 999]" if name == "tiny_matrix" else "data.split.fold=999",
    )
    occupied = tmp_path / "occupied"
    occupied.mkdir()
    (occupied / "run.json").write_text("{}")
    assert "holds a run already. Go on with it by" in refused("--out", str(occupied))


def test_too_few_labels_of_a_class_are_told(
    tiny_recipe: Path, tiny_matrix: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--dry-run", "--set", "data.labels_per_class=10", "--set", "data.split.validation=0.3"]
    assert main(["run", str(tiny_recipe), *few]) == 0
    assert "  data: fewer labels than asked for: " in capsys.readouterr().out
    assert main(["run", str(tiny_matrix), *few]) == 0
    told = capsys.readouterr().out
    assert told.count("first: data: fewer labels than asked for: ") == 1
    assert told.count("fewer labels than asked for") == 1
