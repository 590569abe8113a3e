"""The Pi-model's step on given outputs, against algorithm 1 written out."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_basics.confidence import ConfidenceWeighting
from ferkit_basics.hard import HardTargets
from ferkit_pi_model.loop import make_pi_model
from ferkit_pi_model.params import PiModelParams
from torch.nn.functional import cross_entropy

from ferkit.contracts.policies import Progress
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.training.job import PolicyChain


def outputs(view: str = "weak") -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    sizes = {
        "labelled.weak": 3,
        "labelled.weak2": 3,
        "unlabelled.weak2": 6,
        f"unlabelled.{view}": 6,
    }
    return {name: torch.randn(n, 4, generator=generator) * 2 for name, n in sizes.items()}


def step(logits, *, at: int = 99, chain: PolicyChain | None = None, given=(0, 3, 1), **params):
    return given_step(
        make_pi_model(PiModelParams(**params), Context(seed=0)),
        given=torch.tensor(given),
        logits=logits,
        unlabelled=chain,
        progress=Progress("pi_model", 0, 0, 1, at, 100, ()),
    )


def of_paper(logits: torch.Tensor, rows, *, w_max: float, learnt: str = "weak") -> torch.Tensor:
    """Algorithm 1: both sums divided by all samples of the step, w(t) = w_max M/N, t at its end."""
    z = torch.cat([logits[rows["labelled.weak"]], logits[rows[f"unlabelled.{learnt}"]]])
    again = torch.cat([logits[rows["labelled.weak2"]], logits[rows["unlabelled.weak2"]]])
    samples, classes = z.shape
    loss = torch.zeros(())
    for i, label in enumerate((0, 3, 1)):
        loss = loss - z[i].softmax(-1)[label].log() / samples
    weight = w_max * 3 / samples
    for i in range(samples):
        for k in range(classes):
            difference = z[i].softmax(-1)[k] - again[i].softmax(-1)[k]
            loss = loss + weight * difference**2 / (classes * samples)
    return loss


@pytest.mark.parametrize("learnt", ["weak", "strong"])
def test_equals_algorithm_1_and_its_gradient(learnt: str) -> None:
    found = step(outputs(learnt), weight=100.0, learnt=learnt)
    leaf = found.logits.detach().clone().requires_grad_()
    share = 3 / 9  # of labelled samples: the paper divides both sums by all
    expected = of_paper(leaf, found.rows, w_max=100.0, learnt=learnt)
    torch.testing.assert_close(share * found.loss, expected, rtol=0, atol=1e-6)
    (share * found.loss).backward()
    expected.backward()
    torch.testing.assert_close(found.logits.grad, leaf.grad, rtol=0, atol=1e-6)
    assert leaf.grad.any(-1).all()  # of both views of all samples


def test_unlabelled_samples_alone() -> None:
    logits = outputs()
    found = step(logits, weight=2.0, labelled_too=False)
    one, other = (logits[f"unlabelled.{view}"].softmax(-1) for view in ("weak", "weak2"))
    supervised = cross_entropy(logits["labelled.weak"], torch.tensor([0, 3, 1]))
    expected = supervised + 2 * ((one - other) ** 2).sum() / 24
    torch.testing.assert_close(found.loss, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("at", "factor"), [(0, math.exp(-5)), (25, math.exp(-1.25)), (50, 1.0), (80, 1.0)]
)
def test_the_factor_rises_as_a_bell(at: int, factor: float) -> None:
    logits = outputs()
    found = step(logits, at=at, weight=3.0, ramp_share=0.5)
    expected = found.scalars["labelled_loss"] + 3 * factor * found.scalars["unlabelled_loss"]
    torch.testing.assert_close(found.loss, expected)


def test_by_hand() -> None:
    logits = {
        "labelled.weak": torch.tensor([[0.0, 0.0]]),
        "unlabelled.weak2": torch.tensor([[0.0, math.log(3.0)]]),
        "unlabelled.weak": torch.tensor([[0.0, 0.0]]),
    }
    found = step(logits, weight=8.0, labelled_too=False, given=(0,))
    # (.5 - .25)^2 for both classes: 1/16 on average.
    torch.testing.assert_close(found.loss, torch.tensor(math.log(2) + 0.5))


def test_policies_decide_on_the_second_view_and_a_changed_target_has_no_gradient() -> None:
    logits = outputs()
    chain = PolicyChain([HardTargets()], [ConfidenceWeighting(0.6)])
    found = step(logits, weight=1.0, labelled_too=False, chain=chain)
    expected = 0.0
    for z, again in zip(logits["unlabelled.weak"], logits["unlabelled.weak2"], strict=True):
        said = again.softmax(-1)
        if said.max() >= 0.6:
            hard = torch.zeros(4)
            hard[said.argmax()] = 1
            expected += ((z.softmax(-1) - hard) ** 2).mean().item()
    assert abs(found.scalars["unlabelled_loss"].item() - expected / 6) < 1e-6
    found.loss.backward()
    assert not found.logits.grad[found.rows["unlabelled.weak2"]].any()


def test_without_unlabelled_samples() -> None:
    logits = {name: each for name, each in outputs().items() if name.startswith("labelled")}
    alone = step(logits, weight=1.0)
    one, other = (logits[name].softmax(-1) for name in ("labelled.weak", "labelled.weak2"))
    expected = cross_entropy(logits["labelled.weak"], torch.tensor([0, 3, 1]))
    torch.testing.assert_close(alone.loss, expected + ((one - other) ** 2).mean())
    found = step({"labelled.weak": logits["labelled.weak"]}, labelled_too=False)
    torch.testing.assert_close(found.loss, expected)
