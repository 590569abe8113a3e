"""A23: the probability of the true class against the intensity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ferkit.evaluation.intensity import intensity_correlation
from ferkit.evaluation.rank_correlation import rank_correlation, resampled_rank_correlation

AB = ("happy", "sad")


def whole(p: Any, intensity: Any, labels: Any, **further: Any) -> dict[str, Any]:
    found = intensity_correlation(
        np.array(p, float), np.array(intensity, float), labels=np.array(labels), **further
    )
    assert found is not None
    return found


def test_a23_rho_by_hand() -> None:
    # Ranks 1 2 3 4 5 against 2 1 4 3 5: squared distances sum to 4, 1 - 6*4/(5*24) = .8.
    one, other = np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.array([7.0, 5, 9, 8, 30])
    assert rank_correlation(one, other) == pytest.approx(0.8)
    assert rank_correlation(one, -one) == -1


def test_a23_ties_share_their_mean_rank() -> None:
    # Ranks 1.5 1.5 3 against 1 2 3: covariance 1.5, spreads 1.5 and 2 (sums of squares).
    found = rank_correlation(np.array([0.2, 0.2, 0.9]), np.array([1.0, 2, 3]))
    assert found == pytest.approx(1.5 / np.sqrt(1.5 * 2))
    assert rank_correlation(np.ones(3), np.arange(3.0)) is None
    assert rank_correlation(np.zeros(0), np.zeros(0)) is None


def test_a23_a_resample_is_the_samples_written_out() -> None:
    generator = np.random.default_rng(0)
    one, other = generator.integers(0, 5, 12) / 4, generator.random(12)
    counts = generator.integers(0, 4, (6, 12))
    found = resampled_rank_correlation(one, other, counts)
    for row, value in zip(counts, found, strict=True):
        written = rank_correlation(one.repeat(row), other.repeat(row))
        assert value == pytest.approx(written)
    assert np.isnan(resampled_rank_correlation(one, other, np.eye(12, dtype=np.int64)[:1])).all()


def test_a23_overall_and_within_classes_differ_where_classes_differ() -> None:
    # Within each class the probability falls with intensity, yet the stronger class is surer.
    found = whole([0.3, 0.2, 0.9, 0.8], [0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], classes=AB)
    assert found["overall"]["rho"] == pytest.approx(0.6)  # ranks 2 1 4 3: 1 - 6*4/60
    assert found["within_classes"]["rho"] == -1
    assert [entry["rho"] for entry in found["per_class"].values()] == [-1, -1]


def test_a23_what_tells_nothing_is_left_out_and_named() -> None:
    found = whole(
        [0.1, 0.2, 0.9, 0.8, 0.5, 0.5],
        [0.1, 0.2, 0, 0, np.nan, 0.7],
        [0, 0, 1, 1, 0, -1],
        classes=AB,
    )
    assert (found["n"], found["unknown"], found["constant"]) == (2, 2, ["sad"])
    assert list(found["per_class"]) == ["happy"]
    assert found["overall"]["rho"] == 1
    unknown = np.full(2, np.nan)
    assert intensity_correlation(unknown, unknown, labels=np.zeros(2, int), classes=AB) is None
    flat = whole([0.1, 0.2], [0, 0], [0, 0], classes=AB)
    assert flat["overall"]["rho"] is None
    assert flat["within_classes"]["rho"] is None


def test_a23_interval_holds_the_value_and_is_wider_by_subject() -> None:
    generator = np.random.default_rng(1)
    subject = np.repeat(np.arange(30), 8)
    intensity = generator.random(30)[subject]
    p = np.clip(intensity + generator.normal(0, 0.4, 30)[subject], 0, 1)
    groups = [f"s{row}" for row in subject]
    of = np.zeros(240, int)
    alone = whole(p, intensity, of, classes=AB)["overall"]
    apart = whole(p, intensity, of, classes=AB, groups=groups)
    entry = apart["overall"]
    assert (apart["resampled"], apart["units"], apart["bootstrap"]) == ("subjects", 30, 1000)
    assert entry["low"] < entry["rho"] < entry["high"]
    assert entry["high"] - entry["low"] > 1.8 * (alone["high"] - alone["low"])
    assert apart == whole(p, intensity, of, classes=AB, groups=groups)


@pytest.mark.parametrize(
    ("n", "bootstrap", "why"),
    [(5, 100, "fewer than 10"), (20, 0, "none was asked"), (20, 100, "resampling does not")],
)
def test_a23_why_there_is_no_interval(n: int, bootstrap: int, why: str) -> None:
    value = np.arange(n) / n
    found = whole(value, value, np.zeros(n, int), classes=AB, bootstrap=bootstrap)
    assert found["overall"]["low"] is None
    assert why in found["overall"]["no_interval"]


def test_a23_arguments_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="differ"):
        whole([0.1, 0.2], [0.1], [0, 0], classes=AB)
    with pytest.raises(ValueError, match="1 groups were given for 2 samples"):
        whole([0.1, 0.2], [0.1, 0.3], [0, 0], classes=AB, groups=["a"])
