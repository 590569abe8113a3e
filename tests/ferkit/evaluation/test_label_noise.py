"""A24: how wrong labels rank by weight."""

from __future__ import annotations

import numpy as np
import pytest

from ferkit.evaluation.label_noise import (
    auroc,
    label_noise,
    midranks,
    normalised_margin,
    precision_at,
    rank_wrong_labels,
    self_confidence,
)


def test_a24_auroc_counts_pairs_and_ties_as_halves() -> None:
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 6, 60).astype(float)  # many ties
    positive = generator.random(60) < 0.3
    pairs = [
        1.0 if one > other else 0.5 if one == other else 0.0
        for one in scores[positive]
        for other in scores[~positive]
    ]
    assert auroc(scores, positive) == pytest.approx(sum(pairs) / len(pairs))


def test_a24_midranks_by_hand() -> None:
    assert midranks(np.array([3.0, 1.0, 3.0, 7.0])).tolist() == [2.5, 1.0, 2.5, 4.0]


def test_a24_precision_at_k_is_the_mean_over_all_ways_to_break_ties() -> None:
    # Highest: 9 (wrong); then two of {5 wrong, 5 right, 5 right} at random.
    scores = np.array([9.0, 5.0, 5.0, 5.0, 1.0])
    positive = np.array([True, True, False, False, True])
    assert precision_at(scores, positive, 3) == pytest.approx((1 + 2 / 3) / 3)
    assert precision_at(scores, positive, 5) == pytest.approx(3 / 5)
    assert precision_at(scores, positive, 0) is None


def test_a24_low_weight_finds_wrong_labels() -> None:
    weights = np.array([0.1, 0.9, 0.2, 1.0, 0.8, 0.15])
    wrong = np.array([True, False, True, False, False, False])
    result = rank_wrong_labels(weights, wrong, losses=np.array([3.0, 0.1, 0.2, 0.1, 0.1, 4.0]))
    # By weight: .1 w, .15 r, .2 w, ...: of 2 x 4 pairs only (.2, .15) is out of order.
    assert result["weight"]["auroc"] == pytest.approx(7 / 8)
    assert result["weight"]["precision_at_k"] == pytest.approx(1 / 2)
    assert result["weight"]["k"] == 2
    assert result["loss"]["precision_at_k"] == pytest.approx(1 / 2)
    assert (result["n"], result["wrong"]) == (6, 2)


def test_a24_equal_weights_give_exactly_one_half_and_say_so() -> None:
    wrong = np.array([True, False, False, True, False])
    result = rank_wrong_labels(np.ones(5), wrong)
    assert result["weight"]["auroc"] == 0.5
    assert result["weight"]["precision_at_k"] == pytest.approx(2 / 5)
    assert result["weight"]["all_equal"] is True
    assert "loss" not in result


@pytest.mark.parametrize("wrong", [[False, False], [True, True]])
def test_a24_without_both_kinds_of_labels_there_is_no_auroc(wrong: list[bool]) -> None:
    result = rank_wrong_labels(np.array([0.2, 1.0]), np.array(wrong))
    assert result["weight"]["auroc"] is None
    assert result["wrong"] == sum(wrong)


def test_a24_low_and_high_intensity_apart() -> None:
    weights = np.array([0.1, 0.9, 0.9, 0.1, 0.5])
    wrong = np.array([True, False, True, False, True])
    intensity = np.array([0.2, 0.3, 0.8, 0.9, np.nan])
    result = rank_wrong_labels(weights, wrong, intensity=intensity)
    assert result["intensity_median"] == pytest.approx(0.55)
    assert result["low_intensity"]["weight"]["auroc"] == 1.0
    assert result["high_intensity"]["weight"]["auroc"] == 0.0
    assert result["low_intensity"]["n"] == result["high_intensity"]["n"] == 2


def test_a24_from_the_columns_of_train_samples() -> None:
    result = label_noise(
        [0.2, 1.0, 0.0, 1.0],
        ["happy", "sad", None, "fear"],
        ["sad", "sad", "sad", None],
        losses=[2.0, 0.1, 5.0, 0.1],
        intensity=[0.4, None, 0.5, None],
    )
    assert result is not None
    assert (result["n"], result["wrong"]) == (2, 1)
    assert result["weight"]["auroc"] == 1.0
    assert result["low_intensity"]["n"] == 1
    assert label_noise([1.0], ["happy"], [None]) is None


def test_a24_what_has_one_intensity_is_neither_weak_nor_strong() -> None:
    result = label_noise(
        [0.1, 0.2, 0.3, 0.9, 0.8],
        ["happy", "sad", "neutral", "happy", "happy"],
        ["neutral", "neutral", "neutral", "happy", "happy"],
        intensity=[0.0, 0.0, 0.0, 0.3, 0.9],
    )
    assert result is not None
    assert result["n"] == 5
    assert result["low_intensity"]["n"] == result["high_intensity"]["n"] == 1
    assert result["intensity_median"] == pytest.approx(0.6)


def test_a24_self_confidence_and_margin_by_hand() -> None:
    probs = np.array([[0.7, 0.2, 0.1], [0.5, 0.1, 0.4], [0.0, 0.0, 1.0]])
    given = np.array([0, 2, 0])
    assert self_confidence(probs, given).tolist() == [0.7, 0.4, 0.0]
    # (.7 - .2 + 1) / 2, (.4 - .5 + 1) / 2, (0 - 1 + 1) / 2.
    assert normalised_margin(probs, given) == pytest.approx([0.75, 0.45, 0.0])
    assert normalised_margin(np.ones((1, 1)), np.array([0])).tolist() == [1.0]


def test_a24_references_from_probabilities() -> None:
    probs = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.5, 0.5]])
    result = label_noise(
        [1.0, 0.5, 1.0, 1.0],
        ["happy", "happy", "sad", None],
        ["happy", "sad", "sad", "sad"],
        probs=probs,
        classes=("happy", "sad"),
        intensity=[0.1, 0.9, 0.8, None],
    )
    assert result is not None
    # Probabilities of the given labels .9, .3 (wrong), .8; the wrong one is lowest.
    assert result["self_confidence"]["auroc"] == 1.0
    assert result["margin"]["precision_at_k"] == 1.0
    assert "margin" in result["low_intensity"]
    without = label_noise([1.0], ["odd"], ["sad"], probs=probs[:1], classes=("happy", "sad"))
    assert without is not None
    assert "margin" not in without
