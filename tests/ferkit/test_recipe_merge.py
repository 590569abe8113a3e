"""Fragments laid over recipes, and `--set`."""

from __future__ import annotations

import pytest

from ferkit.errors import FerkitErrors
from ferkit.recipe_merge import apply_settings, lay_over
from ferkit.recipe_yaml import parse, plain

BASE = {
    "seed": 1,
    "model": {"backbone": {"use": "resnet", "depth": 18}, "dropout": 0.1},
    "labelled": {"weightings": ["uniform", {"use": "trend", "c": 0.3}]},
}


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ({}, {}),
        ({"seed": 2}, {"seed": 2}),
        (
            {"model": {"dropout": 0.5}},
            {"model": {"backbone": {"use": "resnet", "depth": 18}, "dropout": 0.5}},
        ),
        (
            {"model": {"backbone": {"depth": 34}}},
            {"model": {"backbone": {"use": "resnet", "depth": 34}, "dropout": 0.1}},
        ),
        (
            {"model": {"backbone": {"use": "resnet", "width": 2}}},
            {"model": {"backbone": {"use": "resnet", "depth": 18, "width": 2}, "dropout": 0.1}},
        ),
        (
            {"model": {"backbone": {"use": "vgg", "width": 2}}},
            {"model": {"backbone": {"use": "vgg", "width": 2}, "dropout": 0.1}},
        ),
        ({"model": {"backbone": "vgg"}}, {"model": {"backbone": "vgg", "dropout": 0.1}}),
        ({"labelled": {"weightings": []}}, {"labelled": {"weightings": []}}),
        ({"model": None}, {"model": None}),
        ({"new": {"a": 1}}, {"new": {"a": 1}}),
    ],
)
def test_mappings_merge_and_the_rest_replaces(fragment, expected):
    assert lay_over(BASE, fragment) == {**BASE, **expected}


def test_a_component_given_by_name_merges_like_one_written_out():
    document = {"model": {"backbone": "resnet"}}
    assert lay_over(document, {"model": {"backbone": {"depth": 34}}}) == {
        "model": {"backbone": {"use": "resnet", "depth": 34}}
    }
    assert lay_over(document, {"model": {"backbone": {"use": "vgg", "depth": 16}}}) == {
        "model": {"backbone": {"use": "vgg", "depth": 16}}
    }


def test_neither_side_is_changed():
    document, fragment = {"a": {"b": [1]}}, {"a": {"c": 2}}
    merged = lay_over(document, fragment)
    merged["a"]["b"].append(2)
    assert document == {"a": {"b": [1]}}
    assert fragment == {"a": {"c": 2}}


def settled(*settings: str) -> dict[str, object]:
    text = """
seed: 1
model: {backbone: resnet, dropout: 0.1}
labelled: {weightings: [uniform, {use: trend, c: 0.3}]}
matrix: {variants: {a.b: {seed: 3}, c: }}
"""
    return plain(apply_settings(parse(text, "r.yaml"), settings))


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("seed=7", ["seed"], 7),
        ("model.dropout=1e-1", ["model", "dropout"], 0.1),
        ("model.backbone=vgg", ["model", "backbone"], "vgg"),
        ("model.backbone={use: vgg, depth: 16}", ["model", "backbone", "depth"], 16),
        ("model.backbone.depth=34", ["model", "backbone"], {"use": "resnet", "depth": 34}),
        ("labelled.weightings.1.c=0.5", ["labelled", "weightings", 1], {"use": "trend", "c": 0.5}),
        ("labelled.weightings.1.use=gmm", ["labelled", "weightings", 1], {"use": "gmm"}),
        ("labelled.weightings.0=trend", ["labelled", "weightings", 0], "trend"),
        ("labelled.weightings=[]", ["labelled", "weightings"], []),
        ("training.optimiser.lr=0.1", ["training", "optimiser", "lr"], 0.1),
        ("matrix.variants.a.b.seed=4", ["matrix", "variants", "a.b", "seed"], 4),
        ("matrix.variants.c.seed=5", ["matrix", "variants", "c", "seed"], 5),
        ("name=no", ["name"], "no"),
        ("name=a=b", ["name"], "a=b"),
        ("name=", ["name"], None),
        (" name = x", ["name"], "x"),
    ],
)
def test_set_reaches_any_key(setting, path, value):
    found = settled(setting)
    for part in path:
        found = found[part]
    assert found == value


def test_settings_apply_in_order():
    found = settled("model.backbone.use=vgg", "model.backbone.depth=11", "model.backbone.depth=13")
    assert found["model"]["backbone"] == {"use": "vgg", "depth": 13}


def test_wrong_settings_are_all_told():
    with pytest.raises(FerkitErrors) as caught:
        settled("seed", "=3", "a..b=1", "seed.x=1", "labelled.weightings.2=x", "name=[1")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("--set seed: must read key=value. For example")
    assert lines[1].startswith("--set =3: must read key=value.")
    assert lines[2].startswith("--set a..b=1: must read key=value.")
    assert lines[3] == "--set seed.x: there is nothing below this key: the recipe has 1 there."
    assert lines[4].startswith(
        "--set labelled.weightings.2: the list holds 2 entries, there is no '2' in it."
    )
    assert lines[5].startswith("--set name:1:3: not valid YAML")
