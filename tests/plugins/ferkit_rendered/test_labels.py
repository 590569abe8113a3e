"""Classes, given labels and subjects."""

from __future__ import annotations

import pytest
import torch
from ferkit_rendered.labels import (
    BY_FREQUENCY,
    class_shares,
    emotions,
    given_labels,
    second_emotions,
    subjects,
)

from ferkit.contracts.data import CLASSES


def test_every_seventy_samples_hold_ten_of_each_class() -> None:
    found = emotions(5, torch.arange(700), 1.0)
    for part in found.split(70):
        assert torch.bincount(part, minlength=7).tolist() == [10] * 7
    assert not torch.equal(found[:70], found[70:140])


def test_imbalance_is_the_ratio_of_the_extremes() -> None:
    shares = class_shares(9.0)
    assert shares[0] / shares[-1] == pytest.approx(9.0)
    assert sum(shares) == pytest.approx(1.0)
    found = torch.bincount(emotions(5, torch.arange(7000), 9.0), minlength=7)
    by_frequency = [int(found[CLASSES.index(name)]) for name in BY_FREQUENCY]
    assert by_frequency == sorted(by_frequency, reverse=True)
    for count, share in zip(by_frequency, shares, strict=True):
        assert count / 7000 == pytest.approx(share, abs=0.005)


def test_a_class_depends_on_seed_and_number_only() -> None:
    whole = emotions(5, torch.arange(300), 4.0)
    some = torch.tensor([299, 0, 71])
    assert torch.equal(emotions(5, some, 4.0), whole[some])
    assert not torch.equal(emotions(6, torch.arange(300), 4.0), whole)


@pytest.mark.parametrize("kind", ["symmetric", "confusion"])
def test_the_asked_fraction_of_labels_is_wrong(kind: str) -> None:
    number = torch.arange(10_000)
    truth = emotions(1, number, 1.0)
    second = second_emotions(1, number, truth)
    given = given_labels(1, number, truth, second, 0.2, kind)
    wrong = given != truth
    assert float(wrong.float().mean()) == pytest.approx(0.2, abs=0.015)
    assert not bool((second == truth).any())
    if kind == "confusion":
        assert torch.equal(given[wrong], second[wrong])
    else:
        shift = torch.bincount((given - truth)[wrong] % 7, minlength=7)
        assert int(shift[0]) == 0
        assert float((shift[1:] / (int(wrong.sum()) / 6) - 1).abs().max()) < 0.2


def test_without_noise_labels_are_true() -> None:
    number = torch.arange(500)
    truth = emotions(1, number, 1.0)
    second = second_emotions(1, number, truth)
    assert torch.equal(given_labels(1, number, truth, second, 0.0, "symmetric"), truth)


def test_subjects() -> None:
    number = torch.arange(1000)
    assert torch.equal(subjects(0, number, None), number // 5)
    few = subjects(0, number, 12)
    assert torch.unique(few).tolist() == list(range(12))
