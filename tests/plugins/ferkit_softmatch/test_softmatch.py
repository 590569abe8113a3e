"""SoftMatch's weights and step, against hand-worked numbers and plain loops."""

from __future__ import annotations

import math
import statistics

import pytest
import torch
from ferkit_basics.hard import HardTargets
from ferkit_fixmatch.loop import make_fixmatch
from ferkit_fixmatch.params import FixMatchParams
from ferkit_softmatch.equations import truncated_gaussian
from ferkit_softmatch.params import SoftMatchParams
from ferkit_softmatch.softmatch import make_softmatch
from torch.nn.functional import cross_entropy

from ferkit.contracts.policies import Beliefs, Progress
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.training.job import PolicyChain

AT = Progress("phase", 0, 0, 1, 0, 100, ())


def made(**params):
    return make_softmatch(SoftMatchParams(**params), Context())


def weighed(weighting, probs) -> list[float]:
    probs = torch.tensor(probs) if isinstance(probs, list) else probs
    ids = torch.arange(len(probs))
    beliefs = Beliefs(ids, ids * 0 - 1, probs * 0, probs, probs, probs[:, 0])
    return weighting.weigh(beliefs, probs, AT).weight.tolist()


def test_the_gaussian_by_hand() -> None:
    found = truncated_gaussian(
        torch.tensor([0.9, 0.6, 0.5, 0.4]), torch.tensor(0.6), torch.tensor(0.02), sigmas=2.0
    )
    # exp(-4 * .01 / .04) and exp(-4 * .04 / .04)
    assert found.tolist() == pytest.approx([1, 1, math.exp(-1), math.exp(-4)], abs=1e-6)
    sharp = truncated_gaussian(
        torch.tensor([0.6, 0.5]), torch.tensor(0.6), torch.tensor(0.0), sigmas=2.0
    )
    assert sharp.tolist() == [1, 0]


@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("classes", [2, 5])
def test_steps_equal_the_equations(align, classes) -> None:
    count, momentum = 7, 0.6
    weighting = made(momentum=momentum, align=align)
    chain = PolicyChain([HardTargets()], [weighting])
    loop = make_fixmatch(FixMatchParams(), Context())
    generator = torch.Generator().manual_seed(2)
    mean, variance, predicted = 1 / classes, 1.0, None
    another_class = 0
    for _ in range(8):
        # The first class is predicted too often, so that alignment changes likeliest classes.
        weak_logits = torch.randn(count, classes, generator=generator)
        weak_logits[:, 0] += 1.5
        logits = {
            "labelled.weak": torch.randn(2, classes, generator=generator),
            "unlabelled.weak": weak_logits,
            "unlabelled.strong": torch.randn(count, classes, generator=generator),
        }
        given = torch.tensor([1, 0])
        found = given_step(loop, given=given, logits=logits, unlabelled=chain)
        weak = weak_logits.softmax(-1).tolist()
        batch = [sum(one[k] for one in weak) / count for k in range(classes)]
        if predicted is None:
            predicted = batch
        predicted = [
            momentum * old + (1 - momentum) * new for old, new in zip(predicted, batch, strict=True)
        ]
        seen = []
        for one in weak:
            scaled = [
                p * (1 / classes + 1e-6) / (m + 1e-6) for p, m in zip(one, predicted, strict=True)
            ]
            seen.append([each / sum(scaled) for each in scaled] if align else one)
        sureness = [max(one) for one in seen]
        mean = momentum * mean + (1 - momentum) * statistics.fmean(sureness)
        variance = momentum * variance + (1 - momentum) * statistics.variance(sureness)
        expected = cross_entropy(logits["labelled.weak"], given).item()
        for i, one in enumerate(weak):
            label = one.index(max(one))  # of the prediction that is not aligned
            another_class += label != seen[i].index(max(seen[i]))
            weight = math.exp(-4 * min(sureness[i] - mean, 0) ** 2 / (2 * variance))
            answer = logits["unlabelled.strong"][i][None]
            expected += weight * cross_entropy(answer, torch.tensor([label])).item() / count
        assert found.loss.item() == pytest.approx(expected, abs=1e-6)
    assert bool(another_class) is align


def test_what_it_says_of_itself() -> None:
    weighting = made(momentum=0.5, align=False)
    weighed(weighting, [[0.9, 0.1], [0.7, 0.3]])
    told = {name: float(value) for name, value in weighting.scalars().items()}
    assert told["confidence"] == pytest.approx(0.65)
    assert told["deviation"] == pytest.approx(math.sqrt(0.5 + 0.01))
    assert 0.9 < told["used"] <= 1


def test_one_sample_tells_nothing_of_the_variance_and_none_of_nothing() -> None:
    weighting = made(momentum=0.5, align=False)
    assert weighed(weighting, torch.zeros(0, 2)) == []
    assert weighting.state_dict()["moments"].tolist() == [0.5, 1]
    assert weighed(weighting, [[0.7, 0.3]]) == [1]
    assert weighting.state_dict()["moments"].tolist() == pytest.approx([0.6, 1])
    aligned = made(momentum=0.5)
    assert weighed(aligned, torch.zeros(0, 2)) == []
    assert weighed(aligned, [[1.0, 0.0]])[0] > 0  # a class that is never predicted


def test_a_step_of_equal_rows_weighs_them_all() -> None:
    weighting = made(momentum=0.0)
    assert weighed(weighting, torch.full((4, 3), 1 / 3)) == [1, 1, 1, 1]


def test_goes_on_where_it_was() -> None:
    first, second = made(momentum=0.7), made(momentum=0.7)
    assert second.state_dict() == {}
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        weighed(first, torch.randn(6, 3, generator=generator).softmax(-1))
    second.load_state_dict(first.state_dict())
    for _ in range(3):
        probs = torch.randn(6, 3, generator=generator).softmax(-1)
        assert weighed(first, probs) == weighed(second, probs)
