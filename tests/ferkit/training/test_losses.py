"""Losses and class weights, against plain loops."""

from __future__ import annotations

import math

import pytest
import torch

from ferkit.contracts.training import Decision
from ferkit.errors import FerkitError
from ferkit.training.losses import (
    class_weights,
    cross_entropy_of_probs,
    soft_cross_entropy,
    weighted_cross_entropy,
)


def draws(seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    target = torch.rand(6, 4, generator=generator, dtype=torch.float64)
    return logits, target / target.sum(1, keepdim=True)


def by_loop(logits, target, class_weight):
    losses = []
    for z, q in zip(logits.tolist(), target.tolist(), strict=True):
        total = sum(math.exp(v) for v in z)
        terms = zip(q, z, class_weight, strict=True)
        losses.append(-sum(w * t * math.log(math.exp(v) / total) for t, v, w in terms))
    return losses


def test_a2_soft_cross_entropy() -> None:
    logits, target = draws()
    expected = by_loop(logits, target, [1.0] * 4)
    assert soft_cross_entropy(logits, target).tolist() == pytest.approx(expected)
    assert cross_entropy_of_probs(logits.softmax(-1), target).tolist() == pytest.approx(expected)


def test_probability_zero_is_finite() -> None:
    loss = cross_entropy_of_probs(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
    assert loss.item() == pytest.approx(-math.log(1e-12), rel=1e-5)


def test_b12_class_weight_multiplies_each_class_term() -> None:
    logits, target = draws(1)
    weight = [0.5, 2.0, 1.0, 3.0]
    answer = soft_cross_entropy(logits, target, class_weight=torch.tensor(weight).double())
    assert answer.tolist() == pytest.approx(by_loop(logits, target, weight))


def test_a8_weights_and_logit_scale() -> None:
    logits, target = draws(2)
    weight = torch.tensor([1, 0, 0.5, 2, 1, 1], dtype=torch.float64)
    scale = torch.tensor([1, 1, 2, 0.5, 0, 1], dtype=torch.float64)
    decision = Decision(target, weight, torch.zeros(()), scale)
    expected = by_loop(logits * scale[:, None], target, [1.0] * 4)
    answer = weighted_cross_entropy(logits, decision).tolist()
    weighted = [w * f for w, f in zip(weight.tolist(), expected, strict=True)]
    assert answer == pytest.approx(weighted)


def test_b12_class_weights() -> None:
    # N = 6, K = 3, counts 3, 2, 1.
    given = torch.tensor([0, 0, 0, 1, 1, 2, -1])
    assert class_weights(given, "abc").tolist() == pytest.approx([6 / 9, 6 / 6, 6 / 3])


def test_a_class_without_samples_has_no_weight() -> None:
    with pytest.raises(FerkitError, match=r"class_weights: no labelled training sample of b, d"):
        class_weights(torch.tensor([0, 2]), "abcd")
