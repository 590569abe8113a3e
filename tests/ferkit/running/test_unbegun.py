"""A folder in which nothing was trained yet is taken for the corrected recipe."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from ferkit.cli import main
from ferkit.errors import BlockedError, FerkitError
from ferkit.running.folder import LOCK, held, read_json
from ferkit.running.progress import make_display
from ferkit.running.unbegun import held_anew, unbegun_files

MATRIX = """\
matrix:
  seeds: [0]
  variants: {plain: {}, dropped: {model: {dropout: 0.4}}}
"""
SWEEP = """\
sweep:
  trials: 1
  space: {training.batch_size: [16, 32]}
"""


@pytest.fixture
def recipe(tmp_path: Path, write_photos: Path) -> Path:
    path = tmp_path / "photos.yaml"
    path.write_text(f"""\
data:
  train: {{use: folder, path: {write_photos}}}
  split: {{validation: 0.25}}
faces: {{detector: null, cropper: {{use: face, size: 32}}}}
model: {{backbone: {{use: small_cnn, width: 4}}}}
loop: {{use: supervised, epochs: 1}}
evaluation: {{figures: false, bootstrap: 50}}
""")
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def run(recipe: Path, out: Path, *settings: str, command: str = "run") -> int:
    given = [word for each in settings for word in ("--set", each)]
    return main([command, str(recipe), "--out", str(out), "--progress", "none", *given])


def faulty(tmp_path: Path) -> str:
    return f"data.train.path={tmp_path / 'nowhere'}"


@pytest.mark.parametrize(
    ("setting", "message"),
    [("data.train.path=nowhere", "does not exist"), ("data.labels=500", "500 labels are asked")],
)
def test_the_corrected_recipe_is_run_in_the_same_folder(
    recipe: Path, out: Path, setting: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(recipe, out, setting) == 2
    assert message in capsys.readouterr().err
    assert read_json(out / "run.json")["status"] == "failed"
    assert run(recipe, out) == 0
    assert read_json(out / "run.json")["status"] == "done"
    assert run(recipe, out) == 2
    assert "holds a run already" in capsys.readouterr().err


@pytest.mark.parametrize("setting", ["data.train.path=nowhere", "data.labels=500"])
def test_a_matrix_takes_the_folder_of_one_without_a_trained_run(
    recipe: Path, out: Path, setting: str
) -> None:
    recipe.write_text(recipe.read_text() + MATRIX)
    assert run(recipe, out, setting) != 0
    recipe.write_text(recipe.read_text().replace(", dropped: {model: {dropout: 0.4}}", ""))
    assert run(recipe, out) == 0
    state = read_json(out / "matrix.json")
    assert [one["variant"] for one in state["runs"]] == ["plain"]
    assert state["status"] == "done"
    assert not list(out.rglob("*dropped*")), "nothing of the first attempt is left"


def test_kinds_may_change_and_a_dry_run_says_the_same(recipe: Path, out: Path) -> None:
    plain = recipe.read_text()
    recipe.write_text(plain + SWEEP)
    pytest.importorskip("optuna")
    assert run(recipe, out, "data.labels=500", command="sweep") == 2
    assert (out / "sweep.json").is_file()
    recipe.write_text(plain)
    assert main(["run", str(recipe), "--out", str(out), "--dry-run"]) == 0
    assert (out / "sweep.json").is_file(), "a dry run removes nothing"
    assert run(recipe, out) == 0
    assert not (out / "sweep.json").exists()


def test_what_is_the_users_or_was_trained_is_kept(
    recipe: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(recipe, out, faulty(tmp_path)) == 2
    assert unbegun_files(out) is not None
    planted: dict[str, Callable[[Path], object]] = {
        "a note": lambda at: (at / "note.txt").write_text("mine"),
        "a file below": lambda at: (
            (at / "mine").mkdir(),
            (at / "mine/recipe.yaml").write_text("a: 1"),
        ),
        "a changed recipe": lambda at: (at / "recipe.yaml").write_text("seed: 4"),
        "a checkpoint": lambda at: (
            (at / "checkpoints").mkdir(),
            (at / "checkpoints/a.pt").write_text(""),
        ),
        "an epoch": lambda at: (at / "metrics.csv").write_text("phase,epoch\n"),
        "a report": lambda at: (at / "report.html").write_text(""),
        "a link": lambda at: (at / "samples.parquet").symlink_to(tmp_path / "elsewhere"),
        "no state": lambda at: (at / "run.json").write_text("{}"),
    }
    for name, plant in planted.items():
        copy = tmp_path / name
        shutil.copytree(out, copy)
        plant(copy)
        before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
        assert unbegun_files(copy) is None, name
        assert run(recipe, copy) == 2
        assert "holds a run already" in capsys.readouterr().err
        assert before == {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["plain-seed0.log", "plain-seed0.yaml", "settings.yaml"])
@pytest.mark.parametrize("place", [".plan", ".plan/mine", "mine/.plan", "plain/seed0/.plan"])
def test_only_files_of_the_plan_are_cleared(
    recipe: Path, out: Path, tmp_path: Path, name: str, place: str
) -> None:
    recipe.write_text(recipe.read_text() + MATRIX)
    assert run(recipe, out, faulty(tmp_path)) != 0
    assert (out / ".plan/plain-seed0.yaml").is_file()
    assert unbegun_files(out) is not None
    planted = out / place / name
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text("mine")
    ours = place == ".plan" and name != "settings.yaml"
    assert (unbegun_files(out) is not None) is ours


def test_a_link_is_not_cleared_through(
    recipe: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(recipe, out, faulty(tmp_path)) == 2
    link = tmp_path / "link"
    link.symlink_to(out)
    assert run(recipe, link) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert read_json(out / "run.json")["status"] == "failed"


@pytest.mark.parametrize("unbegun", [False, True])
def test_the_slower_of_two_does_not_write_over_the_faster(
    recipe: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbegun: bool
) -> None:
    """Both found the folder free; the other had the lock first and has ended since."""
    if unbegun:
        assert run(recipe, out, faulty(tmp_path)) == 2

    @contextmanager
    def held_later(folder: Path) -> Iterator[None]:
        with held(folder):
            (folder / "run.json").write_text('{"schema_version": 1, "status": "done"}')
            (folder / "results.json").write_text("figures of the other")
            yield

    monkeypatch.setattr("ferkit.running.unbegun.held", held_later)
    display = make_display("none", Console())
    with (
        pytest.raises(FerkitError, match="holds a run already"),
        held_anew(out, "mine", display),
    ):
        pytest.fail("the folder was taken")
    assert (out / "results.json").read_text() == "figures of the other"


def test_what_can_not_be_cleared_is_told_and_stays_clearable(
    recipe: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe.write_text(recipe.read_text() + MATRIX)
    assert run(recipe, out, faulty(tmp_path)) != 0
    unlink = Path.unlink

    def refused(path: Path, missing_ok: bool = False) -> None:
        if path == out / "recipe.yaml":
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(path, missing_ok)

    display = make_display("none", Console())
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refused)
        with (
            pytest.raises(BlockedError, match=r"recipe\.yaml: can.t be written \(Permission"),
            held_anew(out, "mine", display),
        ):
            pytest.fail("the folder was taken")
    with held_anew(out, "mine", display):
        assert {path.name for path in out.rglob("*") if path.is_file()} <= {LOCK}


def test_an_empty_folder_of_the_users_stays(recipe: Path, out: Path, tmp_path: Path) -> None:
    assert run(recipe, out, faulty(tmp_path)) == 2
    (out / "later").mkdir()
    assert run(recipe, out) == 0
    assert (out / "later").is_dir()
