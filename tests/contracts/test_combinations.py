"""Every piece with every other: each pair of components trains together in some row.

Refused pairs are refused when the recipe is read. The whole product, in random order, is trained
by tests/benchmarks/full_product.py.
"""

from __future__ import annotations

import math
from itertools import combinations, product
from pathlib import Path

import pytest
from covering import cheapened, covering
from mixing import (
    KNOWN,
    PLAIN,
    check_resumed,
    check_trained,
    cost,
    names,
    pieces,
    read,
    refused_pairs,
)

from ferkit.plugin import Context, Kind
from ferkit.sections import TrainingSection
from ferkit.testing import tiny_job, tiny_split
from ferkit.testing.tiny import CLASSES as TINY_CLASSES
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
        check_resumed(mix, whole, tmp_path / "stopped", stop_after=2)


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
