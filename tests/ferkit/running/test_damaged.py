"""Files that a full disk left cut off: one of them stops neither a matrix nor a sweep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from sweeps import RECIPE, write

from ferkit.catalogue import Catalogue, catalogue
from ferkit.cli import main
from ferkit.errors import FerkitError
from ferkit.plugins import load
from ferkit.recipe import read_recipe
from ferkit.running.changed_recipe import recorded
from ferkit.running.damaged import holds_matrix, set_aside, unchanged_plan
from ferkit.running.folder import LOCK, DamagedError, read_json, write_json
from ferkit.running.matrix_plan import MatrixPlan, write_plan
from ferkit.running.matrix_state import write_state

MATRIX = RECIPE + "matrix: {seeds: [0, 1], variants: {plain: {}, wide: {model: {dropout: 0.2}}}}\n"


def cut_off(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.fixture(scope="module")
def components() -> Catalogue:
    return catalogue(load())


@pytest.fixture
def plan(tmp_path: Path, components: Catalogue) -> Callable[..., MatrixPlan]:
    """Plans the matrix in a folder; nothing of it is run."""

    def plan(*, smoke: bool = False) -> MatrixPlan:
        (tmp_path / "grid.yaml").write_text(MATRIX)
        loaded = read_recipe(str(tmp_path / "grid.yaml"), catalogue=components)
        assert loaded.matrix is not None
        root = tmp_path / "out"
        root.mkdir()
        return write_plan(loaded, loaded.matrix, components, root=root, jobs=1, smoke=smoke)

    return plan


def test_a_matrix_goes_on_with_a_damaged_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, out = tmp_path / "grid.yaml", tmp_path / "out"
    recipe.write_text(MATRIX.replace("[0, 1]", "[0]"))
    assert main(["run", str(recipe), "--out", str(out), "--progress", "none"]) == 0
    tables = ("matrix.csv", "matrix.md", "matrix.tex", "matrix_epochs.md")
    before = {name: (out / name).read_bytes() for name in tables}
    damaged, unmeasured = out / "plain" / "seed0", out / "wide" / "seed0"
    cut_off(damaged / "run.json")
    cut_off(unmeasured / "results.json")
    removed = ("matrix.json", "report.html", "matrix_runs.csv", LOCK, *tables)
    for name in removed:
        (out / name).unlink()
    capsys.readouterr()

    assert main(["run", "--resume", str(out), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert f"warning: {damaged / 'run.json'}: can't be read" in told
    assert "matrix.json: is not there any more. It would be made anew." in told
    assert told.count("0 of 1") == 2
    assert not damaged.with_name("seed0.damaged").exists()

    assert main(["run", "--resume", str(out), "--progress", "lines"]) == 0
    aside = damaged.with_name("seed0.damaged")
    told = capsys.readouterr().out
    assert f"Kept as {aside}, and made anew." in told
    assert "matrix.json: is not there any more. It is made anew." in told
    assert (aside / "predictions.parquet").is_file()
    assert read_json(damaged / "run.json")["status"] == "done"
    # Its weights were whole, so nothing was trained again.
    assert len(read_json(unmeasured / "run.json")["resumed"]) == 1
    assert {name: (out / name).read_bytes() for name in tables} == before
    assert read_json(out / "matrix.json")["status"] == "done"
    assert all((out / name).is_file() for name in removed)


@pytest.mark.parametrize("content", ["", "hello", "{}", "[]"])
def test_a_single_run_says_how_to_begin_anew(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_text(content)
    for more in ([], ["--dry-run"]):
        assert main(["run", "--resume", str(tmp_path), *more]) == 2
        error = capsys.readouterr().err
        assert "run.json: " in error
        assert f"ferkit run {tmp_path / 'recipe.yaml'} --out FOLDER" in error


@pytest.mark.parametrize("spoil", [cut_off, Path.unlink])
def test_a_damaged_matrix_json_is_written_anew(
    plan: Callable[..., MatrixPlan], components: Catalogue, spoil: Callable[[Path], None]
) -> None:
    planned = plan(smoke=True)
    path = planned.root / "matrix.json"
    spoil(path)
    assert holds_matrix(planned.root)
    told: list[Path] = []

    def again() -> MatrixPlan:
        return unchanged_plan(planned.root, components, lambda path, _: told.append(path))

    with pytest.raises(DamagedError, match=r"matrix\.json: .* Begin anew: ferkit run"):
        again()  # no run says whether it was for real
    run = planned.root / planned.runs[0].folder
    run.mkdir(parents=True)
    write_json(run / "run.json", {"schema_version": 1, "smoke": True, "started": "then"})
    found = again()
    assert told == [path]
    assert (found.runs, found.recipes) == (planned.runs, planned.recipes)
    assert (found.smoke, found.started) == (True, "then")

    recipe = planned.root / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("batch_size: 16", "batch_size: 8"))
    with pytest.raises(DamagedError, match=r"Begin anew: ferkit run"):
        again()


@pytest.mark.parametrize("spoil", [cut_off, Path.unlink, None])
def test_a_matrix_of_an_earlier_ferkit_is_gone_on_with(
    plan: Callable[..., MatrixPlan],
    components: Catalogue,
    spoil: Callable[[Path], None] | None,
) -> None:
    """A parameter with a default came since: neither the recipe nor the plan names it."""
    planned = plan()
    path, recipe = planned.root / "matrix.json", planned.root / "recipe.yaml"
    for file in [recipe, *(planned.root / run.plan_file for run in planned.work)]:
        content = yaml.safe_load(file.read_text())
        del content["evaluation"]["bins"], content["data"]["train"]["blur"]
        file.write_text(yaml.safe_dump(content, sort_keys=False))
    write_json(path, read_json(path) | {"recipe": recorded(recipe.read_text())})
    run = planned.root / planned.runs[0].folder
    run.mkdir(parents=True)
    write_json(run / "run.json", {"schema_version": 1, "started": "then"})
    if spoil is not None:
        spoil(path)
    found = unchanged_plan(planned.root, components, lambda path, _: None)
    assert (found.runs, found.recipes) == (planned.runs, planned.recipes)

    write_state(found, "interrupted")  # as `ferkit run --resume` does
    unchanged_plan(planned.root, components, lambda path, _: None)
    recipe.write_text(recipe.read_text().replace("batch_size: 16", "batch_size: 8"))
    with pytest.raises(FerkitError, match=r"since it began: .*training\.batch_size is 8"):
        unchanged_plan(planned.root, components, lambda path, _: None)


def test_a_folder_without_matrix_json_and_recipe_says_so(
    plan: Callable[..., MatrixPlan], capsys: pytest.CaptureFixture[str]
) -> None:
    root = plan().root
    for name in ("matrix.json", "recipe.yaml"):
        (root / name).unlink()
    assert not holds_matrix(root)
    for more in ([], ["--dry-run"]):
        assert main(["run", "--resume", str(root), *more]) == 2
        error = capsys.readouterr().err
        assert "neither run.json nor matrix.json is there. Nor is a recipe.yaml of a" in error


def test_what_is_set_aside_gets_a_name_of_its_own(tmp_path: Path) -> None:
    for name in ("run.damaged", "run.damaged-2"):
        folder = tmp_path / "run"
        folder.mkdir()
        assert set_aside(folder) == tmp_path / name
        assert not folder.exists()


def test_a_sweep_goes_on_with_a_damaged_trial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A kill left the trial under way, so it is taken up again."""
    path, out = (
        write(tmp_path, "sweep: {trials: 1, space: {model.dropout: [0.0]}}\n"),
        tmp_path / "out",
    )
    run = out / "trials" / "0000" / "seed0"
    assert main(["sweep", str(path), "--out", str(out), "--progress", "none"]) == 0
    for name in ("sweep.db", "report.html"):
        (out / name).unlink()
    cut_off(run / "run.json")
    assert main(["sweep", "--resume", str(out), "--progress", "lines"]) == 0
    assert "run.json: can't be read" in (told := capsys.readouterr().out)
    assert f"Kept as {run.with_name('seed0.damaged')}, and done anew." in told
    assert read_json(out / "sweep.json")["trials"][0]["state"] == "complete"
