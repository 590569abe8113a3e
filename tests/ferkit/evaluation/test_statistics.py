"""Intervals over seeds and over paired test samples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ferkit.evaluation.replicates import paired_difference
from ferkit.evaluation.statistics import (
    over_seeds,
    paired_bootstrap,
    t_probability,
    t_quantile,
)


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (9, 2.2622), (29, 2.0452)],
)
def test_t_quantiles_are_those_of_printed_tables(freedom: int, quantile: float) -> None:
    assert t_quantile(freedom) == pytest.approx(quantile, abs=6e-5)
    assert t_probability(t_quantile(freedom, 0.8), freedom) == pytest.approx(0.8)


@pytest.mark.parametrize(("freedom", "level"), [(0, 0.95), (3, 1.0)])
def test_impossible_quantiles_are_errors(freedom: int, level: float) -> None:
    with pytest.raises(ValueError, match="no t quantile"):
        t_quantile(freedom, level)


def test_over_seeds_by_hand() -> None:
    result = over_seeds([0.6, 0.7, 0.8])
    assert result["n"] == 3
    assert result["mean"] == pytest.approx(0.7)
    assert result["sd"] == pytest.approx(0.1)
    half = 4.302653 * 0.1 / math.sqrt(3)
    assert (result["low"], result["high"]) == pytest.approx((0.7 - half, 0.7 + half))
    assert result["method"] == "95 % t-interval over seeds"


def test_one_seed_has_no_interval_and_says_so() -> None:
    result = over_seeds([0.6])
    assert result["sd"] is None
    assert result["low"] is None
    assert result["method"] == "no interval: one seed"
    with pytest.raises(ValueError, match="no values"):
        over_seeds([])


def test_paired_difference_uses_shared_seeds_only() -> None:
    result = paired_difference({"0": 0.7, "1": 0.9, "5": 0.1}, {"1": 0.6, "0": 0.6, "2": 0.0})
    assert result is not None
    assert result["n"] == 2
    assert result["mean"] == pytest.approx(0.2)
    half = 12.7062 * math.sqrt(0.02) / math.sqrt(2)
    assert result["high"] == pytest.approx(0.2 + half, abs=1e-4)
    assert result["method"] == "paired by seed, 95 % t-interval over seeds"
    assert paired_difference({"0": 0.7}, {"1": 0.6}) is None


def test_paired_bootstrap_is_close_to_the_normal_interval() -> None:
    # 400 samples: 60 gained, 30 lost.
    correct = np.array([True] * 60 + [False] * 30 + [True] * 310)
    baseline = np.array([False] * 60 + [True] * 30 + [True] * 310)
    result = paired_bootstrap(correct, baseline, resamples=4000, seed=0)
    assert result["difference"] == pytest.approx(0.075)
    error = math.sqrt((90 / 400 - 0.075**2) / 400)
    assert result["low"] == pytest.approx(0.075 - 1.96 * error, abs=0.005)
    assert result["high"] == pytest.approx(0.075 + 1.96 * error, abs=0.005)
    assert result["method"] == "paired 95 % percentile bootstrap over samples, 4000 resamples"


def test_paired_bootstrap_draws_subjects_whole() -> None:
    correct = np.repeat([True, False, True, True], 25)
    baseline = np.repeat([False, True, True, True], 25)
    groups = [f"s{row // 25}" for row in range(100)]
    whole = paired_bootstrap(correct, baseline, resamples=1000, seed=0, groups=groups)
    alone = paired_bootstrap(correct, baseline, resamples=1000, seed=0)
    assert whole["high"] > alone["high"] + 0.2
    assert "over subjects" in whole["method"]


def test_paired_bootstrap_of_one_sample_has_no_interval() -> None:
    result = paired_bootstrap([True], [False], resamples=10, seed=0)
    assert (result["difference"], result["low"]) == (1.0, None)
    assert result["method"] == "no interval: fewer than two samples"
    with pytest.raises(ValueError, match="needed"):
        paired_bootstrap([], [], resamples=10, seed=0)
