"""A25: the two highest classes of blends."""

from __future__ import annotations

import numpy as np
import pytest

from ferkit.evaluation.blends import blend_order

PROBS = np.array(
    [
        [0.6, 0.3, 0.1],  # 0 then 1: both, in order
        [0.3, 0.6, 0.1],  # 1 then 0: both, the second emotion on top
        [0.6, 0.1, 0.3],  # 0 then 2: the main one on top, another follows
        [0.1, 0.3, 0.6],  # 2 then 1: neither on top
        [0.2, 0.7, 0.1],  # no second emotion known
    ]
)
FIRST = np.array([0, 0, 0, 0, 1])
SECOND = np.array([1, 1, 1, 1, -1])


def test_a25_pairs_orders_and_chance_by_hand() -> None:
    found = blend_order(PROBS, FIRST, SECOND)
    assert found is not None
    assert (found["n"], found["left_out"]) == (4, 1)
    values = {name: found[name]["value"] for name in ("both", "right_order", "top_is_second")}
    assert values == {"both": 0.5, "right_order": 0.25, "top_is_second": 0.25}
    chances = [found[name]["chance"] for name in ("both", "right_order", "top_is_second")]
    assert chances == pytest.approx([1 / 3, 1 / 6, 1 / 3])
    follows = found["second_follows"]
    assert (follows["n"], follows["value"], follows["chance"]) == (2, 0.5, 0.5)
    assert found["both"]["low"] < 0.5 < found["both"]["high"]


def test_a25_chance_is_what_orders_by_lot_give() -> None:
    generator = np.random.default_rng(0)
    n, k = 20_000, 5
    first = generator.integers(k, size=n)
    second = (first + generator.integers(1, k, size=n)) % k
    found = blend_order(generator.random((n, k)), first, second)
    assert found is not None
    for name in ("both", "right_order", "top_is_second", "second_follows"):
        assert found[name]["value"] == pytest.approx(found[name]["chance"], abs=0.02)


def test_a25_nothing_to_tell() -> None:
    assert blend_order(PROBS, FIRST, np.full(5, -1)) is None
    assert blend_order(PROBS, FIRST, FIRST) is None
    assert blend_order(np.zeros((0, 3)), np.zeros(0, int), np.zeros(0, int)) is None
    never = blend_order(PROBS[3:4], FIRST[:1], SECOND[:1])
    assert never is not None
    assert never["second_follows"]["value"] is None


def test_a25_arguments_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        blend_order(PROBS, FIRST[:2], SECOND)
    with pytest.raises(ValueError, match="below 3"):
        blend_order(PROBS, FIRST, SECOND + 2)
