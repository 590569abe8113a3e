"""Combinations of components that can't work are refused when the recipe is read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferkit.catalogue import Catalogue
from ferkit.compatibility import (
    chosen_parts,
    fulfils,
    incompatibilities,
    provided,
    without_effect,
)
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


def declaring(
    parts: Catalogue, kind: Kind = Kind.AGGREGATION, **provides: tuple[str, ...]
) -> Catalogue:
    """The same components, some aggregations (or others) with other `provides`."""
    entries = {(entry.kind, entry.name): entry for entry in parts.entries()}
    for name, words in provides.items():
        entry = entries[kind, name]
        component = replace(entry.component, provides=words, requires=())
        entries[kind, name] = replace(entry, component=component)
    return Catalogue(parts.loaded, entries)


def test_an_aggregation_in_another_slot_is_told_with_those_that_it_fits(parts, tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(
        """\
data: {train: {use: things, path: x}}
model:
  aggregation:
    space: across
    regions: {use: across}
    frames: attention
student:
  model:
    aggregation:
      frames: {use: across}
"""
    )
    known = declaring(parts, across=("slot=regions",), attention=("slot=space", "slot=regions"))
    with pytest.raises(FerkitErrors) as caught:
        read_recipe(str(path), catalogue=known)
    assert [line.removeprefix(str(tmp_path)) for line in str(caught.value).splitlines()] == [
        "/r.yaml:4:12: the aggregation 'across' pools over regions, not over space. Use it as "
        "model.aggregation.regions.",
        "/r.yaml:6:13: the aggregation 'attention' pools over space or regions, not over frames. "
        "Use it as model.aggregation.space or model.aggregation.regions.",
        "/r.yaml:10:15: the aggregation 'across' pools over regions, not over frames. Use it as "
        "student.model.aggregation.regions.",
    ]


def test_a_policy_of_other_samples_is_refused(tmp_path, parts):
    path = tmp_path / "r.yaml"
    path.write_text(
        """\
data: {train: {use: things, path: x}}
labelled:
  weightings: [uniform, trend]
unlabelled:
  weightings: [trend, uniform]
"""
    )
    known = declaring(parts, Kind.SAMPLE_WEIGHTING, trend=("split=unlabelled",))
    with pytest.raises(FerkitErrors) as caught:
        read_recipe(str(path), catalogue=known)
    (line,) = str(caught.value).splitlines()
    assert line.endswith(
        "r.yaml:3:25: the sample weighting 'trend' is of unlabelled samples, not of labelled. "
        "Use it in unlabelled.weightings."
    )


def test_an_aggregation_that_declares_no_slot_may_stand_in_any(parts):
    known = declaring(parts, across=(), attention=("penalty",))
    aggregation = {"space": "across", "regions": "attention", "frames": "across"}
    document = {"data": TRAIN, "model": {"aggregation": aggregation}}
    assert incompatibilities(validate(document, catalogue=known), known) == []


@pytest.mark.parametrize(
    ("model", "student", "expected"),
    [
        ({}, None, []),
        ({"penalty": 0.1}, None, ["model.penalty"]),
        ({"penalty": 0.1, "aggregation": {"space": "attention"}}, None, []),
        ({"penalty": 0.1, "aggregation": {"frames": "attention"}}, None, []),
        ({}, {"penalty": 0.1}, ["student.model.penalty"]),
        ({"aggregation": {"space": "attention"}}, {"penalty": 1}, ["student.model.penalty"]),
        ({}, {"penalty": 0.1, "aggregation": {"space": "attention"}}, []),
        ({"penalty": 1}, {"penalty": 1}, ["model.penalty", "student.model.penalty"]),
    ],
)
def test_a_penalty_that_nothing_has(parts, model, student, expected):
    known = declaring(parts, attention=("penalty",))
    document = {"data": TRAIN, "model": model, "student": {"model": student}}
    found = without_effect(validate(document, catalogue=known), known)
    assert [".".join(each.location) for each in found] == expected
    for each, key in zip(found, expected, strict=True):
        assert each.what.startswith(f"{key} would count nothing: none of this network's aggr")
        assert each.hint == "Leave it out or set it to 0. Provided by: aggregation 'attention'."


def test_a_penalty_that_nothing_has_is_refused_when_a_run_begins_and_not_later(parts, tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("data: {train: {use: things, path: x}}\nmodel:\n  penalty: 0.1\n")
    assert read_recipe(str(path), catalogue=parts).recipe.model.penalty == 0.1
    with pytest.raises(FerkitErrors, match=r"r\.yaml:3:12: model\.penalty would count nothing"):
        read_recipe(str(path), catalogue=parts, look=True)


@pytest.mark.parametrize("key", ["precision", "prediction_precision"])
def test_half_precision_on_a_cpu_is_refused(parts, key):
    training = {"device": "cpu", key: "16-mixed"}
    with pytest.raises(FerkitErrors, match=f"training.{key} '16-mixed' needs a GPU"):
        validate({"data": TRAIN, "training": training}, catalogue=parts)
    validate({"data": TRAIN, "training": {**training, "device": "auto"}}, catalogue=parts)


def of_maps(parts: Catalogue) -> Catalogue:
    """A loop that needs class maps; parameters of `small_cnn` and `resnet` say "pooled_maps"."""
    known = declaring(parts, mean=("linear",))
    known = declaring(known, Kind.BACKBONE, blind=("pooled_maps",))
    entry = known.get(Kind.SSL_LOOP, "supervised")
    component = replace(entry.component, requires=("class_maps",))
    entries = {(one.kind, one.name): one for one in known.entries()}
    entries[entry.kind, entry.name] = replace(entry, component=component)
    return Catalogue(known.loaded, entries)


@pytest.mark.parametrize(
    ("model", "fits"),
    [
        ({"backbone": "blind"}, True),
        ({"backbone": {"use": "resnet"}}, False),
        ({"backbone": {"use": "resnet", "width": 8}}, True),
        ({"backbone": "blind", "feature_dim": 5}, False),
        ({"backbone": "blind", "aggregation": {"frames": "across"}}, False),
    ],
)
def test_class_maps_need_every_part_of_the_network(parts, monkeypatch, model, fits):
    known = of_maps(parts)
    net = known.params_model(Kind.BACKBONE, "resnet")
    monkeypatch.setattr(net, "provides", lambda self: ("pooled_maps",) * (self.width == 8))
    document = {"data": TRAIN, "faces": {"cropper": "three"}, "model": model}
    if fits:
        assert "class_maps" in provided(validate(document, catalogue=known), known)
        return
    with pytest.raises(FerkitErrors) as caught:
        validate(document, catalogue=known)
    (line,) = str(caught.value).splitlines()
    assert line == (
        "recipe: the SSL loop 'supervised' needs 'class_maps', and nothing in this recipe provides "
        "it. Use a backbone whose features are means of its last map (such as backbone 'blind'), "
        "weighted means of them (aggregation 'mean'), and no model.feature_dim."
    )
