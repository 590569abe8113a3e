"""FreeMatch's thresholds, penalty and step, against hand-worked numbers and plain loops."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_basics.hard import HardTargets
from ferkit_fixmatch.loop import make_fixmatch
from ferkit_fixmatch.params import FixMatchParams
from ferkit_freematch.equations import class_shares, class_thresholds, fairness_penalty
from ferkit_freematch.freematch import make_freematch
from ferkit_freematch.params import FreeMatchParams
from torch.nn.functional import cross_entropy

from ferkit.contracts.policies import Beliefs, Progress
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.training.job import PolicyChain

AT = Progress("phase", 0, 0, 1, 0, 100, ())


def made(**params):
    return make_freematch(FreeMatchParams(**params), Context())


def weigh(weighting, probs, *, student=None):
    probs = torch.tensor(probs) if isinstance(probs, list) else probs
    ids = torch.arange(len(probs))
    student = None if student is None else torch.tensor(student)
    beliefs = Beliefs(ids, ids * 0 - 1, probs * 0, probs, probs, probs[:, 0], student)
    return weighting.weigh(beliefs, probs, AT)


def normalised(row: list[float]) -> list[float]:
    return [each / sum(row) for each in row] if sum(row) else row


def test_thresholds_by_hand() -> None:
    found = class_thresholds(torch.tensor(0.8), torch.tensor([0.5, 0.25, 0.25]))
    assert found.tolist() == pytest.approx([0.8, 0.4, 0.4])


def test_a_step_moves_the_averages_before_it_decides() -> None:
    weighting = made(momentum=0.5)
    said = weigh(weighting, [[0.9, 0.1], [0.7, 0.3], [0.55, 0.45], [0.35, 0.65]])
    # confidence .5 * .5 + .5 * .7 = .6; mean (.625, .375) -> (.5625, .4375); shares (.625, .375)
    state = weighting.state_dict()
    assert state["confidence"].item() == pytest.approx(0.6)
    assert state["mean_probs"].tolist() == pytest.approx([0.5625, 0.4375])
    assert state["shares"].tolist() == pytest.approx([0.625, 0.375])
    assert said.weight.tolist() == [1, 1, 0, 1]  # thresholds .6 and .6 * 7/9
    assert weighting.scalars()["threshold_1"].item() == pytest.approx(0.6 * 7 / 9)


def test_the_penalty_by_hand() -> None:
    student = torch.tensor([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
    used = torch.tensor([1.0, 1.0, 0.0])
    mean_probs, shares = torch.tensor([0.6, 0.4]), torch.tensor([0.75, 0.25])
    # p/h (.8, 1.6) -> (1/3, 2/3); the student's mean (.7, .3) over shares (1, 0) -> (1, 0)
    found = fairness_penalty(student, used, mean_probs, shares)
    assert found.item() == pytest.approx(2 / 3 * math.log(1e-12), rel=1e-5)
    found = fairness_penalty(student, torch.ones(3), mean_probs, shares)
    # mean (.5, .5) over (2/3, 1/3): (.75, 1.5) -> (1/3, 2/3)
    assert found.item() == pytest.approx(math.log(1 / 3) / 3 + math.log(2 / 3) * 2 / 3, abs=1e-6)
    assert fairness_penalty(student, used * 0, mean_probs, shares) == 0


@pytest.mark.parametrize("share", [0.05, 0.0])
@pytest.mark.parametrize("classes", [2, 7])
def test_steps_equal_the_equations(share, classes) -> None:
    count, momentum = 9, 0.8
    weighting = made(momentum=momentum, fairness=share)
    chain = PolicyChain([HardTargets()], [weighting])
    loop = make_fixmatch(FixMatchParams(), Context())
    generator = torch.Generator().manual_seed(8)
    general = 1 / classes
    local, histogram = [1 / classes] * classes, [1 / classes] * classes
    partly = 0
    for _ in range(12):
        logits = {
            "labelled.weak": torch.randn(2, classes, generator=generator),
            "unlabelled.weak": torch.randn(count, classes, generator=generator) * 2,
            "unlabelled.strong": torch.randn(count, classes, generator=generator),
        }
        given = torch.tensor([1, 0])
        found = given_step(loop, given=given, logits=logits, unlabelled=chain)
        weak = logits["unlabelled.weak"].softmax(-1).tolist()
        strong = logits["unlabelled.strong"].softmax(-1).tolist()
        labels = [max(range(classes), key=one.__getitem__) for one in weak]
        general = momentum * general + (1 - momentum) * sum(map(max, weak)) / count
        for k in range(classes):
            local[k] = momentum * local[k] + (1 - momentum) * sum(p[k] for p in weak) / count
            histogram[k] = momentum * histogram[k] + (1 - momentum) * labels.count(k) / count
        used = [i for i, k in enumerate(labels) if weak[i][k] >= general * local[k] / max(local)]
        partly += 0 < len(used) < count
        expected = cross_entropy(logits["labelled.weak"], given).item()
        for i in used:
            answer = logits["unlabelled.strong"][i][None]
            expected += cross_entropy(answer, torch.tensor([labels[i]])).item() / count
        if used:
            own = [max(range(classes), key=strong[i].__getitem__) for i in used]
            mean = [sum(strong[i][k] for i in used) / len(used) for k in range(classes)]
            parts = [
                mean[k] / (own.count(k) / len(own)) if own.count(k) else 0.0 for k in range(classes)
            ]
            wanted = normalised([local[k] / histogram[k] for k in range(classes)])
            own_share = normalised(parts)
            expected += share * sum(
                w * math.log(o + 1e-12) for w, o in zip(wanted, own_share, strict=True)
            )
        assert found.loss.item() == pytest.approx(expected, abs=1e-6, rel=1e-6)
    assert partly > 5


def test_the_penalty_has_a_gradient_through_the_strong_view_alone() -> None:
    weighting = made(fairness=1.0, momentum=0.5)
    chain = PolicyChain([HardTargets()], [weighting])
    generator = torch.Generator().manual_seed(1)
    logits = {
        "labelled.weak": torch.randn(2, 3, generator=generator),
        "unlabelled.weak": torch.randn(5, 3, generator=generator) * 3,
        "unlabelled.strong": torch.randn(5, 3, generator=generator),
    }
    loop = make_fixmatch(FixMatchParams(weight=0.0), Context())
    found = given_step(loop, given=torch.tensor([0, 1]), logits=logits, unlabelled=chain)
    found.loss.backward()
    assert not found.logits.grad[found.rows["unlabelled.weak"]].any()
    assert found.logits.grad[found.rows["unlabelled.strong"]].any()
    assert torch.isfinite(found.logits.grad).all()


def test_ablations() -> None:
    probs = [[0.9, 0.05, 0.05], [0.5, 0.3, 0.2], [0.2, 0.6, 0.2]]
    fixed = made(threshold=0.95, momentum=0.5)
    weigh(fixed, probs)
    mean = fixed.state_dict()["mean_probs"]
    told = fixed.scalars()
    assert told["threshold_1"].item() == pytest.approx(0.95 * (mean[1] / mean[0]).item())
    alike = made(per_class=False, momentum=0.5)
    assert weigh(alike, probs).weight.tolist() == [1, 1, 1]  # (1/3 + 2/3) / 2 = .5
    capped = made(limit=0.4, momentum=0.0)
    weigh(capped, probs)
    assert capped.state_dict()["confidence"].item() == pytest.approx(0.4)
    high = made(quantile=1.0, momentum=0.0)
    weigh(high, probs)
    assert high.state_dict()["confidence"].item() == pytest.approx(0.9)
    unfair = made(fairness=0.0)
    assert weigh(unfair, probs, student=probs).penalty == 0
    assert weigh(made(), probs).penalty == 0  # where nobody says what the student predicts


def test_a_tie_counts_where_the_threshold_is_met() -> None:
    weighting = made(momentum=0.5)
    assert weigh(weighting, torch.full((3, 4), 0.25)).weight.tolist() == [1, 1, 1]


def test_one_sample_none_and_a_class_never_predicted() -> None:
    weighting = made(momentum=0.0)
    assert weigh(weighting, torch.zeros(0, 3)).weight.tolist() == []
    assert weighting.state_dict()["confidence"].item() == pytest.approx(1 / 3)
    said = weigh(weighting, [[1.0, 0.0, 0.0]], student=[[0.2, 0.3, 0.5]])
    assert said.weight.tolist() == [1]
    assert torch.isfinite(said.penalty)
    assert weigh(weighting, [[0.0, 1.0, 0.0]], student=[[0.2, 0.3, 0.5]]).penalty.isfinite()


def test_shares() -> None:
    assert class_shares(torch.tensor([0, 2, 2, 2]), 3).tolist() == [0.25, 0, 0.75]
    used = torch.tensor([0.0, 0, 0, 0])
    assert class_shares(torch.tensor([0, 2, 2, 2]), 3, used=used).tolist() == [0, 0, 0]


def test_goes_on_where_it_was() -> None:
    first, second = made(momentum=0.7), made(momentum=0.7)
    assert second.state_dict() == {}
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        weigh(first, torch.randn(6, 3, generator=generator).softmax(-1))
    second.load_state_dict(first.state_dict())
    for _ in range(3):
        probs = torch.randn(6, 3, generator=generator).softmax(-1)
        one, other = weigh(first, probs), weigh(second, probs)
        assert torch.equal(one.weight, other.weight)
    assert {k: v.tolist() for k, v in first.state_dict().items()} == {
        k: v.tolist() for k, v in second.state_dict().items()
    }
