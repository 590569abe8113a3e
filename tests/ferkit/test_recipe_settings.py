"""`--set` on the command line."""

from __future__ import annotations

import pytest

from ferkit.errors import FerkitErrors
from ferkit.recipe_settings import apply_settings
from ferkit.recipe_yaml import parse, plain


def settled(*settings: str) -> dict[str, object]:
    text = """
seed: 1
model: {backbone: resnet, dropout: 0.1}
labelled: {weightings: [uniform, {use: trend, c: 0.3}]}
matrix: {variants: {a.b: {seed: 3}, c: }}
"""
    return plain(apply_settings(parse(text, "r.yaml"), settings).document)


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


RICH = """
data: {train: {use: rendered, count: 8}, split: {validation: 0.2, test: 0.1}}
faces: {cropper: {use: both, size: 32}, tracking: {every: 5}}
model: {backbone: resnet, aggregation: {space: {use: attention, hops: 3, hidden: }}}
loop: {use: noisy_student, ratio: 2, rounds: 1}
labelled: {weightings: [{use: trend, c: 0.3}]}
"""


def told(*settings: str) -> list[str]:
    return list(apply_settings(parse(RICH, "r.yaml"), settings).dropped)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            ["faces.cropper.use=face"],
            [
                "--set faces.cropper.use=face drops the parameters of 'both': "
                "faces.cropper.size: 32."
            ],
        ),
        (
            ["faces.cropper=face"],
            ["--set faces.cropper=face drops what the recipe had there: faces.cropper.size: 32."],
        ),
        (
            ["loop.use=supervised", "seed=1"],
            [
                "--set loop.use=supervised drops the parameters of 'noisy_student': "
                "loop.ratio: 2, loop.rounds: 1."
            ],
        ),
        (
            ["data.split={test: 0.3}"],
            [
                "--set data.split={test: 0.3} drops what the recipe had there: "
                "data.split.validation: 0.2."
            ],
        ),
        (
            ["labelled.weightings.0.use=gmm"],
            [
                "--set labelled.weightings.0.use=gmm drops the parameters of 'trend': "
                "labelled.weightings.0.c: 0.3."
            ],
        ),
        (
            ["model.aggregation.space=mean"],  # a key that was null is no loss
            [
                "--set model.aggregation.space=mean drops what the recipe had there: "
                "model.aggregation.space.hops: 3."
            ],
        ),
        (["faces.cropper.use=face", "faces.cropper.size=32"], []),  # given again
        (["faces.cropper.use=both"], []),
        (["faces.cropper={use: face, size: 48}"], []),
        (["model.backbone.use=vgg", "model.backbone.depth=11"], []),
        (["faces.tracking=null"], []),
        (["labelled.weightings=[uniform]"], []),
        (["loop.ratio=5"], []),
    ],
)
def test_keys_that_a_setting_drops_are_told(settings, expected):
    assert told(*settings) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("loop.ratio=5", "loop.use=supervised"),
        ("loop.ratio=5", "loop=supervised"),
        ("loop.ratio=5", "loop=null"),
        ("loop={use: noisy_student, ratio: 5}", "loop.use=supervised"),
        ("labelled.weightings.0.c=0.5", "labelled.weightings=[]"),
        ("faces.cropper.size=48", "faces={detector: null}"),
    ],
)
def test_a_setting_that_undoes_an_earlier_one_is_refused(first, second):
    with pytest.raises(FerkitErrors) as caught:
        told(first, "seed=1", second)
    assert str(caught.value) == (
        f"--set {second}: would undo --set {first}, given before it. Put it before that one, or "
        "leave one of the two out."
    )


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        ("loop.ratio=5", "loop.ratio=3", 3),
        ("loop={use: noisy_student, ratio: 5}", "loop.ratio=3", 3),
        ("loop={use: noisy_student, ratio: 5}", "loop={use: other, ratio: 4}", 4),
        ("loop.ratio=5", "loop={use: other, ratio: 5}", 5),
        ("loop.use=other", "loop.ratio=5", 5),
    ],
)
def test_of_the_same_key_the_last_one_counts(first, second, ratio):
    done = apply_settings(parse(RICH, "r.yaml"), [first, second])
    assert plain(done.document)["loop"]["ratio"] == ratio
