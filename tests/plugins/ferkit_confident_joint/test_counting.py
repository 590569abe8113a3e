"""Confident counting, by hand, against a plain loop, and against cleanlab where it is installed."""

from __future__ import annotations

import pytest
import torch
from ferkit_confident_joint.counting import (
    candidate_errors,
    class_thresholds,
    confident_joint,
    guessed_classes,
)


def drawn(seed: int, *, samples: int = 200, classes: int = 4):
    generator = torch.Generator().manual_seed(seed)
    truth = torch.randint(classes, (samples,), generator=generator)
    logits = torch.randn(samples, classes, generator=generator) * 1.5
    logits[torch.arange(samples), truth] += 1.5
    given = truth.clone()
    wrong = torch.rand(samples, generator=generator) < 0.25
    given[wrong] = torch.randint(classes, (int(wrong.sum()),), generator=generator)
    return logits.softmax(-1), given


def counted(probs, given):
    """Thresholds, guesses and joint, sample by sample, from cleanlab's documentation."""
    classes = len(probs[0])
    thresholds = []
    for j in range(classes):
        own = [row[j] for row, label in zip(probs, given, strict=True) if label == j]
        thresholds.append(sum(own) / len(own) if own else 2.0)
    guesses, joint = [], [[0] * classes for _ in range(classes)]
    for row, label in zip(probs, given, strict=True):
        reached = [j for j in range(classes) if row[j] >= thresholds[j] - 1e-6]
        if not reached:
            guesses.append(-1)
            continue
        guess = reached[0] if len(reached) == 1 else row.index(max(row))
        guesses.append(guess)
        joint[label][guess] += 1
    return thresholds, guesses, joint


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("classes", [2, 4, 7])
def test_counts_as_a_plain_loop(seed, classes) -> None:
    probs, given = drawn(seed, classes=classes)
    thresholds, guesses, joint = counted(probs.tolist(), given.tolist())
    found = class_thresholds(probs, given)
    assert found.tolist() == pytest.approx(thresholds, abs=1e-6)
    guess = guessed_classes(probs, found)
    assert guess.tolist() == guesses
    assert confident_joint(given, guess, classes).tolist() == joint
    errors = candidate_errors(probs, given, found, count="joint")
    off = [g not in (-1, label) for g, label in zip(guesses, given.tolist(), strict=True)]
    assert errors.tolist() == off
    assert 0 < sum(off) < len(off)
    any_other = candidate_errors(probs, given, found, count="any").tolist()
    expected = [
        any(row[j] >= thresholds[j] - 1e-6 for j in range(classes) if j != label)
        for row, label in zip(probs.tolist(), given.tolist(), strict=True)
    ]
    assert any_other == expected


def test_by_hand() -> None:
    probs = torch.tensor(
        [
            [0.8, 0.1, 0.1],  # given 0: counted as 0
            [0.4, 0.5, 0.1],  # given 0: reaches 1 alone, an error
            [0.2, 0.5, 0.3],  # given 1: exactly its threshold
            [0.5, 0.3, 0.2],  # given 2: reaches nothing
            [0.6, 0.1, 0.3],  # given 2: reaches 0 and 2, the likelier counts: an error
        ]
    )
    given = torch.tensor([0, 0, 1, 2, 2])
    thresholds = class_thresholds(probs, given)
    assert thresholds.tolist() == pytest.approx([0.6, 0.5, 0.25])
    guess = guessed_classes(probs, thresholds)
    assert guess.tolist() == [0, 1, 1, -1, 0]
    # The third reaches 1 (at the threshold) and 2 (0.3 of 0.25): 1 is likelier.
    joint = candidate_errors(probs, given, thresholds, count="joint")
    assert joint.tolist() == [False, True, False, False, True]
    other = candidate_errors(probs, given, thresholds, count="any")
    assert other.tolist() == [False, True, True, False, True]
    assert confident_joint(given, guess, 3).tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_of_several_reached_the_likeliest_of_all_counts_as_in_cleanlab() -> None:
    probs = torch.tensor([[0.45, 0.3, 0.25]])
    thresholds = torch.tensor([0.9, 0.2, 0.2])
    assert guessed_classes(probs, thresholds).tolist() == [0]


def test_a_class_without_samples_is_never_reached() -> None:
    probs = torch.tensor([[0.3, 0.1, 0.6], [0.2, 0.7, 0.1], [0.1, 0.0, 0.9]])
    given = torch.tensor([0, 1, -1])
    thresholds = class_thresholds(probs, given)
    assert thresholds.tolist()[2] == float("inf")
    assert guessed_classes(probs, thresholds).tolist() == [0, 1, -1]
    assert not candidate_errors(probs, given, thresholds, count="any").any()


def test_what_is_not_given_is_no_error() -> None:
    probs, given = drawn(0)
    thresholds = class_thresholds(probs, given)
    nothing = torch.full_like(given, -1)
    for count in ("joint", "any"):
        assert not candidate_errors(probs, nothing, thresholds, count=count).any()
    assert not confident_joint(nothing, given, 4).any()


def test_a_class_that_is_never_predicted_has_a_threshold_that_nothing_reaches_by_rounding() -> None:
    probs = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    given = torch.tensor([0, 0, 1])
    thresholds = class_thresholds(probs, given)
    assert thresholds.tolist() == pytest.approx([1.0, 2e-6])
    assert guessed_classes(probs, thresholds).tolist() == [0, 0, 0]


@pytest.mark.parametrize("seed", range(4))
def test_equals_cleanlab(seed) -> None:
    count = pytest.importorskip("cleanlab.count")
    probs, given = drawn(seed, samples=300, classes=5)
    thresholds = class_thresholds(probs.double(), given)
    theirs = count.get_confident_thresholds(given.numpy(), probs.double().numpy())
    assert thresholds.tolist() == pytest.approx(theirs.tolist(), abs=1e-12)
    joint, off = count.compute_confident_joint(
        given.numpy(),
        probs.double().numpy(),
        calibrate=False,
        return_indices_of_off_diagonals=True,
    )
    guess = guessed_classes(probs.double(), thresholds)
    assert confident_joint(given, guess, 5).tolist() == joint.tolist()
    errors = candidate_errors(probs.double(), given, thresholds, count="joint")
    assert errors.nonzero().flatten().tolist() == sorted(int(i) for i in off)
