"""The checks of loops and policies find what they are there for."""

from __future__ import annotations

import pytest
import torch

from ferkit.contracts.policies import Targets, Weights
from ferkit.contracts.training import EpochPlan, Phase, StepResult
from ferkit.testing import check_label_update, check_sample_weighting, check_ssl_loop
from ferkit.testing.given_step import given_step
from ferkit.training.losses import soft_cross_entropy
from ferkit.training.plans import mixed_batches


class Loop:
    """Labelled samples alone, and a pool that a test chooses."""

    networks = 1

    def __init__(self, pool=None, *, part: float = 1.0) -> None:
        self.pool, self.part = pool, part
        self.views = {"labelled": ("weak",), "unlabelled": ()}

    def phases(self):
        return (Phase("only", 1, keep="last", unlabelled_part=self.part),)

    def plan_epoch(self, phase, sizes, beliefs, *, batch_size, epoch, generator):
        ids = torch.arange(sizes.labelled)
        batches = mixed_batches(ids, ids[:0], batch_size=batch_size, generator=generator)
        return EpochPlan(batches, {}, self.pool)

    def step(self, batch, parts):
        student = parts.predict(batch.labelled.views["weak"])
        target = torch.full_like(student.logits, 1 / 3)
        return StepResult(soft_cross_entropy(student.logits, target).mean(), {})


class Update:
    every = "epoch"

    def __init__(self, **told) -> None:
        self.told = told

    def update(self, beliefs, progress):
        return Targets(beliefs.targets)

    def scalars(self):
        return self.told


def test_good_ones_pass() -> None:
    check_ssl_loop(lambda context: Loop(torch.tensor([3, 1]), part=0.5))
    check_label_update(lambda context: Update(count=3, share=0.5, mean=torch.tensor(1.0)))


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        (Loop(torch.tensor([0.0])), r"the pool is torch\.float32, not ids"),
        (Loop(torch.tensor([[0]])), r"the pool is \(1, 1\), not \(n,\)"),
        (Loop(torch.tensor([12])), "no such sample id as in the pool"),
        (Loop(part=0.0), r"unlabelled_part of phase 'only' is 0\.0, not in \(0, 1\]"),
    ],
)
def test_loops(loop: Loop, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_ssl_loop(lambda context: loop)


def test_scalars_are_numbers() -> None:
    with pytest.raises(AssertionError, match="moved in scalars is 'yes', not a number"):
        check_label_update(lambda context: Update(moved="yes"))


class Attending:
    every = "step"

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def make_module(self, dim: int, classes: int) -> torch.nn.Module:
        self.module = torch.nn.Linear(dim, 1)
        return self.module

    def scale_logits(self, features):
        return self.factor * self.module(features).sigmoid().flatten()

    def weigh(self, beliefs, targets, progress):
        assert beliefs.total == len(beliefs.ids)
        return Weights(torch.ones(len(targets)), self.module.weight.sum())


def test_a_weighting_that_learns_and_scales() -> None:
    check_sample_weighting(lambda context: Attending(2.0))
    with pytest.raises(AssertionError, match="a factor that is not above 0"):
        check_sample_weighting(lambda context: Attending(-1.0))


class SideBySide(Loop):
    """Two networks, and the last layer of the first one."""

    networks = 2

    def step(self, batch, parts):
        both = [parts.predict(batch.labelled.views["weak"], network=number) for number in (0, 1)]
        told = parts.label(batch.labelled.views["weak"], network=1)
        own = parts.classify(both[0].features).sum()
        return StepResult(both[0].logits.sum() + 2 * both[1].logits.sum() + own, {"told": told[0]})


def test_a_given_step_of_two_networks() -> None:
    head = torch.nn.Linear(2, 2)
    first, second = torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 50.0]])
    found = given_step(
        SideBySide(),
        given=torch.tensor([0]),
        logits={"labelled.weak": first},
        further=[{"labelled.weak": second}],
        head=head,
    )
    found.loss.backward()
    torch.testing.assert_close(found.loss, 3 + 100 + head.bias.sum())
    assert found.logits.grad.unique().item() == 1
    assert found.further[0].grad.unique().item() == 2
    torch.testing.assert_close(found.scalars["told"], torch.tensor([0.0, 1.0]))
