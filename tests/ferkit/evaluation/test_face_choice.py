"""Which faces the galleries show."""

from __future__ import annotations

import numpy as np
import pytest

from ferkit.evaluation.face_choice import (
    doubtful,
    evenly_spaced,
    indices,
    near_ties,
    second_on_top,
    spread_per_class,
)


def test_a24_columns_step_evenly_from_the_lowest_to_the_highest_weight() -> None:
    weights = np.array([1.0, 0.0, 0.3, 0.52, 0.9, 0.95, 0.98])
    assert weights[evenly_spaced(weights, 3)].tolist() == [0.0, 0.52, 1.0]
    # Steps .33 and .67 lie nearest to .3 and .52 (.15 off; .9 would be .23).
    assert weights[evenly_spaced(weights, 4)].tolist() == [0.0, 0.3, 0.52, 1.0]


@pytest.mark.parametrize("number", range(1, 9))
def test_no_face_is_shown_twice_and_the_ends_are(number: int) -> None:
    generator = np.random.default_rng(number)
    for values in (
        generator.random(30),
        np.repeat([0.0, 1.0], [2, 28]),  # nearly all are equal
        np.repeat([0.0, 1.0], [28, 2]),
        np.ones(30),
        generator.random(number),
        generator.random(1),
    ):
        chosen = evenly_spaced(values, number)
        assert len(set(chosen.tolist())) == len(chosen) == min(number, len(values))
        shown = values[chosen].tolist()
        assert shown == sorted(shown)
        assert shown[0] == values.min()
        if number > 1:
            assert shown[-1] == values.max()


def test_equal_values_are_taken_from_all_over() -> None:
    assert evenly_spaced(np.ones(9), 3).tolist() == [0, 4, 8]


def test_classes_without_known_values_are_left_out() -> None:
    values = np.array([0.2, np.nan, 0.1, 0.4])
    chosen = spread_per_class(values, np.array([0, 1, 0, -1]), 3, 5)
    assert {row: places.tolist() for row, places in chosen.items()} == {0: [2, 0]}


def test_a25_doubtful_labels_are_known_wrong_or_denied_with_confidence() -> None:
    probs = np.array([[0.95, 0.05], [0.6, 0.4], [0.99, 0.01], [0.8, 0.2], [0.97, 0.03], [0.1, 0.9]])
    given = np.array([1, 1, 1, 1, 1, 1])
    truth = np.array([-1, 0, 1, -1, 0, 0])
    # 1 and 4 are known to be wrong, 0 is denied with .95; 2 is known to be right, 3 not sure
    # enough, 5 answered as given.
    assert doubtful(probs, given, truth).tolist() == [4, 1, 0]


def test_a25_blends_and_near_ties() -> None:
    probs = np.array(
        [[0.5, 0.4, 0.1], [0.7, 0.2, 0.1], [0.4, 0.3, 0.3], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1]]
    )
    given = np.array([1, 1, 1, 0, 0])
    second = np.array([0, 0, 2, 2, 1])
    assert second_on_top(probs, given, second).tolist() == [1, 0]
    # 1 is not near, 3 neither, 4 is right; 0 has the likelier second class.
    assert near_ties(probs, given).tolist() == [0, 2]
    assert near_ties(np.ones((2, 1)), np.zeros(2, np.int64)).tolist() == []


def test_names_as_indices() -> None:
    assert indices(["sad", None, "odd", "happy"], ("happy", "sad")).tolist() == [1, -1, -1, 0]
