"""Alignment by hand-worked numbers."""

from __future__ import annotations

import pytest
import torch

from ferkit.training.alignment import MeanPrediction, aligned, moved


def test_by_hand() -> None:
    probs = torch.tensor([[0.6, 0.4], [1.0, 0.0]])
    found = aligned(probs, torch.tensor([0.75, 0.25]), torch.tensor([0.5, 0.5]))
    # (.6 * 2/3, .4 * 2) = (.4, .8) -> (1/3, 2/3)
    assert found[0].tolist() == pytest.approx([1 / 3, 2 / 3], abs=1e-5)
    assert found[1].tolist() == [1, 0]


def test_a_class_that_nobody_wants_or_predicts_makes_no_nan() -> None:
    probs = torch.tensor([[0.0, 1.0, 0.0], [0.2, 0.3, 0.5]])
    for mean, wanted in (((1.0, 0, 0), (0.0, 0, 1)), ((0.0, 0, 1), (0.0, 0, 1))):
        found = aligned(probs, torch.tensor(mean), torch.tensor(wanted))
        assert found.sum(-1).tolist() == pytest.approx([1, 1])


def test_the_mean_starts_at_the_first_batch() -> None:
    mean = MeanPrediction(0.9)
    assert mean.follow(torch.zeros(0, 4)).tolist() == [0.25] * 4
    assert mean.state_dict() == {}
    assert mean.follow(torch.tensor([[1.0, 0.0], [0.0, 1.0]])).tolist() == [0.5, 0.5]
    after = mean.follow(torch.tensor([[1.0, 0.0]]))
    assert after.tolist() == pytest.approx([0.55, 0.45])
    assert mean.follow(torch.zeros(0, 2)).tolist() == after.tolist()
    other = MeanPrediction(0.9)
    other.load_state_dict(mean.state_dict())
    batch = torch.tensor([[0.2, 0.8]])
    assert torch.equal(other.follow(batch), mean.follow(batch))


def test_moved() -> None:
    assert moved(torch.tensor(1.0), torch.tensor(0.0), 0.75) == 0.75
