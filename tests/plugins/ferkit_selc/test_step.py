"""SELC's step on given outputs, against its equation written out."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_basics.fixed import FixedTargets
from ferkit_basics.params import SupervisedParams
from ferkit_basics.supervised import make_supervised
from ferkit_selc.label_update import SelcTargets, make_selc
from ferkit_selc.params import SelcParams

from ferkit.contracts.policies import Progress
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.testing.policy import random_beliefs
from ferkit.training.job import PolicyChain

GIVEN = [0, 3, 1, 2, 0]


def update(**params) -> SelcTargets:
    return make_selc(SelcParams(**params), Context())


def at(epoch: int) -> Progress:
    return Progress("phase", 0, epoch, 30, epoch * 3, 90, ())


def softmax(row: list[float]) -> list[float]:
    total = sum(math.exp(value) for value in row)
    return [math.exp(value) / total for value in row]


def run(policy: SelcTargets, logits, epoch: int, *before) -> float:
    found = given_step(
        make_supervised(SupervisedParams(), Context()),
        given=torch.tensor(GIVEN),
        logits={"labelled.weak": logits},
        labelled=PolicyChain([*before, policy], []),
        progress=at(epoch),
    )
    return found.loss.item()


@pytest.mark.parametrize("alpha", [0.9, 0.6, 0.0, 1.0])
def test_epochs_before_and_after_the_turning_equal_the_published_ones(alpha) -> None:
    policy = update(turning=2, momentum=alpha)
    labels = [[float(k == label) for k in range(4)] for label in GIVEN]
    for epoch in range(6):
        logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(epoch)) * 2
        expected = 0.0
        for row, label in zip(logits.double().tolist(), labels, strict=True):
            own = softmax(row)
            if epoch >= 2:
                for k in range(4):
                    label[k] = alpha * label[k] + (1 - alpha) * own[k]
            expected -= sum(t * math.log(p) for t, p in zip(label, own, strict=True)) / 5
        assert abs(run(policy, logits, epoch) - expected) < 1e-6


def test_by_hand() -> None:
    policy = update(turning=0, momentum=0.5)
    beliefs = random_beliefs(0)._replace(
        ids=torch.tensor([4]),
        given=torch.tensor([1]),
        probs=torch.tensor([[0.8, 0.2]]),
        targets=torch.tensor([[0.0, 1.0]]),
        total=6,
    )
    said = [policy.update(beliefs, at(0)).target[0].tolist() for _ in range(3)]
    assert said[0] == pytest.approx([0.4, 0.6])
    assert said[1] == pytest.approx([0.6, 0.4])
    assert said[2] == pytest.approx([0.7, 0.3])
    assert policy.scalars()["relabelled"].item() == 1


def test_a_label_begins_as_what_it_is_handed() -> None:
    policy = update(turning=0, momentum=0.75)
    logits = torch.zeros(5, 4)
    run(policy, logits, 0, FixedTargets(eps=0.3))
    labels = policy.state_dict()["labels"]
    # .7 on the label and .1 on each other class, then a quarter of equal probabilities.
    assert labels[1].tolist() == pytest.approx([0.1375, 0.1375, 0.1375, 0.5875])


def test_a_later_phase_begins_with_the_given_labels_again() -> None:
    policy = update(turning=1, momentum=0.5)
    logits = torch.tensor([[2.0, 0.0, 0.0, 0.0]] * 5)
    run(policy, logits, 1)
    moved = policy.state_dict()["labels"].clone()
    run(policy, logits, 0)
    assert policy.state_dict() == {}
    run(policy, logits, 1)
    assert torch.equal(policy.state_dict()["labels"], moved)


def test_of_a_sample_that_is_twice_in_a_step_the_last_counts() -> None:
    policy = update(turning=0, momentum=0.5)
    beliefs = random_beliefs(0)._replace(ids=torch.tensor([2] * 12), total=3)
    said = policy.update(beliefs, at(0)).target
    begun = beliefs.targets
    torch.testing.assert_close(said, 0.5 * begun + 0.5 * beliefs.probs[11])
    assert policy.state_dict()["labels"].shape == (3, 4)


def test_unlabelled_samples_begin_as_they_are_predicted() -> None:
    policy = update(turning=0, momentum=0.9)
    first, second = (random_beliefs(seed, labelled=False) for seed in (0, 1))
    assert torch.allclose(policy.update(first, at(0)).target, first.probs)
    said = policy.update(second, at(0)).target
    torch.testing.assert_close(said, 0.9 * first.probs + 0.1 * second.probs)
    assert policy.scalars()["relabelled"].item() == 0


def test_no_samples() -> None:
    policy = update(turning=0)
    beliefs = random_beliefs(0)
    empty = beliefs._replace(
        ids=beliefs.ids[:0],
        given=beliefs.given[:0],
        probs=beliefs.probs[:0],
        targets=beliefs.targets[:0],
        total=12,
    )
    assert policy.update(empty, at(3)).target.shape == (0, 4)
    assert float(policy.scalars()["relabelled"]) == 0
