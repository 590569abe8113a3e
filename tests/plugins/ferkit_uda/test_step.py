"""UDA's step on given outputs, against its objective written out."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_basics.confidence import ConfidenceWeighting
from ferkit_uda.loop import make_uda
from ferkit_uda.params import UdaParams
from ferkit_uda.sharpen import SharpenedTargets
from ferkit_uda.signal_annealing import SignalAnnealing

from ferkit.contracts.policies import Progress
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.training.job import PolicyChain

GIVEN = (0, 3, 1, 2)


def outputs() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(6)
    sizes = {"labelled.weak": 4, "unlabelled.weak": 8, "unlabelled.strong": 8}
    return {name: torch.randn(n, 4, generator=generator) * 2 for name, n in sizes.items()}


def step(logits, *, at: int = 50, annealing: str | None = None, given=GIVEN, **params):
    labelled = PolicyChain((), [SignalAnnealing(annealing)] if annealing else [])
    return given_step(
        make_uda(UdaParams(**params), Context(seed=0)),
        given=torch.tensor(given),
        logits=logits,
        labelled=labelled,
        unlabelled=PolicyChain([SharpenedTargets(0.4)], [ConfidenceWeighting(0.8)]),
        progress=Progress("uda", 0, 0, 1, at, 100, ()),
    )


def written_out(logits, *, eta: float, factor: float) -> float:
    total, kept = 0.0, 0
    for one, label in zip(logits["labelled.weak"].double(), GIVEN, strict=True):
        p = one.softmax(-1)[label].item()
        if p <= eta:
            total, kept = total - math.log(p), kept + 1
    supervised = total / max(kept, 1)
    consistency = 0.0
    pairs = zip(logits["unlabelled.weak"], logits["unlabelled.strong"], strict=True)
    for weak, strong in pairs:
        if weak.double().softmax(-1).max() > 0.8:
            target = (weak.double() / 0.4).softmax(-1)  # a temperature of the logits
            consistency -= (target * strong.double().log_softmax(-1)).sum().item()
    return supervised + factor * consistency / len(logits["unlabelled.weak"])


@pytest.mark.parametrize("annealing", [None, "linear", "log", "exp"])
@pytest.mark.parametrize("at", [0, 50])
def test_equals_the_objective(annealing: str | None, at: int) -> None:
    logits = outputs()
    found = step(logits, at=at, annealing=annealing, weight=0.7)
    t = at / 100
    alpha = {None: 1.0, "linear": t, "log": 1 - math.exp(-5 * t), "exp": math.exp(5 * (t - 1))}
    expected = written_out(logits, eta=0.25 + 0.75 * alpha[annealing], factor=0.7)
    assert abs(found.loss.item() - expected) < 1e-6


def test_the_case_is_not_trivial() -> None:
    logits = outputs()
    sure = logits["unlabelled.weak"].softmax(-1).amax(-1) > 0.8
    assert 0 < sure.sum() < 8
    right = logits["labelled.weak"].softmax(-1)[range(4), GIVEN]
    assert 0 < (right <= 0.625).sum() < 4  # linear at half of the steps


def test_nothing_is_learnt_of_the_weak_view_nor_of_what_is_unsure() -> None:
    logits = outputs()
    found = step(logits, annealing="linear")
    found.loss.backward()
    gradient = found.logits.grad
    assert not gradient[found.rows["unlabelled.weak"]].any()
    sure = logits["unlabelled.weak"].softmax(-1).amax(-1) > 0.8
    assert torch.equal(gradient[found.rows["unlabelled.strong"]].any(-1), sure)
    right = logits["labelled.weak"].softmax(-1)[range(4), GIVEN]
    assert torch.equal(gradient[found.rows["labelled.weak"]].any(-1), right <= 0.625)


def test_annealing_may_leave_no_labelled_sample() -> None:
    logits = {"labelled.weak": torch.tensor([[9.0, 0.0]])}
    found = step(logits, at=0, annealing="linear", given=(0,))
    assert found.loss.item() == 0
