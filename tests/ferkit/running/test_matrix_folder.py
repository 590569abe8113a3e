"""The plan of a matrix in its folder: written, read again, of an earlier ferkit, damaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ferkit.catalogue import Catalogue, catalogue
from ferkit.errors import FerkitError
from ferkit.plugins import load
from ferkit.recipe import read_recipe
from ferkit.recipe_write import recipe_document
from ferkit.running.folder import read_json, write_json
from ferkit.running.matrix_plan import MatrixPlan, read_plan, write_plan

GRID = """\
data:
  labels: 4
  train: {use: rendered, count: 8}
  test: {use: rendered, count: 8, start: 50}
matrix:
  seeds: [1, 2]
  settings:
    low: {loop: {use: self_training, tau: 0.2}}
    high: {loop: {use: self_training, tau: 0.9}}
  pretrain: {loop: {use: supervised, epochs: 3}}
  first: {loop: {use: supervised, epochs: 2}}
  variants:
    plain: {loop: {use: supervised}}
    own: {loop: {use: self_training}}
"""

Write = Callable[[Path], MatrixPlan]


@pytest.fixture(scope="module")
def components() -> Catalogue:
    return catalogue(load())


@pytest.fixture
def write(components: Catalogue, tmp_path: Path) -> Write:
    def write_it(recipe: Path) -> MatrixPlan:
        loaded = read_recipe(str(recipe), catalogue=components)
        assert loaded.matrix is not None
        root = tmp_path / "out"
        root.mkdir()
        return write_plan(loaded, loaded.matrix, components, root=root, jobs=2, smoke=False)

    return write_it


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    """Two settings that differ in what one variant alone reads."""
    path = tmp_path / "grid.yaml"
    path.write_text(GRID)
    return path


def test_settings_that_one_variant_reads_share_the_rest(
    grid: Path, write: Write, components: Catalogue
) -> None:
    plan = write(grid)
    assert plan.sizes() == (
        "2 settings x 2 variants x 2 seeds, 9 runs (4 more are the same as another setting's)"
    )
    files = {path.name for path in (plan.root / ".plan" / "high").iterdir()}
    assert files == {"own-seed1.yaml", "own-seed2.yaml"}
    own = yaml.safe_load((plan.root / ".plan/high/own-seed2.yaml").read_text())
    assert (own["seed"], own["loop"]["tau"]) == (2, 0.9)
    assert own["init"] == str(plan.root / "low/first/seed2")
    assert own["training"]["threads"] == 1
    again = read_plan(plan.root, components)
    assert again.runs == plan.runs
    assert all(
        recipe_document(recipe) == recipe_document(plan.recipes[cell])
        for cell, recipe in again.recipes.items()
    )
    assert set(plan.recipes) - set(again.recipes) == {("high", "first"), ("high", "plain")}
    reread = read_recipe(str(plan.root / "recipe.yaml"), catalogue=components)
    assert reread.matrix == plan.matrix


def test_a_folder_of_an_earlier_ferkit_is_read(
    tiny_matrix: Path, write: Write, components: Catalogue
) -> None:
    plan = write(tiny_matrix)
    path = plan.root / "matrix.json"
    state = read_json(path)
    for key in ("settings", "pretrain", "not_pretrained"):
        del state["matrix"][key]
    kept = ("variant", "seed", "folder", "done")
    state["runs"] = [{key: run[key] for key in kept} for run in state["runs"]]
    del state["not_tried"]
    write_json(path, state)
    again = read_plan(plan.root, components)
    assert again.runs == plan.runs
    assert [run.folder.as_posix() for run in again.work] == [
        "first/seed0", "first/seed1",
        "plain/seed0", "scratch/seed0", "plain/seed1", "scratch/seed1",
    ]  # fmt: skip
    assert again.threads() == 1


def test_the_recipe_of_a_matrix_names_no_fold_beside_folds(
    tmp_path: Path, write: Write, components: Catalogue
) -> None:
    """So that it can be run again: `matrix.folds` goes with no `data.split.fold`."""
    recipe = tmp_path / "folds.yaml"
    recipe.write_text(
        "data: {train: {use: rendered, count: 8}, split: {folds: 4}}\n"
        "matrix: {folds: [3, 1], variants: {few: {data: {labels: 2}}, all: {}}}\n"
    )
    plan = write(recipe)
    assert [run.fold for run in plan.runs] == [3, 3, 1, 1]
    written = yaml.safe_load((plan.root / "recipe.yaml").read_text())
    assert written["matrix"]["variants"]["few"]["data"]["split"]["fold"] == 0
    assert read_recipe(str(plan.root / "recipe.yaml"), catalogue=components).matrix is not None


def test_a_damaged_plan_is_a_clear_error(grid: Path, write: Write, components: Catalogue) -> None:
    plan = write(grid)
    path = plan.root / "matrix.json"
    state = read_json(path)
    del state["runs"][0]["folder"]
    write_json(path, state)
    with pytest.raises(FerkitError, match=r"matrix\.json: is damaged: it lacks 'folder'\."):
        read_plan(plan.root, components)
    state["runs"] = 3
    write_json(path, state)
    with pytest.raises(FerkitError, match="holds no valid matrix"):
        read_plan(plan.root, components)


def test_a_run_is_shared_only_where_it_lies_elsewhere(grid: Path, write: Write) -> None:
    plan = write(grid)
    assert {run.label for run in plan.runs if run.is_shared} == {
        f"high/{variant}, seed {seed}" for variant in ("first", "plain") for seed in (1, 2)
    }
    moved = replace(plan.runs[1], folder=Path("elsewhere"))
    assert moved.is_shared
