"""A matrix with axes and folds: which runs it comes to, what they share, and a killed one."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ferkit.catalogue import Catalogue, catalogue
from ferkit.cli import main
from ferkit.plugins import load
from ferkit.recipe import read_recipe
from ferkit.running.folder import read_json
from ferkit.running.matrix_plan import MatrixPlan, read_plan, write_plan
from ferkit.running.plan_lines import plan_lines
from ferkit.running.planned_recipes import read_planned, write_planned
from ferkit.running.selection import selected

RECIPE: dict[str, Any] = {
    "data": {
        "train": {"use": "rendered", "domain": "lab", "count": 42, "seed": 1, "frame_size": 48},
        "split": {"validation": 0.0},
    },
    "faces": {"cropper": {"use": "face", "size": 24}},
    "model": {"backbone": {"use": "small_cnn", "width": 4}},
    "training": {"batch_size": 8, "threads": 1},
    "loop": {"use": "supervised", "epochs": 1},
    "evaluation": {"bootstrap": 0, "figures": False},
}

Plan = Callable[..., MatrixPlan]


@pytest.fixture(scope="module")
def components() -> Catalogue:
    return catalogue(load())


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_it(matrix: dict[str, Any], **changes: Any) -> Path:
        path = tmp_path / "grid.yaml"
        path.write_text(yaml.safe_dump(RECIPE | changes | {"matrix": matrix}, sort_keys=False))
        return path

    return write_it


@pytest.fixture
def planned(write: Callable[..., Path], components: Catalogue, tmp_path: Path) -> Plan:
    def plan(matrix: dict[str, Any], **changes: Any) -> MatrixPlan:
        loaded = read_recipe(str(write(matrix, **changes)), catalogue=components)
        assert loaded.matrix is not None
        root = tmp_path / "out"
        root.mkdir(exist_ok=True)
        return write_plan(loaded, loaded.matrix, components, root=root, jobs=1, smoke=False)

    return plan


def folders(plan: MatrixPlan) -> dict[str, int]:
    return Counter(run.folder.as_posix() for run in plan.runs)


def test_folds_are_runs_beside_seeds_each_with_its_first_model(planned: Plan) -> None:
    other = {"data": {"train": {"start": 500}}}
    plan = planned(
        {"seeds": [3, 4], "folds": 2, "first": {}, "pretrain": other, "variants": {"v": {}}}
    )
    needs = {run.folder.as_posix(): run.needs and run.needs.as_posix() for run in plan.runs}
    assert needs == {
        "pretrain/seed3": None,
        **{f"first/seed{s}-fold{f}": "pretrain/seed3" for s in (3, 4) for f in (0, 1)},
        **{f"v/seed{s}-fold{f}": f"first/seed{s}-fold{f}" for s in (3, 4) for f in (0, 1)},
    }
    run = plan.runs[-1]
    assert (run.label, run.replicate) == ("v, seed 4, fold 1", "4.1")
    assert run.plan_file.as_posix() == ".plan/v-seed4-fold1.yaml"
    assert plan.sizes() == "1 variant x 2 seeds x 2 folds, 9 runs"


def test_a_run_s_own_recipe_names_its_fold(planned: Plan, components: Catalogue) -> None:
    plan = planned(
        {"folds": 3, "pretrain": {"data": {"train": {"start": 500}}}, "variants": {"v": {}}}
    )
    recipes = read_planned([plan.root / run.plan_file for run in plan.runs], components)
    splits = [recipe.data.split for recipe in recipes.values()]
    assert [(split.folds, split.fold) for split in splits] == [(None, 0), (3, 0), (3, 1), (3, 2)]
    assert [recipe.init for recipe in recipes.values()][2] == str(plan.root / "pretrain/seed0")


def test_an_axis_of_loops_shares_one_first_model(planned: Plan) -> None:
    plan = planned(
        {
            "folds": 2,
            "axes": {
                "loop": [
                    {"use": "supervised", "epochs": 2, "keep": "last"},
                    {"use": "self_training", "tau": 0.6},
                    {"use": "noisy_student", "ratio": 2},
                ],
                "model.dropout": [0.0, 0.5],
            },
            "first": {"loop": {"use": "supervised", "epochs": 4}},
        },
        data=RECIPE["data"] | {"labels": 14},
    )
    made = {folder: n for folder, n in folders(plan).items() if "/first/" in folder}
    assert made == {
        f"supervised-dropout{dropout}/first/seed0-fold{fold}": 3
        for dropout in ("0.0", "0.5")
        for fold in (0, 1)
    }
    recipe = plan.recipes["self_training-dropout0.5", "first"]
    assert (recipe.loop.use, recipe.loop.epochs, recipe.loop.keep) == ("supervised", 4, "best")
    assert sorted(plan_lines(plan)) == [
        "combinations: 6",
        "data: 1 set of faces is prepared",
        "first models: 4, from which 12 runs start",
        "folds: 2",
        "loop: supervised, self_training, noisy_student",
        "model.dropout: 0.0, 0.5",
    ]


def test_what_only_some_runs_read_is_shared_by_the_others(planned: Plan) -> None:
    plan = planned(
        {
            "axes": {"tau": {
                "low": {"loop": {"use": "self_training", "tau": 0.6}},
                "mid": {"loop": {"use": "self_training", "tau": 0.7}},
                "high": {"loop": {"use": "self_training", "tau": 0.9}},
            }},
            "variants": {"plain": {"loop": {"use": "supervised"}}, "st": {}},
            "exclude": [{"tau": "high", "variant": "st"}],
        },
        data=RECIPE["data"] | {"labels": 14},
    )  # fmt: skip
    assert folders(plan) == {"low/plain/seed0": 3, "low/st/seed0": 1, "mid/st/seed0": 1}
    assert plan.sizes().endswith("3 runs (2 more are the same as another combination's)")


def test_the_plan_and_the_recipe_in_the_folder_come_to_the_same_again(
    planned: Plan, components: Catalogue
) -> None:
    plan = planned(
        {
            "seeds": [0, 1],
            "folds": [0, 2],
            "settings": {"few": {"data": {"labels": 14}}, "all": {}},
            "axes": {
                "model.backbone": ["small_cnn", {"use": "resnet", "depth": 18}],
                "model.dropout": [0.1],
            },
            "exclude": [{"setting": "few", "model.backbone": "resnet"}],
            "include": [{"setting": "few", "model.backbone": "small_cnn", "model.dropout": 0.9}],
        },
        data=RECIPE["data"] | {"split": {"folds": 3}},
    )
    assert len(plan.runs) == 16
    again = read_plan(plan.root, components)
    assert again.runs == plan.runs
    assert again.recipes == plan.recipes
    assert again.matrix.axis_values() == plan.matrix.axis_values()
    state = read_json(plan.root / "matrix.json")
    assert state["axes"]["few-small_cnn-dropout0.9"] == {
        "setting": "few", "model.backbone": "small_cnn", "model.dropout": 0.9,
    }  # fmt: skip
    assert [run["fold"] for run in state["runs"]][:4] == [0, 2, 0, 2]
    loaded = read_recipe(str(plan.root / "recipe.yaml"), catalogue=components)
    assert loaded.matrix is not None
    assert loaded.matrix.settings == plan.matrix.settings
    assert loaded.matrix.omitted() == plan.matrix.omitted()


def test_paths_of_axes_are_absolute_in_the_folder_and_names_stay(
    planned: Plan, components: Catalogue, tmp_path: Path
) -> None:
    plan = planned(
        {
            "axes": {"data.train.path": ["photos", "photos/more"]},
            "variants": {"v": {}, "w": {"model": {"dropout": 0.5}}},
            "exclude": [{"data.train.path": "photos/more", "variant": "w"}],
        },
        data={"train": {"use": "folder", "path": "photos"}},
    )
    assert list(plan.matrix.settings or ()) == ["photos", "more"]
    content = yaml.safe_load((plan.root / "recipe.yaml").read_text())["matrix"]
    assert content["axes"] == {
        "data.train.path": {"photos": f"{tmp_path}/photos", "more": f"{tmp_path}/photos/more"}
    }
    assert content["exclude"] == [{"variant": ["w"], "data.train.path": ["more"]}]
    loaded = read_recipe(str(plan.root / "recipe.yaml"), catalogue=components)
    assert loaded.matrix is not None
    assert list(loaded.matrix.settings or ()) == ["photos", "more"]
    assert loaded.matrix.omitted() == {("more", "w")}


def test_a_folder_from_before_axes_and_folds_is_read(planned: Plan, components: Catalogue) -> None:
    plan = planned({"settings": {"a": {}, "b": {"model": {"dropout": 0.5}}}})
    path = plan.root / "matrix.json"
    state = read_json(path)
    for key in ("points", "left_out", "crossed", "axes", "folds", "include", "exclude"):
        del state["matrix"][key]
    for run in state["runs"]:
        del run["fold"]
    path.write_text(json.dumps(state))
    for run in plan.work:  # planned recipes were YAML
        text = yaml.safe_dump(json.loads((plan.root / run.plan_file).read_text()))
        (plan.root / run.plan_file).write_text(text)
    again = read_plan(plan.root, components)
    assert again.runs == plan.runs
    assert again.recipes == plan.recipes


def test_a_planned_recipe_that_json_can_t_hold_is_yaml(
    components: Catalogue, planned: Plan, tmp_path: Path
) -> None:
    recipe = planned({"seeds": [0, 1]}).recipes[None, "run"]
    for name in ("caf\u00e9", "line\nbreak", "face \U0001f600"):
        path = tmp_path / "p.yaml"
        write_planned(path, recipe.model_copy(update={"init": f"/{name}"}))
        assert read_planned([path], components)[path].init == f"/{name}"
        assert read_recipe(str(path), catalogue=components).recipe.init == f"/{name}"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("dropout0.0/run/seed1-fold0", ["dropout0.0/run/seed1-fold0"]),
        ("*/*/*-fold1", [f"dropout{d}/run/seed{s}-fold1" for d in ("0.0", "0.5") for s in (0, 1)]),
        ("dropout0.5//seed0*", ["dropout0.5/run/seed0-fold0", "dropout0.5/run/seed0-fold1"]),
    ],
)
def test_only_names_runs_too(planned: Plan, pattern: str, expected: list[str]) -> None:
    plan = planned({"seeds": [0, 1], "folds": 2, "axes": {"model.dropout": [0.0, 0.5]}})
    found = selected(plan.runs, [pattern], matrix=plan.matrix)
    assert sorted(folder.as_posix() for folder in found) == expected
    with pytest.raises(Exception, match="Did you mean 'seed"):
        selected(plan.runs, ["*/run/seed-fold0"], matrix=plan.matrix)


def test_a_killed_matrix_with_axes_and_folds_goes_on(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    dropout = {"model.dropout": [0.0, 0.5]}
    path, out = write({"folds": 2, "axes": dropout}), tmp_path / "out"
    arguments = ["run", str(path), "--out", str(out), "--jobs", "1", "--progress", "none"]
    process = subprocess.Popen([sys.executable, "-m", "ferkit", *arguments])
    first = out / "dropout0.0" / "run" / "seed0-fold0" / "results.json"
    second = out / "dropout0.0" / "run" / "seed0-fold1" / "run.json"
    deadline = time.monotonic() + 120
    while not second.exists():
        assert process.poll() is None, "the matrix ended too soon"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    stamp = first.stat().st_mtime_ns
    assert read_json(out / "matrix.json")["status"] == "running"

    assert main(["run", "--resume", str(out), "--jobs", "1", "--progress", "none"]) == 0
    assert first.stat().st_mtime_ns == stamp
    state = read_json(out / "matrix.json")
    assert state["status"] == "done"
    assert len({run["folder"] for run in state["runs"]}) == 2 * 2
    assert list(state["settings"]) == list(state["axes"]) == ["dropout0.0", "dropout0.5"]
    one = state["settings"]["dropout0.5"]["variants"]["run"]
    assert list(one["values"]) == ["0.0", "0.1"]
    # Each fold is the test split once: together they are all samples.
    folds = [out / "dropout0.5" / "run" / f"seed0-fold{fold}" / "run.json" for fold in (0, 1)]
    assert sum(read_json(fold)["data"]["splits"]["test"]["n"] for fold in folds) == 42
    with (out / "matrix_runs.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(state["runs"])
