"""Votes to labels, by hand-worked rows. Order: neutral, happiness, surprise, sadness, anger,
disgust, fear, contempt, unknown, no face."""

from __future__ import annotations

from collections import Counter

import pytest
from ferkit_datasets.ferplus_targets import distribution, drawn, majority, without_outliers


def test_single_votes_are_outliers() -> None:
    assert without_outliers([4, 1, 0, 1, 2, 2, 0, 0, 0, 0]) == [4, 0, 0, 0, 2, 2, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("votes", "place"),
    [
        ([9, 0, 0, 1, 0, 0, 0, 0, 0, 0], 0),
        ([0, 0, 6, 0, 0, 0, 4, 0, 0, 0], 2),
        ([5, 0, 0, 3, 1, 0, 0, 0, 1, 0], 0),  # 5 of the 8 that are left
        ([5, 0, 0, 5, 0, 0, 0, 0, 0, 0], None),
        ([4, 0, 0, 1, 3, 2, 0, 0, 0, 0], None),  # 4 of 9
        ([0, 0, 2, 0, 0, 0, 0, 0, 8, 0], 8),
        ([1, 0, 0, 0, 0, 0, 0, 0, 0, 9], 9),
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], None),
    ],
)
def test_majority(votes, place) -> None:
    assert majority(votes) == place


@pytest.mark.parametrize(
    ("votes", "shares"),
    [
        # 8 of 10 are three quarters: the second peak is not taken.
        ([8, 2, 0, 0, 0, 0, 0, 0, 0, 0], {0: 1.0}),
        # 6 are not: both are.
        ([0, 0, 6, 0, 0, 0, 4, 0, 0, 0], {2: 0.6, 6: 0.4}),
        # The single vote goes, then 4 and 3 of 9 are 7 / 9 of them.
        ([4, 0, 0, 1, 3, 2, 0, 0, 0, 0], {0: 4 / 7, 4: 3 / 7}),
        # Equal peaks are taken together.
        ([4, 2, 2, 2, 0, 0, 0, 0, 0, 0], None),  # four peaks
        ([4, 3, 3, 0, 0, 0, 0, 0, 0, 0], {0: 0.4, 1: 0.3, 2: 0.3}),
        # Unknown ends it: 5 of 10 are not more than half.
        ([5, 2, 0, 0, 0, 0, 0, 0, 3, 0], None),
        ([6, 2, 0, 0, 0, 0, 0, 0, 2, 0], {0: 6 / 8, 1: 2 / 8}),
        ([3, 3, 0, 0, 0, 0, 0, 0, 4, 0], None),  # unknown is the first peak
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], None),
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], None),
    ],
)
def test_distribution(votes, shares) -> None:
    if shares is None:
        assert distribution(votes) is None
    else:
        assert distribution(votes) == pytest.approx([shares.get(at, 0) for at in range(8)])


def test_drawing_follows_the_shares() -> None:
    shares = [0.0, 0.7, 0.0, 0.3, 0.0, 0.0, 0.0, 0.0]
    count = Counter(drawn(shares, seed=1, image=f"fer{at}.png") for at in range(4000))
    assert set(count) == {1, 3}
    assert count[1] / 4000 == pytest.approx(0.7, abs=0.03)
    again = [drawn(shares, seed=1, image=f"fer{at}.png") for at in range(50)]
    assert again == [drawn(shares, seed=1, image=f"fer{at}.png") for at in range(50)]
    assert again != [drawn(shares, seed=2, image=f"fer{at}.png") for at in range(50)]
    assert drawn([1.0] + [0.0] * 7, seed=0, image="a") == 0
