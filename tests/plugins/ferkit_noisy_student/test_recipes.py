"""The recipes that ship with the plugin: right, runnable, and each row as its name says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import ferkit_noisy_student
import pytest

from ferkit.catalogue import Catalogue, catalogue
from ferkit.cli import main
from ferkit.plugins import load
from ferkit.recipe import LoadedRecipe, models_for, read_recipe, validate
from ferkit.recipe_write import recipe_document
from ferkit.running.plan import plan_runs, run_document

NAMES = sorted(
    path.stem for path in (Path(ferkit_noisy_student.__file__).parent / "recipes").glob("*.yaml")
)
COMPONENTS = [
    ("baseline", set()),
    ("preprocessing", {"faces.enhancer"}),
    ("all_stages", {"model.aggregation.space"}),
    ("spatial_attention", {"model.aggregation.space", "model.penalty"}),
    ("regions", {"faces.cropper"}),
    ("region_attention", {"model.aggregation.regions"}),
    ("frame_attention", {"model.aggregation.frames", "data.unlabelled", "loop"}),
    ("iterations", {"loop", "student.dropout"}),
]
ARMS: dict[str, dict[str, Any]] = {
    "iterations": {"loop.rounds": 4},
    "iterations_no_noise": {"loop.rounds": 4, "loop.input_noise": "weak", "student.dropout": 0},
    "iterations_no_balancing": {"loop.rounds": 4, "loop.balance": False},
    "no_input_noise": {"loop.input_noise": "weak"},
    "no_model_noise": {"student.dropout": 0},
    "no_noise": {"loop.input_noise": "weak", "student.dropout": 0},
    "weak_first": {"training.strong.weak_first": True},
    "clean_labelled": {"loop.noise_labelled": False},
    "teacher_noise": {"loop.teacher_noise": True},
    "fraction_0.1": {"loop.fraction": 0.1},
    "fraction_0.3": {"loop.fraction": 0.3},
    "ratio_1": {"loop.ratio": 1},
    "ratio_3": {"loop.ratio": 3},
    "ratio_5": {"loop.ratio": 5},
    "short": {"loop.student_epochs": 12},
    "long": {"loop.student_epochs": 180},
    "long_no_noise": {
        "loop.student_epochs": 180,
        "loop.input_noise": "weak",
        "student.dropout": 0,
    },
    "hard": {"unlabelled.label_updates": [{"use": "hard"}]},
}


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return catalogue(load())


@pytest.fixture(scope="module")
def recipes(known: Catalogue) -> dict[str, LoadedRecipe]:
    return {name: read_recipe(name, catalogue=known) for name in NAMES}


def resolved(loaded: LoadedRecipe, known: Catalogue) -> dict[str, dict[str, Any]]:
    """Variant -> its whole recipe, defaults included, with the first seed."""
    assert loaded.matrix is not None
    models = models_for(loaded.document, known)
    found = {}
    for run in plan_runs(loaded.matrix):
        if run.seed == loaded.matrix.seeds[0]:
            document = run_document(
                loaded.document, loaded.matrix, run, name=loaded.name, root=Path("out")
            )
            recipe = validate(document, catalogue=known, models=models)
            found[run.variant] = recipe_document(recipe)
    return found


def values(one: Mapping[str, Any], other: Mapping[str, Any], *, within: bool) -> dict[str, Any]:
    """The other's values by dotted key where they differ.

    Args:
        within: look into a component that is the same in both; without, it counts as one value.
    """
    found = {}
    for key in {*one, *other} - {"name"}:
        mine, theirs = one.get(key), other.get(key)
        parts = [each for each in (mine, theirs) if isinstance(each, Mapping)]
        used = [each["use"] for each in parts if "use" in each]
        if len(parts) == 2 and (not used or (within and len(used) == 2 and used[0] == used[1])):
            inner = values(*parts, within=within)
            found |= {f"{key}.{name}": value for name, value in inner.items()}
        elif mine != theirs:
            found[key] = theirs
    return found


def changed(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    """Dotted keys whose values differ; a component counts as one value."""
    return set(values(one, other, within=False))


def test_every_table_and_figure_of_paper_b_has_its_recipe() -> None:
    assert set(NAMES) == {
        "mixed_a_on_b",
        "mixed_b_on_a",
        "paper_b_attention",
        "paper_b_components",
        "paper_b_cost",
        "paper_b_pretrained",
        "paper_b_regions",
        "paper_b_student",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_right_and_has_three_seeds(name: str, recipes: dict[str, LoadedRecipe]) -> None:
    loaded = recipes[name]
    assert loaded.matrix is None or loaded.matrix.seeds == (0, 1, 2)
    assert loaded.recipe.data.test is not None


def test_each_row_of_the_ablation_adds_what_its_name_says(
    recipes: dict[str, LoadedRecipe], known: Catalogue
) -> None:
    rows = resolved(recipes["paper_b_components"], known)
    assert list(rows) == [name for name, _ in COMPONENTS]
    for (before, _), (name, differing) in pairwise(COMPONENTS):
        assert changed(rows[before], rows[name]) == differing, name
    assert rows["frame_attention"]["loop"]["rounds"] == 0
    epochs = {row["loop"].get("teacher_epochs", row["loop"].get("epochs")) for row in rows.values()}
    assert len(epochs) == 1


def test_each_arm_differs_from_one_student_in_one_thing(
    recipes: dict[str, LoadedRecipe], known: Catalogue
) -> None:
    rows = resolved(recipes["paper_b_student"], known)
    base = rows.pop("student")
    larger = values(base, rows.pop("iterations_34"), within=True)
    student = larger.pop("student.model")
    assert larger == {"loop.rounds": 4}
    assert values(base["model"], student, within=True) == {"backbone.depth": 34}
    assert {name: values(base, row, within=True) for name, row in rows.items()} == ARMS


def test_backbones_of_all_kinds_are_in_the_cost_recipe(
    recipes: dict[str, LoadedRecipe], known: Catalogue
) -> None:
    rows = resolved(recipes["paper_b_cost"], known)
    used = {row["model"]["backbone"]["use"] for row in rows.values()}
    small = {"small_cnn", "mobilefacenet", "efficientnet"}
    assert used == {"grouped_resnet", "resnet", "vgg", "vggface"} | small


def test_the_smallest_recipe_runs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    values = {
        "data.train.count": 28,
        "data.train.clip_length": 2,
        "data.train.frame_size": 64,
        "data.test.count": 14,
        "data.test.clip_length": 2,
        "data.test.frame_size": 64,
        "faces.cropper.size": 32,
        "model.backbone.width": 4,
        "training.batch_size": 8,
        "training.threads": 1,
        "training.device": "cpu",
        "evaluation.figures": "false",
        "evaluation.bootstrap": 20,
    }
    given = [text for key, value in values.items() for text in ("--set", f"{key}={value}")]
    arguments = ["--smoke", "--out", str(out), "--progress", "none", *given]
    assert main(["run", "paper_b_attention", *arguments]) == 0
    attention = json.loads((out / "results.json").read_text())["attention"]
    assert attention["regions"]["names"] == ["face", "eyes", "mouth"]
    assert attention["frames"]["frames"] == 2
    assert {"face", "eyes", "mouth"} == set(attention["space"]["on_face"]["regions"])
