"""Samples without crops, counted as wrong."""

from __future__ import annotations

import pytest
import torch

from ferkit.evaluation.metrics import evaluate, wilson_interval
from ferkit.evaluation.unseen import counted_as_wrong, unseen_sentences

CLASSES = ("happy", "sad", "fear")


def measured(groups: list[str] | None = None) -> dict:
    """Happy: 2 of 3 right, one taken for sad; sad: 1 of 1; fear: none there."""
    probs = torch.eye(3)[[0, 0, 1, 1]]
    return evaluate(
        probs,
        torch.tensor([0, 0, 0, 1]),
        classes=CLASSES,
        bootstrap=0,
        bins=5,
        seed=0,
        groups=groups,
    )


def test_by_hand() -> None:
    found = counted_as_wrong(measured(), [0, 2], ["no face", "no face"])
    assert (found["n"], found["of"]) == (2, 6)
    assert found["kinds"] == {"no face": 2}
    assert found["classes"] == {"happy": 1, "sad": 0, "fear": 1}
    assert found["accuracy"]["value"] == pytest.approx(3 / 6)
    assert (found["accuracy"]["low"], found["accuracy"]["high"]) == wilson_interval(3, 6)
    # recall: happy 2 of 4, sad 1 of 1, fear 0 of 1
    assert found["mean_class_accuracy"]["value"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    # F1 = 2 TP / (2 TP + FP + FN): happy 4 / (4 + 0 + 2), sad 2 / (2 + 1 + 0), fear 0 / 1
    assert found["macro_f1"]["value"] == pytest.approx((4 / 6 + 2 / 3 + 0) / 3)


def test_none_unseen_changes_nothing() -> None:
    metrics = measured()
    found = counted_as_wrong(metrics, [], [])
    for name in ("accuracy", "mean_class_accuracy", "macro_f1"):
        assert found[name]["value"] == pytest.approx(metrics[name]["value"])


def test_samples_of_a_subject_give_no_interval() -> None:
    metrics = measured(["a", "a", "b", "b"])
    assert counted_as_wrong(metrics, [0], ["no face"])["accuracy"]["low"] is None


def test_the_sentence() -> None:
    entry = counted_as_wrong(measured(), [0, 2], ["no face", "unreadable image"])
    (text,) = unseen_sentences({"test": entry})
    assert text.startswith(
        "Of 2 of the 6 test samples nothing could be cropped (no face: 1, unreadable image: 1): "
    )
    assert "Counted as wrong: accuracy 50.0 % (95 %: " in text
