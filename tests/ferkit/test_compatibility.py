"""Combinations of components that can't work are refused when the recipe is read."""

from __future__ import annotations

import pytest

from ferkit.compatibility import chosen_parts, fulfils, incompatibilities, provided
from ferkit.errors import FerkitErrors
from ferkit.plugin import Kind
from ferkit.recipe import read_recipe, validate

TRAIN = {"train": {"use": "things", "path": "x"}}


@pytest.mark.parametrize(
    ("offered", "word", "expected"),
    [
        ({"maps"}, "maps", True),
        ({"map"}, "maps", False),
        (set(), "maps", False),
        ({"regions=3"}, "regions>=3", True),
        ({"regions=3"}, "regions>=2", True),
        ({"regions=1"}, "regions>=3", False),
        ({"regions=1", "regions=3"}, "regions>=3", True),
        ({"regions=3"}, "regions=3", True),
        ({"regions=3"}, "regions == 3", True),
        ({"regions=3"}, "regions<3", False),
        ({"regions=3"}, "regions<=3", True),
        ({"regions=3"}, "regions>3", False),
        ({"frames=3"}, "regions>=3", False),
    ],
)
def test_words_and_numbers(offered, word, expected):
    assert fulfils(offered, word) is expected


def test_the_parts_of_a_recipe_in_order(parts):
    document = {
        "data": TRAIN,
        "labelled": {"weightings": ["uniform", "trend"]},
        "faces": {"detector": None},
    }
    found = chosen_parts(validate(document, catalogue=parts))
    assert found[0].location == ("data", "train")
    assert (found[0].kind, found[0].name) == (Kind.DATASET, "things")
    assert [part.location for part in found if part.kind is Kind.SAMPLE_WEIGHTING] == [
        ("labelled", "weightings", 0),
        ("labelled", "weightings", 1),
    ]
    assert Kind.FACE_DETECTOR not in {part.kind for part in found}


@pytest.mark.parametrize(
    ("data", "word", "expected"),
    [
        ({}, "unlabelled", False),
        ({"labels": 70}, "unlabelled", True),
        ({"unlabelled": {"use": "things", "path": "u"}}, "unlabelled", True),
        ({"transductive": True}, "unlabelled", True),
        ({}, "validation", True),
        ({"split": {"validation": 0}}, "validation", False),
        ({"train": {"use": "votes", "path": "x"}}, "votes", True),
    ],
)
def test_what_the_data_provide(parts, data, word, expected):
    recipe = validate({"data": {**TRAIN, **data}}, catalogue=parts)
    assert (word in provided(recipe, parts)) is expected


def test_everything_that_fits_is_left_alone(parts):
    recipe = validate(
        {
            "data": {**TRAIN, "labels": 7},
            "faces": {"cropper": "three"},
            "model": {"aggregation": {"space": "attention", "regions": "across"}},
            "loop": "self_training",
            "labelled": {"weightings": ["trend"]},
        },
        catalogue=parts,
    )
    assert incompatibilities(recipe, parts) == []


def test_what_does_not_fit_is_told_with_its_place_and_a_remedy(parts, tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(
        """\
data:
  train: {use: things, path: x}
  split: {validation: 0}
model:
  backbone: blind
  aggregation:
    space: attention
    regions: {use: across}
loop: self_training
labelled:
  label_updates: [fixed, voting]
  weightings: [trend]
"""
    )
    with pytest.raises(FerkitErrors) as caught:
        read_recipe(str(path), catalogue=parts)
    assert [line.removeprefix(str(tmp_path)) for line in str(caught.value).splitlines()] == [
        "/r.yaml:7:12: the aggregation 'attention' needs 'maps', and nothing in this recipe "
        "provides it. Provided by: backbone 'small_cnn'.",
        "/r.yaml:8:14: the aggregation 'across' needs 'regions>=2', and nothing in this recipe "
        "provides it. Provided by: region cropper 'three'.",
        "/r.yaml:9:7: the SSL loop 'self_training' needs 'unlabelled', and nothing in this recipe "
        "provides it. Give data.unlabelled, data.labels or data.transductive.",
        "/r.yaml:11:26: the label update 'voting' needs 'votes', and nothing in this recipe "
        "provides it. Provided by: dataset 'votes'.",
        "/r.yaml:12:16: the sample weighting 'trend' needs 'validation', and nothing in this "
        "recipe provides it. Set data.split.validation above 0.",
    ]
