"""ELR's step on given outputs, against its equations written out."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_basics.params import SupervisedParams
from ferkit_basics.supervised import make_supervised
from ferkit_elr.equations import elr_penalty, next_average
from ferkit_elr.params import ElrParams
from ferkit_elr.weighting import ElrWeighting, make_elr

from ferkit.errors import RunError
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.testing.policy import progress_at, random_beliefs
from ferkit.training.job import PolicyChain

GIVEN = [0, 3, 1, 2, 0]


def weighting(**params) -> ElrWeighting:
    return make_elr(ElrParams(**params), Context())


def outputs(seed: int, *, samples: int = 5, scale: float = 2.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(samples, 4, generator=generator) * scale


def softmax(row: list[float]) -> list[float]:
    total = sum(math.exp(value) for value in row)
    return [math.exp(value) / total for value in row]


def published_step(logits, given, averages, *, factor, beta):
    """CE + lambda log(1 - <p, t>), means over the batch; moves `averages`. In Python's floats."""
    loss = 0.0
    for row, label, average in zip(logits, given, averages, strict=True):
        own = softmax(row)
        bounded = [min(max(p, 1e-4), 1 - 1e-4) for p in own]
        for k, p in enumerate(bounded):
            average[k] = beta * average[k] + (1 - beta) * p / sum(bounded)
        inner = sum(p * t for p, t in zip(bounded, average, strict=True))
        loss += -math.log(own[label]) + factor * math.log(1 - inner)
    return loss / len(given)


@pytest.mark.parametrize(("factor", "momentum"), [(3.0, 0.7), (7.0, 0.9), (0.5, 0.0)])
def test_three_steps_equal_the_published_ones(factor, momentum) -> None:
    policy = weighting(factor=factor, momentum=momentum)
    loop = make_supervised(SupervisedParams(), Context())
    averages = [[0.0] * 4 for _ in GIVEN]
    for step in range(3):
        logits = outputs(step)
        found = given_step(
            loop,
            given=torch.tensor(GIVEN),
            logits={"labelled.weak": logits},
            labelled=PolicyChain([], [policy]),
        )
        expected = published_step(
            logits.double().tolist(), GIVEN, averages, factor=factor, beta=momentum
        )
        assert abs(found.loss.item() - expected) < 1e-6 * max(1, abs(expected))


def test_the_gradient_is_the_papers() -> None:
    """p - y + lambda g, g_c = p_c / (1 - <p, t>) * sum_k (t_k - t_c) p_k, over n samples."""
    policy = weighting(factor=3)
    found = given_step(
        make_supervised(SupervisedParams(), Context()),
        given=torch.tensor(GIVEN),
        logits={"labelled.weak": outputs(0, scale=1.0)},
        labelled=PolicyChain([], [policy]),
    )
    found.loss.backward()
    averages = policy.state_dict()["average"].tolist()
    for row, label, average, got in zip(
        outputs(0, scale=1.0).tolist(), GIVEN, averages, found.logits.grad.tolist(), strict=True
    ):
        p = softmax(row)
        inner = sum(a * b for a, b in zip(p, average, strict=True))
        for c in range(4):
            pull = sum((average[k] - average[c]) * p[k] for k in range(4))
            expected = p[c] - (c == label) + 3 * p[c] / (1 - inner) * pull
            assert abs(got[c] - expected / len(GIVEN)) < 1e-6


def test_by_hand_two_classes() -> None:
    probs = torch.tensor([[0.8, 0.2]])
    first = next_average(torch.zeros(1, 2), probs, 0.5)
    torch.testing.assert_close(first, torch.tensor([[0.4, 0.1]]))
    second = next_average(first, torch.tensor([[0.6, 0.4]]), 0.5)
    torch.testing.assert_close(second, torch.tensor([[0.5, 0.25]]))
    # 1 - (.8 * .5 + .2 * .25) = .55
    assert elr_penalty(probs, second).item() == pytest.approx(math.log(0.55))


def test_a_sample_without_doubt_stays_finite_and_has_no_gradient() -> None:
    logits = torch.tensor([[80.0, 0.0, -5.0], [0.0, 0.0, 0.0]], requires_grad=True)
    probs = logits.softmax(-1)
    average = torch.zeros(2, 3)
    for _ in range(200):
        average = next_average(average, probs, 0.7)
    penalty = elr_penalty(probs, average)
    assert math.isfinite(penalty.item())
    penalty.backward()
    assert not logits.grad[0].any()
    assert bool(torch.isfinite(logits.grad).all())


def test_a_sample_that_is_twice_in_a_step_counts_as_its_last_copy() -> None:
    policy = weighting(momentum=0.5)
    beliefs = random_beliefs(0)._replace(ids=torch.tensor([3] * 6 + [5] * 6), total=8)
    policy.weigh(beliefs, beliefs.targets, progress_at(0))
    table = policy.state_dict()["average"]
    expected = next_average(torch.zeros(2, 4), beliefs.student_probs[[5, 11]], 0.5)
    torch.testing.assert_close(table[[3, 5]], expected)
    assert table.shape == (8, 4)
    assert not table[[0, 1, 2, 4, 6, 7]].any()


def test_no_samples_no_penalty() -> None:
    policy = weighting()
    beliefs = random_beliefs(0)
    empty = beliefs._replace(
        **{
            name: getattr(beliefs, name)[:0]
            for name in ("ids", "given", "given_probs", "probs", "targets", "losses")
        },
        student_probs=beliefs.student_probs[:0],
        total=12,
    )
    said = policy.weigh(empty, empty.targets, progress_at(0))
    assert said.penalty.item() == 0
    assert said.weight.shape == (0,)
    assert policy.scalars() == {}


def test_the_mean_may_be_of_the_labelling_network() -> None:
    beliefs = random_beliefs(1, labelled=False)
    tables = {}
    for average in ("student", "labeller"):
        policy = weighting(average=average, momentum=0)
        said = policy.weigh(beliefs, beliefs.targets, progress_at(0))
        tables[average] = policy.state_dict()["average"]
        assert said.weight.tolist() == [1.0] * 12
    torch.testing.assert_close(tables["student"], beliefs.student_probs, rtol=0, atol=2e-3)
    torch.testing.assert_close(tables["labeller"], beliefs.probs, rtol=0, atol=2e-3)
    assert not torch.equal(tables["student"], tables["labeller"])


def test_what_it_says_of_a_step() -> None:
    policy = weighting(factor=5, momentum=0.5)
    beliefs = random_beliefs(0)
    said = policy.weigh(beliefs, beliefs.targets, progress_at(0))
    told = policy.scalars()
    assert said.penalty.item() == pytest.approx(5 * told["elr_penalty"].item())
    average = policy.state_dict()["average"]
    inner = (average * beliefs.student_probs).sum(1).mean().item()
    assert told["elr_agreement"].item() == pytest.approx(inner, abs=1e-3)


def test_a_loop_without_the_students_predictions_is_told() -> None:
    beliefs = random_beliefs(0)._replace(student_probs=None)
    with pytest.raises(RunError, match="'elr' acts on what the student predicts in a step"):
        weighting().weigh(beliefs, beliefs.targets, progress_at(0))
