"""Pseudo-label's step on given outputs, against Lee's eq. 14 to 16 written out."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_basics.confidence import ConfidenceWeighting
from ferkit_basics.hard import HardTargets
from ferkit_pseudo_label.loop import make_pseudo_label
from ferkit_pseudo_label.params import PseudoLabelParams

from ferkit.contracts.policies import Progress
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.training.job import PolicyChain


def outputs() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    return {
        "labelled.weak": torch.randn(3, 4, generator=generator),
        "unlabelled.weak": torch.randn(6, 4, generator=generator) * 4,
    }


def step(logits, *, threshold: float = 0.95, at: int = 0, given=(0, 3, 1), **params):
    chain = PolicyChain([HardTargets()], [ConfidenceWeighting(threshold)])
    return given_step(
        make_pseudo_label(PseudoLabelParams(**params), Context(seed=0)),
        given=torch.tensor(given),
        logits=logits,
        unlabelled=chain,
        progress=Progress("pseudo_label", 0, 0, 1, at, 100, ()),
    )


def written_out(logits, given, *, threshold: float, alpha: float) -> float:
    supervised = 0.0
    for one, label in zip(logits["labelled.weak"].tolist(), given, strict=True):
        supervised -= one[label] - math.log(sum(map(math.exp, one)))
    consistency = 0.0
    for one in logits["unlabelled.weak"].tolist():
        total = sum(map(math.exp, one))
        surest = max(math.exp(z) / total for z in one)
        if surest >= threshold:
            consistency -= math.log(surest)
    return supervised / len(given) + alpha * consistency / len(logits["unlabelled.weak"])


@pytest.mark.parametrize("threshold", [0.0, 0.9])
@pytest.mark.parametrize(("at", "alpha"), [(9, 0.0), (10, 0.0), (35, 1.5), (60, 3.0), (99, 3.0)])
def test_equals_the_equations(threshold: float, at: int, alpha: float) -> None:
    logits = outputs()
    found = step(
        logits,
        threshold=threshold,
        at=at,
        weight=3.0,
        ramp="linear",
        ramp_start=0.1,
        ramp_share=0.5,
    )
    expected = written_out(logits, (0, 3, 1), threshold=threshold, alpha=alpha)
    assert abs(found.loss.item() - expected) < 1e-6
    if threshold:
        sure = logits["unlabelled.weak"].softmax(-1).amax(-1) >= threshold
        assert 0 < sure.sum() < 6


def test_learns_on_the_view_that_it_predicts_and_only_what_is_sure() -> None:
    logits = outputs()
    found = step(logits, threshold=0.9, ramp="none")
    found.loss.backward()
    sure = logits["unlabelled.weak"].softmax(-1).amax(-1) >= 0.9
    assert torch.equal(found.logits.grad[found.rows["unlabelled.weak"]].any(-1), sure)


def test_by_hand_with_two_classes_and_one_sample_each() -> None:
    logits = {
        "labelled.weak": torch.tensor([[0.0, 0.0]]),
        "unlabelled.weak": torch.tensor([[0.0, math.log(3.0)]]),
    }
    found = step(logits, threshold=0.75, ramp="none", weight=2.0, given=(1,))
    # log 2 for the labelled one; .75 is just enough: -log .75 for the other.
    torch.testing.assert_close(found.loss, torch.tensor(math.log(2) - 2 * math.log(0.75)))
    torch.testing.assert_close(
        step(logits, threshold=0.76, ramp="none", given=(1,)).loss, torch.tensor(math.log(2))
    )


def test_without_unlabelled_samples_the_labelled_loss_is_left() -> None:
    logits = {"labelled.weak": torch.zeros(2, 3)}
    found = step(logits, ramp="none", given=(1, 2))
    torch.testing.assert_close(found.loss, torch.tensor(math.log(3)))
    assert set(found.scalars) == {"labelled_loss"}
