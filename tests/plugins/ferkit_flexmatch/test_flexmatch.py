"""FlexMatch's thresholds and step, against hand-worked numbers and loops over samples."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch
from ferkit_basics.hard import HardTargets
from ferkit_fixmatch.loop import make_fixmatch
from ferkit_fixmatch.params import FixMatchParams
from ferkit_flexmatch.equations import last_of_each, learning_effect, mapped
from ferkit_flexmatch.flexmatch import FlexMatchWeighting, make_flexmatch
from ferkit_flexmatch.params import FlexMatchParams
from torch.nn.functional import cross_entropy

from ferkit.contracts.policies import Beliefs, Progress
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.training.job import PolicyChain

AT = Progress("phase", 0, 0, 1, 0, 100, ())
SHARES = {
    "convex": lambda b: b / (2 - b),
    "linear": lambda b: b,
    "concave": lambda b: math.log(1 + b) / math.log(2),
}


def made(**params) -> FlexMatchWeighting:
    return make_flexmatch(FlexMatchParams(**params), Context())


def weighed(weighting, probs, *, ids=None, total=10) -> list[float]:
    probs = torch.tensor(probs) if isinstance(probs, list) else probs
    ids = torch.arange(len(probs)) if ids is None else torch.tensor(ids)
    nothing = torch.zeros(len(probs), dtype=torch.int64)
    beliefs = Beliefs(ids, nothing - 1, probs * 0, probs, probs, probs[:, 0], total=total)
    said = weighting.weigh(beliefs, probs, AT)
    assert said.penalty == 0
    return said.weight.tolist()


def test_how_far_classes_are_learnt_by_hand() -> None:
    counts, unused = torch.tensor([3, 1, 0]), torch.tensor(6)
    warm = learning_effect(counts, unused, warm_up=True)
    assert warm.tolist() == pytest.approx([0.5, 1 / 6, 0])
    cold = learning_effect(counts, unused, warm_up=False)
    assert cold.tolist() == pytest.approx([1, 1 / 3, 0])
    nobody = learning_effect(torch.zeros(2, dtype=torch.int64), torch.tensor(0), warm_up=True)
    assert nobody.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("mapping", "half"), [("convex", 1 / 3), ("linear", 0.5), ("concave", 0.58496250)]
)
def test_mappings_by_hand(mapping, half) -> None:
    found = mapped(torch.tensor([0.0, 0.5, 1.0]), mapping)
    assert found.tolist() == pytest.approx([0, half, 1])


@pytest.mark.parametrize("mapping", ["convex", "linear", "concave"])
@pytest.mark.parametrize("warm_up", [True, False])
def test_steps_equal_the_equations(mapping, warm_up) -> None:
    """FixMatch with samples that come again; a dict for a table, counted anew in each step."""
    total, classes, per_step = 12, 4, 9
    weighting = made(threshold=0.7, mapping=mapping, warm_up=warm_up)
    chain = PolicyChain([HardTargets()], [weighting])
    loop = make_fixmatch(FixMatchParams(), Context())
    generator = torch.Generator().manual_seed(5)
    latest: dict[int, int] = {}
    partly = 0
    for _ in range(20):
        logits = {
            "labelled.weak": torch.randn(2, classes, generator=generator),
            "unlabelled.weak": torch.randn(per_step, classes, generator=generator) * 2,
            "unlabelled.strong": torch.randn(per_step, classes, generator=generator),
        }
        given = torch.tensor([1, 3])
        ids = torch.randint(0, total, (per_step,), generator=generator)
        found = given_step(loop, given=given, logits=logits, unlabelled=chain, ids=ids, total=total)
        counts = Counter(latest.values())
        most = max(counts.values(), default=0)
        if warm_up:
            most = max(most, total - len(latest))
        thresholds = [
            0.7 * SHARES[mapping](counts[k] / most if most else 0.0) for k in range(classes)
        ]
        weak = logits["unlabelled.weak"].softmax(-1).tolist()
        consistency, used = 0.0, 0
        for one, answer in zip(weak, logits["unlabelled.strong"], strict=True):
            label = max(range(classes), key=one.__getitem__)
            if one[label] >= thresholds[label]:
                used += 1
                consistency += cross_entropy(answer[None], torch.tensor([label])).item()
        for sample, one in zip(ids.tolist(), weak, strict=True):
            label = max(range(classes), key=one.__getitem__)
            if one[label] >= 0.7:
                latest[sample] = label
        partly += 0 < used < per_step
        expected = cross_entropy(logits["labelled.weak"], given).item() + consistency / per_step
        assert found.loss.item() == pytest.approx(expected, abs=1e-6)
        state = weighting.state_dict()
        kept = state["latest"][:-1].tolist()
        assert {i: label for i, label in enumerate(kept) if label >= 0} == latest
        assert state["counts"].tolist() == [list(latest.values()).count(k) for k in range(classes)]
    assert partly > 5


def test_the_threshold_itself_counts_and_a_step_is_judged_by_those_before() -> None:
    weighting = made(threshold=0.75)
    sure = [[0.75, 0.25]]
    assert weighed(weighting, sure, total=1) == [1]  # thresholds are 0 at first
    assert weighting.state_dict()["counts"].tolist() == [1, 0]
    # Class 0 has all samples now, so its threshold is the whole one.
    assert weighed(weighting, [[0.75, 0.25]], total=1) == [1]
    assert weighed(weighting, [[0.74, 0.26]], total=1) == [0]
    assert weighed(weighting, [[0.49, 0.51]], total=1) == [1]  # of class 1 there are none


def test_an_unsure_prediction_leaves_the_sample_where_it_was() -> None:
    weighting = made(threshold=0.9)
    weighed(weighting, [[0.95, 0.05], [0.1, 0.9]], ids=[2, 2], total=3)
    assert weighting.state_dict()["latest"].tolist()[:3] == [-1, -1, 1]  # the last sure one
    weighed(weighting, [[0.95, 0.05], [0.4, 0.6]], ids=[2, 2], total=3)
    assert weighting.state_dict()["latest"].tolist()[:3] == [-1, -1, 0]
    weighed(weighting, [[0.5, 0.5]], ids=[2], total=3)
    assert weighting.state_dict()["latest"].tolist()[:3] == [-1, -1, 0]
    assert weighting.state_dict()["counts"].tolist() == [1, 0]


def test_thresholds_stay_low_while_most_samples_are_unused() -> None:
    weighting = made(threshold=0.8, mapping="linear")
    weighed(weighting, [[0.9, 0.1]], total=9)
    assert weighed(weighting, [[0.55, 0.45]], ids=[1], total=9) == [1]  # 0.8 / 8
    told = {name: float(value) for name, value in weighting.scalars().items()}
    assert told == pytest.approx(
        {"used": 1, "never_sure": 8 / 9, "threshold_0": 0.1, "threshold_1": 0}
    )
    cold = made(threshold=0.8, mapping="linear", warm_up=False)
    weighed(cold, [[0.9, 0.1]], total=9)
    assert weighed(cold, [[0.55, 0.45]], ids=[1], total=9) == [0]


def test_last_rows_of_samples_that_come_again() -> None:
    ids = torch.tensor([4, 1, 4, 1, 4, 0])
    counted = torch.tensor([True, True, True, False, False, True])
    assert last_of_each(ids, counted).tolist() == [False, True, True, False, False, True]
    nobody = torch.zeros(0, dtype=torch.int64)
    assert last_of_each(nobody, nobody.bool()).tolist() == []


def test_nothing_in_a_step_and_a_total_that_is_not_told() -> None:
    weighting = made()
    assert weighed(weighting, torch.zeros(0, 3), total=5) == []
    assert weighed(weighting, [[0.2, 0.2, 0.6]], total=5) == [1]
    untold = made()
    assert weighed(untold, [[0.2, 0.8], [0.5, 0.5]], ids=[7, 3], total=0) == [1, 1]
    assert len(untold.state_dict()["latest"]) == 9


def test_goes_on_where_it_was() -> None:
    first, second = made(threshold=0.6), made(threshold=0.6)
    assert second.state_dict() == {}
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        weighed(first, torch.randn(6, 3, generator=generator).softmax(-1))
    second.load_state_dict({name: value.clone() for name, value in first.state_dict().items()})
    for _ in range(3):
        probs = torch.randn(6, 3, generator=generator).softmax(-1)
        assert weighed(first, probs) == weighed(second, probs)
