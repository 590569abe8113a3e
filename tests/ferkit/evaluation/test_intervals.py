"""Intervals of metrics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ferkit.evaluation.bootstrap import resampling_units
from ferkit.evaluation.metrics import _headline, evaluate, wilson_interval
from ferkit.evaluation.wording import HEADLINES

NAMES = ("anger", "happy", "sad")


def one_hot(predicted: list[int], confidence: float = 1.0, k: int = 3) -> Tensor:
    """Distributions that give `confidence` to the predicted class and share the rest."""
    probs = torch.full((len(predicted), k), (1 - confidence) / (k - 1))
    probs[torch.arange(len(predicted)), torch.tensor(predicted)] = confidence
    return probs


def run(probs: Tensor, labels: list[int], **options: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {"classes": NAMES, "bootstrap": 200, "bins": 10, "seed": 0} | options
    return evaluate(probs, torch.tensor(labels), **settings)


def random_case(n: int, k: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    probs = torch.softmax(2 * torch.randn(n, k, generator=generator), dim=1)
    return probs, torch.multinomial(probs, 1, generator=generator)[:, 0]


def exact_interval(right: int, n: int) -> tuple[float, float]:
    """Clopper-Pearson by bisection on sums of binomial terms."""

    def at_least(p: float) -> float:
        return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(right, n + 1))

    def at_most(p: float) -> float:
        return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(right + 1))

    ends = []
    for tail, rising in ((at_least, True), (at_most, False)):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if (tail(middle) < 0.025) == rising else (low, middle)
        ends.append(low)
    return ends[0], ends[1]


def test_interval_of_accuracy_is_close_to_the_exact_binomial_one() -> None:
    result = run(one_hot([0] * 140 + [1] * 60), [0] * 200, bootstrap=4000)
    low, high = exact_interval(140, 200)
    assert result["accuracy"]["low"] == pytest.approx(low, abs=0.012)
    assert result["accuracy"]["high"] == pytest.approx(high, abs=0.012)


def test_class_intervals_are_wilsons_and_stay_wide_when_all_is_right() -> None:
    # (9 + z2/2 -+ z sqrt(9 * 1/10 + z2/4)) / (10 + z2) with z2 = 3.8415
    assert wilson_interval(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    low, high = wilson_interval(10, 10)
    assert low == pytest.approx(10 / (10 + 3.8415), abs=1e-4)
    assert high == pytest.approx(1)


@pytest.mark.parametrize("groups", [None, [f"s{row % 20}" for row in range(40)]])
def test_perfect_predictions_are_not_certain(groups: list[str] | None) -> None:
    labels = [0, 1] * 20 if groups else [0, 1] * 10
    result = run(one_hot(labels), labels, groups=groups)
    # 20 of 20 samples, or 20 of 20 subjects: 20 / (20 + 3.8415).
    accuracy = {"value": 1.0, "low": 20 / (20 + 3.8415), "high": 1.0}
    assert result["accuracy"] == pytest.approx(accuracy, abs=1e-4)
    for name in ("mean_class_accuracy", "macro_f1", "calibration_error"):
        assert (result[name]["low"], result[name]["high"]) == (None, None)
        assert result[name]["no_interval"] == "resampling does not change it"
    assert result["calibration_error"]["value"] == pytest.approx(0)
    # Each class has 10 samples, or 10 subjects with two samples each.
    assert result["per_class"]["happy"]["low"] == pytest.approx(10 / (10 + 3.8415), abs=1e-4)


def test_too_few_units_have_an_interval_of_the_accuracy_only() -> None:
    # Both subjects are right in 8 of their 20 samples, so every resample is, too.
    probs = one_hot(([0] * 8 + [1] * 12) * 2)
    result = run(probs, [0] * 40, groups=["a"] * 20 + ["b"] * 20)
    low, high = wilson_interval(0.8, 2)
    expected = {"value": 0.4, "low": low, "high": high}
    assert result["accuracy"] == pytest.approx(expected)
    assert high - low > 0.7
    for name in ("mean_class_accuracy", "macro_f1", "calibration_error"):
        assert result[name]["low"] is None
        assert result[name]["no_interval"] == "fewer than 10 subjects to draw from"
    nine = run(probs[:9], [0] * 9)["macro_f1"]
    assert nine["no_interval"] == "fewer than 10 samples to draw from"
    ten = run(probs[:10], [0] * 10)["macro_f1"]
    assert "no_interval" not in ten
    assert ten["low"] < ten["value"] < ten["high"]


def test_a_constant_answer_has_no_interval_of_the_class_mean() -> None:
    result = run(one_hot([0] * 100, 0.6), [0, 1] * 50)
    assert result["accuracy"]["low"] < 0.45
    entry = result["mean_class_accuracy"]
    assert entry == {
        "value": 0.5, "low": None, "high": None, "no_interval": "resampling does not change it",
    }  # fmt: skip
    assert result["macro_f1"]["low"] < result["macro_f1"]["high"]


@pytest.mark.parametrize("n", [10, 14, 25, 60])
@pytest.mark.parametrize("subjects", [0, 10])
def test_intervals_contain_their_values(n: int, subjects: int) -> None:
    groups = [f"s{row % subjects}" for row in range(n)] if subjects else None
    for seed in range(10):
        probs, labels = random_case(n, 3, seed)
        # Few resamples and rare classes pull the ends of the bootstrap to one side.
        result = run(probs, labels.tolist(), groups=groups, bootstrap=3, seed=seed)
        entries = [result[name] for name in ("accuracy", "mean_class_accuracy", "macro_f1")]
        for entry in entries:
            if entry["low"] is not None:
                assert entry["low"] <= entry["value"] <= entry["high"]
                assert entry["high"] > entry["low"]
        for entry in result["per_class"].values():
            if entry["n"]:
                assert entry["low"] <= entry["accuracy"] <= entry["high"]


@pytest.mark.parametrize(("value", "low"), [(0.3 - 1e-8, 0.3 - 1e-8), (0.2, 0.3)])
def test_only_rounding_is_mended_in_the_interval_of_the_calibration_error(
    value: float, low: float
) -> None:
    # An interval that truly lies above its value is left so; the report says it.
    draws = np.array([0.3] * 50 + [0.4] * 50)
    units = resampling_units(10, None)
    entry = _headline("calibration_error", value, units, draws, asked=True)
    assert entry == {"value": value, "low": pytest.approx(low, abs=1e-12), "high": 0.4}


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_samples_prove_little(n: int) -> None:
    result = run(one_hot([0] * n), [0] * n)
    accuracy = {"value": 1.0, "low": n / (n + 3.8415), "high": 1.0}
    assert result["accuracy"] == pytest.approx(accuracy, abs=1e-4)
    assert result["macro_f1"]["low"] is None
    assert result["bootstrap"] == (200 if n > 1 else 0)


def test_bootstrap_zero_gives_no_interval() -> None:
    result = run(one_hot([0, 1]), [0, 0], bootstrap=0)
    for name in HEADLINES:
        assert result[name]["low"] is None
        assert result[name]["no_interval"] == "none was asked for"


def test_same_seed_same_result_and_another_seed_another_interval() -> None:
    probs, labels = random_case(200, 3, seed=5)
    first, again, other = (run(probs, labels.tolist(), seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first["accuracy"]["value"] == other["accuracy"]["value"]
    assert first["macro_f1"] != other["macro_f1"]


def test_subjects_are_drawn_whole_where_they_have_several_samples() -> None:
    # 20 subjects of 10 samples; a subject is wholly right or wholly wrong.
    right = [subject % 2 == 0 for subject in range(20) for _ in range(10)]
    probs = one_hot([0 if hit else 1 for hit in right])
    groups = [f"s{row // 10}" for row in range(200)]
    alone = run(probs, [0] * 200, bootstrap=2000)
    whole = run(probs, [0] * 200, bootstrap=2000, groups=groups)
    assert (alone["resampled"], alone["units"]) == ("samples", 200)
    assert (whole["resampled"], whole["units"]) == ("subjects", 20)
    wide = whole["accuracy"]["high"] - whole["accuracy"]["low"]
    narrow = alone["accuracy"]["high"] - alone["accuracy"]["low"]
    # Standard errors differ by the root of 10, the size of a subject.
    assert wide / narrow == pytest.approx(math.sqrt(10), rel=0.2)
    anger = whole["per_class"]["anger"]  # the only class, so the interval of the accuracy
    assert anger["low"] == pytest.approx(whole["accuracy"]["low"])


def test_a_class_that_is_all_wrong_has_an_interval_with_subjects_too() -> None:
    result = run(one_hot([0, 0, 1, 1]), [0, 0, 2, 2], groups=["a", "a", "b", "b"])
    assert result["resampled"] == "subjects"
    low, high = wilson_interval(0, 1)  # one subject, whatever number of samples
    assert result["per_class"]["sad"]["low"] == pytest.approx(low)
    assert result["per_class"]["sad"]["high"] == pytest.approx(high)
    assert high > 0.7


def test_a_single_subject_is_a_single_trial() -> None:
    result = run(one_hot([0, 1, 0]), [0, 0, 0], groups=["a", "a", "a"])
    low, high = wilson_interval(2 / 3, 1)
    assert result["accuracy"] == pytest.approx({"value": 2 / 3, "low": low, "high": high})
    assert high - low > 0.75
    assert (result["units"], result["bootstrap"]) == (1, 0)
    assert result["per_class"]["anger"]["low"] == pytest.approx(low)


def test_a_hundred_thousand_samples_are_resampled_in_bounded_memory() -> None:
    probs, labels = random_case(100_000, 7, seed=0)
    result = evaluate(
        probs, labels, classes=[str(c) for c in range(7)], bootstrap=20, bins=15, seed=0
    )
    spread = result["accuracy"]["high"] - result["accuracy"]["low"]
    assert 0.002 < spread < 0.01  # 2 x 1.96 standard errors are .0061


def test_enough_subjects_need_no_worst_case() -> None:
    # 280 subjects with five samples each, right three times in four, independently.
    right = np.random.default_rng(0).random(1400) < 0.75
    probs = torch.tensor(np.where(right[:, None], (0.9, 0.1), (0.1, 0.9)))
    subjects = [f"p{i // 5}" for i in range(1400)]
    found = evaluate(
        probs,
        torch.zeros(1400, dtype=torch.int64),
        classes=("a", "b"),
        bootstrap=500,
        bins=5,
        seed=0,
        groups=subjects,
    )["accuracy"]
    assert found["high"] - found["low"] < 0.06, "as for 1400 samples, not as for 280"
