"""Every piece with every other: each pair of components trains together in some row.

Refused pairs are refused when the recipe is read. The whole product, in random order, is trained
by tests/benchmarks/full_product.py.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from unittest import mock

import pytest
from covering import cheapened, covering
from mix_checks import check_resumed, check_trained, unlearnt
from mixing import (
    KNOWN,
    PLAIN,
    cost,
    job,
    names,
    pieces,
    read,
    refused_pairs,
)
from watching import watched

from ferkit.plugin import Context, Kind
from ferkit.sections import AugmentationSection, TrainingSection
from ferkit.testing import tiny_job, tiny_split
from ferkit.testing.tiny import CLASSES as TINY_CLASSES
from ferkit.training.job import PolicyChain
from ferkit.training.learner import Learner
from ferkit.training.trainer import train

PIECES = pieces()
REFUSED = refused_pairs(PIECES)
"""Pairs that can't work, with the reason."""

CHEAP = {"frames": 1, "regions": 1, "backbone": "small_cnn"}
ROWS = cheapened(covering(PIECES, REFUSED, PLAIN), REFUSED, CHEAP, cost, enough=9)
"""Small networks keep clips of three frames and regions; only dear ones go without, where another
row holds their pairs."""


def test_every_component_is_in_some_row() -> None:
    kinds = {
        Kind.SSL_LOOP: ("loop",),
        Kind.BACKBONE: ("backbone",),
        Kind.LABEL_UPDATE: ("labelled_update", "unlabelled_update"),
        Kind.SAMPLE_WEIGHTING: ("labelled_weighting", "unlabelled_weighting"),
        Kind.AGGREGATION: ("space", "region", "frame"),
    }
    for kind, places in kinds.items():
        assert {row[place] for row in ROWS for place in places} == set(names(kind))


def test_rows_hold_every_pair_that_is_not_refused() -> None:
    for first, second in combinations(PIECES, 2):
        held = {(row[first], row[second]) for row in ROWS}
        pairs = product(PIECES[first], PIECES[second])
        possible = {pair for pair in pairs if (first, pair[0], second, pair[1]) not in REFUSED}
        assert held == possible, f"{first} and {second}"


def test_policies_of_one_split_are_refused_on_the_other() -> None:
    for kind, suffix in ((Kind.LABEL_UPDATE, "update"), (Kind.SAMPLE_WEIGHTING, "weighting")):
        for split in ("labelled", "unlabelled"):
            other = {"labelled": "unlabelled", "unlabelled": "labelled"}[split]
            alone = {
                name
                for name in names(kind)
                if f"split={split}" in KNOWN.get(kind, name).component.provides
            }
            assert set(names(kind)) - set(PIECES[f"{other}_{suffix}"]) == alone


def test_no_pair_is_refused_without_a_known_reason() -> None:
    """The class maps of EAC are what a network may lack; everything else goes together."""
    for pair, why in REFUSED.items():
        assert "eac" in pair, f"{pair}: {why}"
        assert all("'class_maps'" in reason for reason in why)


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_combination(number: int, tmp_path: Path) -> None:
    """The row trains; every fourth one is also stopped in its middle, and ends alike."""
    mix = ROWS[number]
    whole = check_trained(mix, tmp_path / "whole")
    if number % 4 == 0:
        check_resumed(mix, whole, tmp_path / "stopped")


def test_a_network_that_does_not_move_is_found(tmp_path: Path) -> None:
    still = mock.patch.object(Learner, "finish_step", return_value=None)
    with still, pytest.raises(AssertionError, match="not moved in phase"):
        check_trained({**PLAIN, "loop": "fixmatch"}, tmp_path)


def test_a_part_without_gradient_is_found(tmp_path: Path) -> None:
    """A share among one frame learns nothing, and for three it would be told."""
    mix = {**PLAIN, "loop": "supervised", "frame": "fan", "frames": 1}
    with watched() as phases:
        train(job(mix, tmp_path))
    assert not unlearnt(phases[0], mix)
    assert "student0.frames.alpha.weight" in unlearnt(phases[0], {**mix, "frames": 3})


IMAGES = {
    "supervised": lambda ratio: (1, 1),
    "self_training": lambda ratio: (1, 1),
    "noisy_student": lambda ratio: (1 + ratio, 1 + ratio),
    "pseudo_label": lambda ratio: (1 + ratio, 1 + ratio),
    "pi_model": lambda ratio: (2 * (1 + ratio), 2 * (1 + ratio)),
    "mean_teacher": lambda ratio: (1 + ratio, 1 + ratio),
    "uda": lambda ratio: (1 + ratio, 1 + ratio),
    "mixmatch": lambda ratio: (1 + 2 * ratio, 1 + 2 * ratio),
    "fixmatch": lambda ratio: (1 + ratio, 1 + ratio),
    "ada_cm": lambda ratio: (1 + 3 * ratio, 1 + ratio),  # weak views teach where they are unsure
    "rul": lambda ratio: (1, 1),
    "eac": lambda ratio: (1, 1),  # the other pass ends at the maps
    "co_teaching": lambda ratio: (2, 2),
}
"""Of a step's passes with gradient, in labelled batches by the ratio of unlabelled samples to
labelled ones: what goes through (docs/methods.md), and what the loss depends on when all counts."""


@pytest.mark.parametrize("loop", PIECES["loop"])
def test_a_step_learns_from_as_many_images_as_the_docs_say(loop: str, tmp_path: Path) -> None:
    ratio, batch = 2, 4
    training = job({**PLAIN, "loop": loop, "ratio": ratio}, tmp_path)
    moved = training.training.model_copy(update={"augmentation": AugmentationSection(rotation=5)})
    with watched() as phases:
        train(replace(training, training=moved, unlabelled_policies=PolicyChain()))
    last = phases[-1].rows[phases[-1].steps - 1]  # a loss may begin at nothing
    shown, learnt = (sum(each) / batch for each in zip(*last, strict=True))
    assert (shown, learnt) == IMAGES[loop](ratio)


@pytest.mark.parametrize("loop", PIECES["loop"])
def test_pieces_of_a_step_may_be_without_samples_of_a_split(loop: str, tmp_path: Path) -> None:
    """A step of few labelled samples is cut into more pieces than there are of them."""
    chosen = read({**PLAIN, "loop": loop}).loop
    if hasattr(chosen, "ratio"):
        chosen = chosen.model_copy(update={"ratio": 4})
    made = KNOWN.build(Kind.SSL_LOOP, chosen, Context(seed=1, classes=TINY_CLASSES))
    training = TrainingSection(batch_size=2, device="cpu", accumulate=4)
    job = tiny_job(made, tmp_path, training=training, labelled=tiny_split(3))
    assert all(math.isfinite(row["train_loss"]) for row in train(job).history)
