"""Values of metrics, and what is drawn for their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ferkit.errors import RunError
from ferkit.evaluation.bootstrap import Tally, draw_counts, headline_metrics, resampling_units
from ferkit.evaluation.metrics import confidence_bins, evaluate
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


def test_values_match_numbers_worked_by_hand() -> None:
    # anger: 2 of 3 right, happy: 1 of 2, sad: 0 of 1.
    result = run(one_hot([0, 0, 1, 1, 0, 1], 0.75), [0, 0, 0, 1, 1, 2])
    assert result["n"] == 6
    assert result["confusion"] == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]
    assert result["accuracy"]["value"] == pytest.approx(3 / 6)
    assert result["mean_class_accuracy"]["value"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    # F1 = 2 TP / (given + predicted): 4/6, 2/5, 0/1.
    assert result["macro_f1"]["value"] == pytest.approx((4 / 6 + 2 / 5 + 0) / 3)
    assert result["calibration_error"]["value"] == pytest.approx(0.75 - 0.5)
    assert result["per_class"]["happy"]["n"] == 2
    assert result["per_class"]["happy"]["accuracy"] == pytest.approx(1 / 2)
    assert result["per_class"]["happy"]["precision"] == pytest.approx(1 / 3)
    assert result["per_class"]["happy"]["f1"] == pytest.approx(2 / 5)
    assert result["per_class"]["sad"]["precision"] is None  # never predicted
    assert result["classes"] == list(NAMES)
    assert result["absent"] == []
    assert result["resampled"] == "samples"


def plain_metrics(probs: Tensor, labels: Tensor, bins: int) -> dict[str, float]:
    """The four headline metrics by loops over samples and classes."""
    k = probs.shape[1]
    rows = [(int(p.argmax()), float(p.max()), int(y)) for p, y in zip(probs, labels, strict=True)]
    recalls, scores = [], []
    for c in range(k):
        hit = sum(1 for guess, _, y in rows if guess == c and y == c)
        given = sum(1 for _, _, y in rows if y == c)
        guessed = sum(1 for guess, _, _ in rows if guess == c)
        if given:
            recalls.append(hit / given)
        if given + guessed:
            scores.append(2 * hit / (given + guessed))
    error = 0.0
    for b in range(bins):
        inside = [row for row in rows if b / bins <= row[1] < (b + 1) / bins]
        if inside:
            sure = sum(row[1] for row in inside) / len(inside)
            right = sum(row[0] == row[2] for row in inside) / len(inside)
            error += len(inside) / len(rows) * abs(sure - right)
    return {
        "accuracy": sum(row[0] == row[2] for row in rows) / len(rows),
        "mean_class_accuracy": sum(recalls) / len(recalls),
        "macro_f1": sum(scores) / len(scores),
        "calibration_error": error,
    }


def random_case(n: int, k: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    probs = torch.softmax(2 * torch.randn(n, k, generator=generator), dim=1)
    return probs, torch.multinomial(probs, 1, generator=generator)[:, 0]


@pytest.mark.parametrize(("n", "k"), [(1, 2), (7, 5), (300, 7), (90, 20)])
def test_values_match_plain_loops(n: int, k: int) -> None:
    probs, labels = random_case(n, k, seed=n)
    result = evaluate(
        probs, labels, classes=[str(c) for c in range(k)], bootstrap=0, bins=15, seed=0
    )
    for name, value in plain_metrics(probs, labels, 15).items():
        assert result[name]["value"] == pytest.approx(value, abs=1e-5), name


def test_each_resample_is_what_plain_loops_give_on_the_drawn_samples() -> None:
    probs, labels = random_case(40, 4, seed=3)
    confidence, predicted = probs.max(dim=1)
    tally = Tally(
        labels.numpy(),
        predicted.numpy(),
        confidence_bins(confidence, 5).numpy(),
        confidence.double().numpy(),
        classes=4,
        slots=6,
    )
    (counts,) = draw_counts(resampling_units(40, None), 5, seed=1)
    assert counts.sum(axis=1).tolist() == [40] * 5
    metrics = headline_metrics(tally(counts))
    for row in range(5):
        drawn = torch.from_numpy(np.repeat(tally.order, counts[row]))
        expected = plain_metrics(probs[drawn], labels[drawn], 5)
        for name in HEADLINES:
            assert metrics[name][row] == pytest.approx(expected[name], abs=1e-5), name


def test_constant_predictions() -> None:
    result = run(one_hot([1] * 6, 0.9), [0, 1, 2, 0, 1, 2])
    assert result["accuracy"]["value"] == pytest.approx(1 / 3)
    assert result["mean_class_accuracy"]["value"] == pytest.approx(1 / 3)
    assert result["macro_f1"]["value"] == pytest.approx((2 * 2 / 8) / 3)
    assert result["calibration_error"]["value"] == pytest.approx(0.9 - 1 / 3)


def test_classes_without_labels_are_left_out_of_the_class_mean_and_named() -> None:
    result = run(one_hot([0, 2, 1]), [0, 0, 1])
    assert result["absent"] == ["sad"]
    assert result["mean_class_accuracy"]["value"] == pytest.approx((1 / 2 + 1) / 2)
    assert result["per_class"]["sad"] == {
        "n": 0, "accuracy": None, "low": None, "high": None, "precision": 0.0, "f1": 0.0,
    }  # fmt: skip


def test_subjects_with_one_sample_each_and_unknown_ones_count_as_samples() -> None:
    assert not resampling_units(3, ["a", "b", "c"]).subjects
    assert not resampling_units(3, ["", "", ""]).subjects
    units = resampling_units(5, ["a", "", "a", "", "b"])
    assert units.subjects
    assert units.of.tolist() == [0, 1, 0, 2, 3]


def test_no_samples_is_a_clear_error() -> None:
    with pytest.raises(RunError, match=r"there are no labelled samples to evaluate\."):
        run(torch.zeros(0, 3), [])


def test_predictions_that_are_not_finite_are_a_clear_error() -> None:
    probs = one_hot([0, 1])
    probs[1, 2] = torch.nan
    with pytest.raises(RunError, match=r"predictions of 1 of 2 samples are not finite"):
        run(probs, [0, 1])


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ([0, 3], {}, r"labels must lie in 0 \.\. 2"),
        ([0, -1], {}, r"labels must lie in 0 \.\. 2"),
        ([0], {}, r"do not fit"),
        ([0, 1], {"classes": ("a", "b")}, r"do not fit"),
        ([0, 1], {"groups": ["a"]}, r"1 groups were given for 2 samples"),
    ],
)
def test_what_does_not_fit_is_an_error(
    labels: list[int], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        run(one_hot([0, 1]), labels, **options)


def test_probabilities_a_little_above_one_are_not_taken_for_logits() -> None:
    probs = one_hot([0, 1, 2])
    probs[0, 0] = 1 + 1e-6
    assert run(probs, [0, 1, 2])["calibration_error"]["value"] == pytest.approx(0, abs=1e-5)


def test_a_single_class_is_always_right() -> None:
    result = run(torch.ones(4, 1), [0, 0, 0, 0], classes=("happy",))
    assert result["confusion"] == [[4]]
    for name in ("accuracy", "mean_class_accuracy", "macro_f1"):
        assert result[name]["value"] == 1.0
    assert list(result["per_class"]) == ["happy"]
