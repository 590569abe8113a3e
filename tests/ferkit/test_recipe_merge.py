"""Fragments laid over recipes."""

from __future__ import annotations

import pytest

from ferkit.recipe_merge import lay_over

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
