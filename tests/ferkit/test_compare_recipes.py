"""The recipes that compare methods: complete, and of one budget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from mixes import PARENTS

import ferkit
from ferkit.catalogue import Catalogue, catalogue
from ferkit.cli import main
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe import LoadedRecipe, models_for, read_recipe, validate
from ferkit.running.folder import read_json
from ferkit.running.plan import plan_runs, run_document
from ferkit.sections import Recipe

FOLDER = Path(ferkit.__file__).parent / "recipes" / "compare"
STEPS = 240


@pytest.fixture(scope="module")
def components() -> Catalogue:
    return catalogue(load())


@pytest.fixture(scope="module")
def read(components: Catalogue) -> dict[str, LoadedRecipe]:
    names = [path.stem for path in FOLDER.glob("*.yaml")]
    return {name: read_recipe(f"compare/{name}", catalogue=components, look=True) for name in names}


def written(name: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def recipes_of(read: LoadedRecipe, components: Catalogue) -> dict[str, Recipe]:
    """One of each variant."""
    assert read.matrix is not None
    models = models_for(read.document, components)
    runs = {run.variant: run for run in plan_runs(read.matrix) if run.variant != "pretrain"}
    return {
        name: validate(
            run_document(read.document, read.matrix, run, name="x", root=Path("/nowhere")),
            catalogue=components,
            folder=read.folder,
            models=models,
        )
        for name, run in runs.items()
    }


def test_the_settings_are_those_asked_for(read: dict[str, LoadedRecipe]) -> None:
    runs = plan_runs(read["methods"].matrix)
    assert {run.setting for run in runs if run.setting} == {
        f"{domain}-labels{labels}-{noise}"
        for domain, counts in {"easy": (70, 350, 700), "wild": (210, 700)}.items()
        for labels in counts
        for noise in ("clean", "noise20")
    }
    assert {run.seed for run in runs} == {0, 1, 2}
    variants = written("methods")["matrix"]["variants"]
    assert len(runs) == 1 + 10 * 3 * len(variants)


def test_every_method_is_there(read: dict[str, LoadedRecipe], components: Catalogue) -> None:
    found = recipes_of(read["methods"], components)
    used = {recipe.loop.use for recipe in found.values()}
    ours = {"supervised", "self_training", "noisy_student", "pseudo_label", "pi_model", "eac"}
    ours |= {"mean_teacher", "uda", "mixmatch", "fixmatch", "ada_cm", "rul", "co_teaching"}
    assert used == ours
    policies = {
        policy.use
        for recipe in found.values()
        for section in (recipe.labelled, recipe.unlabelled)
        for policy in (*section.label_updates, *section.weightings)
    }
    assert policies >= {"flexmatch", "freematch", "softmatch", "distribution_alignment", "elr"}
    assert policies >= {"loss_trend", "scn", "scn_relabel", "selc", "gmm", "confident_joint"}


@pytest.mark.parametrize("name", ["methods", "mixes"])
def test_all_have_the_same_budget(
    name: str, read: dict[str, LoadedRecipe], components: Catalogue
) -> None:
    found = recipes_of(read[name], components)
    context = Context(classes=tuple("abcdefg"), regions=("face",), image_size=48)
    for variant, recipe in found.items():
        loop = components.build(Kind.SSL_LOOP, recipe.loop, context)
        epochs = sum(phase.epochs for phase in loop.phases())
        assert epochs * recipe.loop.steps == STEPS, variant
        assert all(phase.patience is None for phase in loop.phases()), variant
        assert loop.phases()[-1].keep == "last", variant
        assert getattr(recipe.loop, "ratio", 2) == 2, variant
        assert recipe.training == found["supervised"].training, variant
        assert recipe.model == found["supervised"].model, variant
        assert recipe.data == found["supervised"].data, variant


def test_mixes_stand_beside_their_parents() -> None:
    methods, mixes = written("methods"), written("mixes")
    ours, theirs = mixes["matrix"]["variants"], methods["matrix"]["variants"]
    parents = {parent for pair in PARENTS.values() for parent in pair}
    half = "self_training_half"
    assert set(ours) == {"supervised", "self_training", *parents, *PARENTS}
    assert ours[half] == {
        **ours["self_training"],
        "loop": {**ours["self_training"]["loop"], "tau": 0.5},
    }
    assert ours["flex_replacement"] == {
        **ours[half],
        "unlabelled": ours["flex_replacement"]["unlabelled"],
    }
    for name in ("supervised", "self_training", *sorted(parents - {half})):
        assert ours[name] == theirs[name], name
    for section in ("faces", "model", "training", "evaluation"):
        assert mixes[section] == methods[section]
    assert mixes["data"]["train"] == methods["data"]["train"]


def test_networks_and_aggregations_are_compared(
    read: dict[str, LoadedRecipe], components: Catalogue
) -> None:
    backbones = recipes_of(read["backbones"], components).values()
    wanted = {"small_cnn", "resnet", "torchvision", "timm", "ir50", "mobilefacenet", "efficientnet"}
    assert {recipe.model.backbone.use for recipe in backbones} == {*wanted, "grouped_resnet"}
    found = [
        recipe.model.aggregation for recipe in recipes_of(read["aggregations"], components).values()
    ]
    assert {one.space.use for one in found} == {"mean", "gem", "spatial_attention"}
    assert {one.frames.use for one in found} == {
        "mean",
        "frame_attention",
        "fan",
        "temporal_transformer",
    }


@pytest.mark.slow
def test_it_runs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["run", "compare/mixes", "--smoke", "--out", str(out), "--jobs", "1"]
    only = ["--only", "easy-70/supervised", "--only", "easy-70/flex_replacement"]
    assert main([*arguments, "--progress", "none", *only]) == 0
    state = read_json(out / "matrix.json")
    assert set(state["settings"]["easy-70"]["variants"]) == {"supervised", "flex_replacement"}
