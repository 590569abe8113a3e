"""Means and intervals over seeds, over folds and over both, by hand."""

from __future__ import annotations

import math

import pytest

from ferkit.evaluation.matrix import summarise_matrix
from ferkit.evaluation.replicates import (
    over_replicates,
    over_what,
    paired_difference,
    replicate_key,
    replicate_words,
    seed_and_fold,
)


def test_keys_and_what_they_are_called() -> None:
    assert (replicate_key(3), replicate_key(3, 0)) == ("3", "3.0")
    assert (seed_and_fold("3"), seed_and_fold("3.10")) == (("3", None), ("3", "10"))
    assert (replicate_words("3"), replicate_words("3.1")) == ("seed 3", "seed 3, fold 1")
    assert over_what(["0", "1"]) == over_what([]) == over_what(["0.4", "1.4"]) == "seeds"
    assert over_what(["0.0", "0.1"]) == "folds"
    assert over_what(["0.0", "0.1", "1.0"]) == "folds and seeds"


def test_folds_have_the_corrected_interval() -> None:
    values = {"0.0": 0.6, "0.1": 0.7, "0.2": 0.8}
    result = over_replicates(values)
    # sd 0.1, three folds: 4.3027 * 0.1 * sqrt(1/3 + 1/2), of 10 folds sqrt(1/3 + 1/9).
    assert (result["n"], result["folds"], result["mean"]) == pytest.approx((3, 3, 0.7))
    assert result["sd"] == pytest.approx(0.1)
    assert result["high"] - 0.7 == pytest.approx(0.43027 * math.sqrt(5 / 6), abs=1e-5)
    wider = over_replicates(values, 1 / 9)
    assert 0.7 - wider["low"] == pytest.approx(0.43027 * math.sqrt(4 / 9), abs=1e-5)
    assert result["method"] == "95 % t-interval over folds, corrected for shared training data"


@pytest.mark.parametrize(
    ("values", "of"),
    [
        ({"0": 0.5, "1": 0.5}, "seeds"),
        # Differences of figures of six decimals.
        ({"0": 0.333333 - 0.166667, "1": 0.666667 - 0.5, "2": 0.166667}, "seeds"),
        ({"0.0": 0.5, "1.0": 0.7, "0.1": 0.6, "1.1": 0.6}, "folds"),
    ],
)
def test_alike_values_have_no_interval_of_no_width(values: dict[str, float], of: str) -> None:
    result = over_replicates(values)
    why = f"all {of} gave the same, which does not tell how much others would differ"
    assert (result["sd"], result["low"], result["high"]) == (0, None, None)
    assert (result["no_interval"], result["method"]) == (why, f"no interval: {why}")
    gain = paired_difference(values, dict.fromkeys(values, 0.1))
    assert gain is not None
    assert gain["method"].endswith(f"no interval: {why}")
    assert "no_interval" not in over_replicates({**values, "5.0": 0.51})


def test_seeds_of_a_fold_are_averaged_first() -> None:
    values = {"0.0": 0.5, "1.0": 0.7, "0.1": 0.7, "1.1": 0.9}
    result = over_replicates(values)
    # Folds 0.6 and 0.8: sd 0.1 sqrt 2, t of one degree of freedom 12.7062, factor sqrt(1/2 + 1).
    assert (result["n"], result["folds"], result["mean"]) == pytest.approx((4, 2, 0.7))
    half = 12.7062 * math.sqrt(0.02) * math.sqrt(1.5)
    assert result["high"] - 0.7 == pytest.approx(half, abs=1e-4)


def test_what_was_trained_on_widens_the_interval() -> None:
    values = {"0.0": 0.65, "0.1": 0.7, "0.2": 0.75}
    runs = {"a": {key: {"test": {"accuracy": {"value": one}}} for key, one in values.items()}}
    runs["b"] = {key: {"test": {"accuracy": {"value": one * one}}} for key, one in values.items()}
    found = summarise_matrix(
        runs, baseline="a", metric="accuracy", test_per_train={"a": 0.5, "b": 0.625}
    )["variants"]
    assert found["a"]["high"] - 0.7 == pytest.approx(0.215133 * math.sqrt(1 / 3 + 0.5), abs=1e-5)
    gain, sd = found["b"]["gain"], found["b"]["gain"]["sd"]
    half = 4.30265 * sd * math.sqrt(1 / 3 + 0.625)  # the larger of both
    assert gain["high"] - gain["mean"] == pytest.approx(half, abs=1e-5)


def test_seeds_of_one_fold_are_seeds() -> None:
    result = over_replicates({"0.3": 0.5, "1.3": 0.7})
    assert result["method"] == "95 % t-interval over seeds"
    assert "folds" not in result
    assert over_replicates({"0.3": 0.5})["method"] == "no interval: one seed"
    with pytest.raises(ValueError, match="no values"):
        over_replicates({})


def test_differences_are_paired_by_fold() -> None:
    gain = paired_difference({"0.0": 0.7, "0.1": 0.6, "0.2": 0.9}, {"0.1": 0.5, "0.0": 0.5})
    assert gain is not None
    assert (gain["n"], gain["mean"]) == pytest.approx((2, 0.15))
    assert gain["method"].startswith("paired by fold, 95 % t-interval over folds")


def test_a_matrix_of_folds_is_summarised_over_them() -> None:
    runs = {
        variant: {
            replicate_key(0, fold): {"test": {"accuracy": {"value": start + 0.1 * fold}}}
            for fold in range(3)
        }
        for variant, start in (("a", 0.5), ("b", 0.6))
    }
    summary = summarise_matrix(runs, baseline="a", metric="accuracy")
    assert summary["seeds"] == ["0.0", "0.1", "0.2"]
    assert summary["variants"]["b"]["gain"]["mean"] == pytest.approx(0.1)
    half = 0.43027 * math.sqrt(5 / 6)
    assert summary["variants"]["a"]["low"] == pytest.approx(0.6 - half, abs=1e-5)
