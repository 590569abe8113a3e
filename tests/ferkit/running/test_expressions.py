"""What a data set knows of its faces' expressions reaches tables and results."""

from __future__ import annotations

import math

import pytest
import torch

from ferkit.contracts.data import Sample
from ferkit.running.expressions import expression_results, intensities, second_emotions
from ferkit.running.outputs import prediction_columns

CLASSES = ("a", "b", "c")

SAMPLES = [
    Sample("0", label=0, attributes={"intensity": 0.2, "second": "b", "second_share": 0.4}),
    Sample("1", label=0, attributes={"intensity": 0.5, "second": "c", "second_share": 0.05}),
    Sample("2", label=1, truth=0, attributes={"intensity": 0.9, "second": "c"}),
    Sample("3", label=2),
]
PROBS = torch.tensor([[0.4, 0.5, 0.1], [0.6, 0.2, 0.2], [0.7, 0.1, 0.2], [0.2, 0.2, 0.6]])


def test_what_is_known_of_samples() -> None:
    known = intensities(SAMPLES)
    assert known[:3] == [0.2, 0.5, 0.9]
    assert math.isnan(known[3])
    assert second_emotions(SAMPLES, CLASSES) == [1, -1, 2, -1]  # a share of .05 is a trace
    assert second_emotions([Sample("x", attributes={"second": "other"})], CLASSES) == [-1]


def test_results_by_the_true_class() -> None:
    results = expression_results(SAMPLES, PROBS, classes=CLASSES, bootstrap=0, seed=0)
    # All three are truly "a": .4, .6, .7 rise with .2, .5, .9.
    assert results["intensity"]["overall"]["rho"] == pytest.approx(1.0)
    assert results["intensity"]["n"] == 3
    blends = results["blends"]
    assert blends["n"] == 2
    assert blends["both"]["value"] == 1.0
    assert blends["top_is_second"]["value"] == 0.5  # the first: b before a
    plain = [Sample("x", label=0), Sample("y", label=1)]
    assert expression_results(plain, PROBS[:2], classes=CLASSES, bootstrap=0, seed=0) == {}


def test_columns_of_predictions() -> None:
    columns = prediction_columns(SAMPLES, PROBS, classes=CLASSES, split="test")
    assert columns["intensity"].to_pylist() == pytest.approx([0.2, 0.5, 0.9, None])
    assert columns["second"] == ["b", None, "c", None]
    plain = prediction_columns([Sample("x", label=0)], PROBS[:1], classes=CLASSES, split="test")
    assert "intensity" not in plain
    assert "second" not in plain
