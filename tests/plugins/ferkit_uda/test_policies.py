"""Sharpening and training signal annealing, by hand."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_basics.confidence import ConfidenceWeighting
from ferkit_uda.sharpen import SharpenedTargets, sharpened
from ferkit_uda.signal_annealing import SignalAnnealing, annealed, annealing_threshold

from ferkit.contracts.policies import Progress
from ferkit.testing.policy import progress_at, random_beliefs
from ferkit.training.job import PolicyChain
from ferkit.training.policies import SplitPolicies


def test_sharpening_by_hand() -> None:
    found = sharpened(torch.tensor([[0.8, 0.2], [0.5, 0.5], [1.0, 0.0]]), 0.5)
    expected = torch.tensor([[0.64 / 0.68, 0.04 / 0.68], [0.5, 0.5], [1.0, 0.0]])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.0])
def test_is_the_temperature_of_a_softmax(temperature: float) -> None:
    logits = torch.randn(20, 7, generator=torch.Generator().manual_seed(0)) * 5
    expected = (logits / temperature).softmax(-1)
    found = sharpened(logits.softmax(-1), temperature)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_a_low_temperature_neither_overflows_nor_divides_by_zero() -> None:
    found = sharpened(torch.tensor([[0.34, 0.33, 0.33], [0.5, 0.5, 0.0]]), 1e-3)
    torch.testing.assert_close(found, torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]))


def test_the_threshold_sees_what_was_predicted_and_not_what_is_sharpened() -> None:
    chain = PolicyChain([SharpenedTargets(0.4)], [ConfidenceWeighting(0.8)])
    policies = SplitPolicies(
        "unlabelled",
        chain,
        given=torch.full((2,), -1),
        given_probs=torch.zeros(2, 2),
        device=torch.device("cpu"),
    )
    policies.begin(progress_at(0), adaptive=True)
    probs = torch.tensor([[0.7, 0.3], [0.2, 0.8]])
    decision, beliefs = policies.decide(
        torch.arange(2), probs=probs, student=None, progress=progress_at(0), adaptive=True
    )
    assert decision.weight.tolist() == [0.0, 1.0]  # sharpened, .7 would be .89
    assert decision.target[0, 0] > 0.85
    assert torch.equal(beliefs.probs, probs)


@pytest.mark.parametrize("schedule", ["linear", "log", "exp"])
def test_the_threshold_rises_from_chance_to_certainty(schedule: str) -> None:
    values = [annealing_threshold(schedule, t=t / 10, classes=5) for t in range(11)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(0.2, abs=0.006)  # .8 exp(-5) at most
    assert values[-1] == pytest.approx(1.0, abs=0.006)


def test_thresholds_by_hand() -> None:
    assert annealing_threshold("linear", t=0.5, classes=2) == pytest.approx(0.75)
    assert annealing_threshold("log", t=0.2, classes=2) == pytest.approx(1 - 0.5 * math.exp(-1))
    assert annealing_threshold("exp", t=0.8, classes=2) == pytest.approx(0.5 + 0.5 * math.exp(-1))


def test_weights_make_a_mean_over_those_that_are_learnt() -> None:
    probs = torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.1, 0.9], [0.75, 0.25]])
    given = torch.tensor([0, 1, 0, 0])
    found = annealed(probs, given, 0.75)  # of the given class: .9, .4, .1, and .75 at the border
    torch.testing.assert_close(found, torch.tensor([0.0, 4 / 3, 4 / 3, 4 / 3]))
    # It is the given class that counts, however sure another one is.
    assert annealed(probs, torch.ones(4, dtype=torch.int64), 0.5)[0] > 0
    assert annealed(probs, given, 0.05).tolist() == [0.0] * 4
    assert annealed(probs, torch.full((4,), -1), 0.05).tolist() == [1.0] * 4


def test_it_looks_at_the_student_and_says_what_it_did() -> None:
    beliefs = random_beliefs(1)
    policy = SignalAnnealing("linear")
    at = Progress("phase", 0, 0, 1, 40, 80, ())
    weight = policy.weigh(beliefs, beliefs.targets, at).weight
    right = beliefs.student_probs.gather(1, beliefs.given[:, None])[:, 0]
    assert torch.equal(weight > 0, right <= 0.25 + 0.75 * 0.5)
    assert policy.scalars()["annealing_threshold"] == pytest.approx(0.625)
    assert policy.scalars()["annealing_used"] == (weight > 0).float().mean()
    # A run of fewer steps than was thought goes on with certainty.
    late = policy.weigh(beliefs, beliefs.targets, at._replace(step=100)).weight
    assert (late == 1).all()
