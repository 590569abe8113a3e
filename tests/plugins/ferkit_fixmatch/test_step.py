"""FixMatch's step on given outputs, against its equations written out."""

from __future__ import annotations

import torch
from ferkit_basics.confidence import ConfidenceWeighting
from ferkit_basics.hard import HardTargets
from ferkit_fixmatch.loop import make_fixmatch
from ferkit_fixmatch.params import FixMatchParams
from torch.nn.functional import cross_entropy

from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.training.job import PolicyChain


def outputs() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    return {
        "labelled.weak": torch.randn(3, 4, generator=generator),
        "unlabelled.weak": torch.randn(6, 4, generator=generator) * 4,
        "unlabelled.strong": torch.randn(6, 4, generator=generator),
    }


def step(logits, *, threshold: float = 0.95, weight: float = 1.0):
    params = FixMatchParams(ratio=2, weight=weight)
    chain = PolicyChain([HardTargets()], [ConfidenceWeighting(threshold)])
    given = torch.tensor([0, 3, 1])
    loop = make_fixmatch(params, Context(seed=0))
    return given_step(loop, given=given, logits=logits, unlabelled=chain), given


def test_equals_the_equations() -> None:
    logits = outputs()
    found, given = step(logits, threshold=0.9, weight=0.5)
    weak, strong = logits["unlabelled.weak"].softmax(-1), logits["unlabelled.strong"]
    supervised = cross_entropy(logits["labelled.weak"], given)
    used, consistency = 0, 0.0
    for one, answer in zip(weak, strong, strict=True):
        sure, label = one.max(-1)
        if sure >= 0.9:
            used += 1
            consistency += cross_entropy(answer[None], label[None]).item()
    assert 0 < used < 6
    expected = supervised.item() + 0.5 * consistency / 6  # of all, not of those that count
    assert abs(found.loss.item() - expected) < 1e-6


def test_nothing_is_learnt_on_the_weak_view_nor_of_unsure_samples() -> None:
    logits = outputs()
    found, _ = step(logits, threshold=0.9)
    found.loss.backward()
    gradient = found.logits.grad
    assert not gradient[found.rows["unlabelled.weak"]].any()
    sure = logits["unlabelled.weak"].softmax(-1).amax(-1) >= 0.9
    assert torch.equal(gradient[found.rows["unlabelled.strong"]].any(-1), sure)


def test_a_threshold_of_zero_takes_all_by_hand() -> None:
    logits = {
        "labelled.weak": torch.tensor([[0.0, 0.0]]),
        "unlabelled.weak": torch.tensor([[0.0, 1.0], [3.0, 0.0]]),
        "unlabelled.strong": torch.tensor([[0.0, 0.0], [0.0, 0.0]]),
    }
    loop = make_fixmatch(FixMatchParams(), Context())
    chain = PolicyChain([HardTargets()], [ConfidenceWeighting(0.0)])
    found = given_step(loop, given=torch.tensor([1]), logits=logits, unlabelled=chain)
    torch.testing.assert_close(found.loss, torch.tensor(2 * 0.6931472))
    assert found.scalars["unlabelled_loss"].item() > 0.69
