"""The key `sweep` of a recipe: what is right, what is refused, and where it is said to be wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ferkit import plugins
from ferkit.catalogue import Catalogue, catalogue
from ferkit.errors import FerkitError
from ferkit.recipe import LoadedRecipe, read_recipe
from ferkit.recipe_sweep import lay_drawn
from ferkit.recipe_yaml import Place, placed, plain

START = """\
data: {train: {use: rendered, count: 30}}
loop: {use: supervised, epochs: 2}
model: {backbone: {use: small_cnn, width: 4}}
"""


@pytest.fixture(scope="module")
def components() -> Catalogue:
    return catalogue(plugins.load())


@pytest.fixture
def read(tmp_path: Path, components: Catalogue) -> Callable[[str], LoadedRecipe]:
    def read(sweep: str) -> LoadedRecipe:
        path = tmp_path / "r.yaml"
        path.write_text(START + sweep)
        return read_recipe(str(path), catalogue=components)

    return read


def test_a_sweep_is_read_with_its_defaults(read: Callable[[str], LoadedRecipe]) -> None:
    loaded = read("sweep: {space: {training.optimiser.lr: {low: 1.0e-5, high: 0.1, log: true}}}\n")
    assert loaded.sweep is not None
    assert (loaded.sweep.sampler, loaded.sweep.metric, loaded.sweep.seeds) == (
        "tpe",
        "accuracy",
        (0,),
    )
    assert loaded.sweep.pruning.by == "none"
    assert loaded.recipe.training.optimiser.lr == 1e-4
    assert read("sweep:\n").sweep is None
    by_name = read("sweep: {pruning: hyperband, space: {model.dropout: [0.1]}}\n").sweep
    written = read("sweep: {pruning: {by: hyperband}, space: {model.dropout: [0.1]}}\n").sweep
    assert by_name == written


SPACE = "sweep:\n  space:\n    "


@pytest.mark.parametrize(
    ("sweep", "where", "message"),
    [
        ("sweep: {space: {}}\n", "4:16", "sweep.space is empty"),
        ("sweep:\n  trails: 3\n  space: {}\n", "5:3", "'trails' in sweep. Did you mean 'trials'?"),
        ("sweep:\n  trials: 3\n", "5:3", "sweep.space is missing"),
        ("sweep:\n  trials: ten\n  space: {}\n", "5:11", "sweep.trials must be a whole number"),
        ("sweep:\n  pruning: mdian\n  space: {}\n", "5:12", "Did you mean 'median'?"),
        (
            "sweep:\n  seeds: [1, 1]\n  space: {model.dropout: [0.1]}\n",
            "5:10",
            "holds a seed twice",
        ),
        ("sweep:\n  seeds: [-1]\n  space: {model.dropout: [0.1]}\n", "5:10", "must be at least 0"),
        (
            SPACE + "training.optmiser.lr: [0.1]\n",
            "6:5",
            "unknown key 'optmiser' in training. Did you mean 'optimiser'?",
        ),
        (
            SPACE + "training.batch_size: {low: 0, high: 8}\n",
            "6:32",
            "training.batch_size must be at least 1, not 0",
        ),
        (
            SPACE + "training.batch_size: {low: 1.0, high: 8}\n",
            "6:32",
            "must be a whole number, not 1.0",
        ),
        (
            SPACE + "model.dropout: {lo: 0.1, high: 0.2}\n",
            "6:21",
            "'lo' in sweep.space.model.dropout. Did you mean 'low'?",
        ),
        (
            SPACE + "model.dropout: {high: 0.2}\n",
            "6:20",
            "sweep.space.model.dropout.low is missing",
        ),
        (
            SPACE + "model.dropout: {low: '0.1', high: 0.2}\n",
            "6:26",
            "must be a whole number or a number",
        ),
        (
            SPACE + "model.dropout: {low: 0.3, high: 0.2}\n",
            "6:26",
            "low must be less than high; they are 0.3 and 0.2",
        ),
        (
            SPACE + "model.dropout: {low: 0.0, high: 0.2, log: true}\n",
            "6:26",
            "low must be greater than 0 with log",
        ),
        (
            SPACE + "model.dropout: {low: 0.1, high: 0.2, log: true, step: 0.1}\n",
            "6:59",
            "log and step exclude each other",
        ),
        (
            SPACE + "model.dropout: 0.1\n",
            "6:20",
            "must be a range (low and high) or a list of choices, not 0.1",
        ),
        (SPACE + "model.dropout: {steps: 3}\n", "6:5", "has neither low and high nor choices"),
        (SPACE + "model.dropout: []\n", "6:20", "there are no choices"),
        (SPACE + "model.dropout: [0.1, 0.1]\n", "6:26", "there are two choices '0.1'"),
        (
            SPACE + "model.backbone: [resnett]\n",
            "6:22",
            "no backbone 'resnett'. Did you mean 'resnet'?",
        ),
        (
            SPACE + "model.backbone: [{use: small_cnn, widht: 3}]\n",
            "6:39",
            "unknown key 'widht' in model.backbone",
        ),
        (SPACE + "loop: [self_training]\n", "6:12", "needs 'unlabelled'"),
        (SPACE + "loop.epochs.x: [3]\n", "6:5", "there is nothing below this key"),
        (SPACE + "seed: [3]\n", "6:5", "can't hold 'seed': sweep.seeds gives the seeds"),
        (
            SPACE + "data.split.validation: [0.3]\n",
            "6:5",
            "trials on other validation samples can't be compared",
        ),
        (SPACE + "data.train.noise: [0.3]\n", "6:5", "the validation samples come from it"),
        (SPACE + "data: [{labels: 7}]\n", "6:5", "can't hold 'data'"),
        (SPACE + "data.unlabelled.count: [9]\n", "6:5", "it may hold test samples"),
        (SPACE + "faces.min_score: [0.5]\n", "6:5", "decides which samples show a face"),
        (
            "sweep:\n  metric: loss\n  pruning: median\n"
            "  space: {labelled.label_updates: [[{use: fixed, eps: 0.1}]]}\n",
            "7:11",
            "so trials can't be pruned by that loss",
        ),
        (SPACE + "evaluation.frames: [3]\n", "6:5", "changes what is measured"),
        (SPACE + "a..b: [3]\n", "6:5", "'a..b' is no key of a recipe"),
        (
            SPACE + "loop: [supervised]\n    loop.epochs: [3]\n",
            "7:5",
            "of which one lies within the other",
        ),
        (
            "sweep:\n  sampler: grid\n  space: {model.dropout: {low: 0.1, high: 0.2}}\n",
            "6:26",
            "a grid can't hold every number of a range",
        ),
        (
            "matrix: {variants: {a: {}}}\nsweep: {space: {model.dropout: [0.1]}}\n",
            "5:1",
            "a matrix or a sweep, not both",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    read: Callable[[str], LoadedRecipe], sweep: str, where: str, message: str
) -> None:
    with pytest.raises(FerkitError) as caught:
        read(sweep)
    errors = getattr(caught.value, "errors", (caught.value,))
    lines = [str(error) for error in errors]
    assert any(f"r.yaml:{where}: " in line and message in line for line in lines), lines


def test_a_range_need_not_end_on_a_step(read: Callable[[str], LoadedRecipe]) -> None:
    # Its largest value is 1 and not 1.2, which no dropout can be.
    with pytest.raises(FerkitError, match=r"model\.dropout must be less than 1, not 1\.0"):
        read(SPACE + "model.dropout: {low: 0.1, high: 1.0, step: 0.3}\n")
    assert read(SPACE + "model.dropout: {low: 0.1, high: 1.0, step: 0.4}\n").sweep is not None


def test_values_are_laid_over_the_recipe() -> None:
    base = placed(
        {"model": {"backbone": "small_cnn"}, "labelled": {"weightings": [{"use": "a", "x": 1}]}},
        Place("recipe"),
    )
    drawn = {
        "model.backbone": {"use": "small_cnn", "width": 3},
        "labelled.weightings.0.x": 5,
        "training.optimiser.lr": 0.1,
    }
    assert plain(lay_drawn(base, drawn)) == {
        "model": {"backbone": {"use": "small_cnn", "width": 3}},
        "labelled": {"weightings": [{"use": "a", "x": 5}]},
        "training": {"optimiser": {"lr": 0.1}},
    }
    # A choice that names no other component keeps the parameters under it.
    laid = lay_drawn(base, {"labelled.weightings.0": {"use": "a", "y": 2}})
    assert plain(laid)["labelled"] == {"weightings": [{"use": "a", "x": 1, "y": 2}]}
    laid = lay_drawn(base, {"labelled.weightings.0": {"use": "b"}})
    assert plain(laid)["labelled"] == {"weightings": [{"use": "b"}]}
