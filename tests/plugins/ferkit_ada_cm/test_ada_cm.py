"""Ada-CM's margin, contrast and step, against hand-worked numbers and plain loops."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from ferkit_ada_cm.equations import contrastive_loss, margins
from ferkit_ada_cm.loop import make_ada_cm
from ferkit_ada_cm.margin import make_margin
from ferkit_ada_cm.params import AdaCmParams, MarginParams
from ferkit_basics.hard import HardTargets
from torch.nn.functional import cross_entropy

from ferkit.contracts.policies import Beliefs, Progress
from ferkit.plugin import Context
from ferkit.testing import tiny_split
from ferkit.testing.given_step import given_step
from ferkit.testing.tiny import CLASSES, tiny_job
from ferkit.training.job import PolicyChain
from ferkit.training.trainer import train

VIEWS = ("labelled.weak", "unlabelled.weak", "unlabelled.weak2", "unlabelled.strong")


def made(**params):
    return make_margin(MarginParams(**params), Context())


def at(epoch: int, round_: int = 0) -> Progress:
    return Progress("phase", round_, epoch, 9, 0, 100, ())


def believed(probs, *, given=None, labelled=None) -> Beliefs:
    probs = torch.as_tensor(probs)
    ids = torch.arange(len(probs))
    labels = ids * 0 - 1 if given is None else torch.tensor(given)
    return Beliefs(ids, labels, probs * 0, probs, probs, probs[:, 0], labelled=labelled)


def test_margins_by_hand() -> None:
    sums, counts = torch.tensor([1.9, 0.85, 0.0]), torch.tensor([2.0, 1.0, 0.0])
    found = margins(sums, counts, epoch=3, factor=0.97, least=0.8)
    assert found.tolist() == pytest.approx([0.97 * 0.95 / (1 + math.exp(-3)), 0.8, 0.8])
    first = margins(sums, counts, epoch=0, factor=0.97, least=0.8)
    assert first.tolist() == pytest.approx([0.8] * 3)


def test_the_margin_is_of_the_right_ones_of_the_epoch_before() -> None:
    weighting = made(least=0.1)
    seen = believed([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.6, 0.4]], given=[0, 0, 1, 1])
    unlabelled = [[0.5, 0.5], [0.05, 0.95]]
    for _ in range(2):  # two steps of epoch 0, all at the least
        weight = weighting.weigh(believed(unlabelled, labelled=seen), torch.zeros(2, 2), at(0))
        assert weight.weight.tolist() == [1, 1]
    factor = 0.97 / (1 + math.exp(-1))
    other = believed([[0.99, 0.01]], given=[0])
    said = weighting.weigh(believed(unlabelled, labelled=other), torch.zeros(2, 2), at(1))
    told = {name: float(value) for name, value in weighting.scalars().items()}
    assert told["threshold_0"] == pytest.approx(0.8 * factor)  # the mean of .9 and .7
    assert told["threshold_1"] == pytest.approx(0.8 * factor)  # .8; the fourth is wrong
    assert said.weight.tolist() == [0, 1]
    assert told["used"] == 0.5
    weighting.weigh(believed(unlabelled), torch.zeros(2, 2), at(2))
    told = {name: float(value) for name, value in weighting.scalars().items()}
    assert told["threshold_0"] == pytest.approx(0.97 * 0.99 / (1 + math.exp(-2)))
    assert told["threshold_1"] == pytest.approx(0.1)  # none was right
    weighting.weigh(believed(unlabelled), torch.zeros(2, 2), at(0, round_=1))
    assert float(weighting.scalars()["threshold_0"]) == pytest.approx(0.1)


def test_the_margin_itself_counts() -> None:
    said = made(least=0.75).weigh(believed([[0.75, 0.25], [0.74, 0.26]]), torch.zeros(2, 2), at(0))
    assert said.weight.tolist() == [1, 0]
    nobody = torch.zeros(0, 3)
    empty = made().weigh(believed(nobody), nobody, at(0))
    assert empty.weight.shape == (0,)


def test_the_margin_goes_on_where_it_was() -> None:
    first, second = made(least=0.0), made(least=0.0)
    assert second.state_dict() == {}
    seen = believed([[0.9, 0.1], [0.3, 0.7]], given=[0, 1])
    some = believed([[0.6, 0.4], [0.3, 0.7]], labelled=seen)
    for epoch in (0, 1):
        first.weigh(some, torch.zeros(2, 2), at(epoch))
    second.load_state_dict(first.state_dict())
    for epoch in (1, 1, 2):
        one, other = (each.weigh(some, torch.zeros(2, 2), at(epoch)) for each in (first, second))
        assert torch.equal(one.weight, other.weight)
        assert first.scalars() == second.scalars()


def plain_contrast(first, second, chosen, temperature) -> float:
    """The loss of SimCLR, view by view."""
    views = [
        row / math.sqrt(sum(x * x for x in row.tolist()))
        for table in (first, second)
        for row, mine in zip(table, chosen, strict=True)
        if mine
    ]
    half = len(views) // 2
    losses = []
    for i, one in enumerate(views):
        near = [math.exp(float(one @ other) / temperature) for other in views]
        partner = near[(i + half) % len(views)]
        losses.append(-math.log(partner / (sum(near) - near[i])))
    return sum(losses) / len(losses) if losses else 0.0


@pytest.mark.parametrize("chosen", [[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
def test_the_contrast_equals_plain_loops(chosen) -> None:
    generator = torch.Generator().manual_seed(3)
    first = torch.randn(4, 5, generator=generator, requires_grad=True)
    second = torch.randn(4, 5, generator=generator, requires_grad=True)
    mask = torch.tensor(chosen).bool()
    found = contrastive_loss(first, second, mask, temperature=0.5)
    expected = plain_contrast(first.detach(), second.detach(), chosen, 0.5)
    assert found.item() == pytest.approx(expected, abs=1e-6)
    found.backward()
    assert torch.isfinite(first.grad).all()
    assert not first.grad[~mask].any()
    if sum(chosen) > 1:
        assert first.grad[mask].any()


def test_the_contrast_by_hand() -> None:
    first, second = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.0, 3.0]])
    found = contrastive_loss(first, second, torch.tensor([True, True]), temperature=1.0)
    assert found.item() == pytest.approx(-math.log(math.e / (math.e + 2)), abs=1e-6)


def outputs(seed: int, *, count: int = 6, classes: int = 3):
    generator = torch.Generator().manual_seed(seed)
    sizes = dict(zip(VIEWS, (4, count, count, count), strict=True))
    logits = {k: torch.randn(n, classes, generator=generator) for k, n in sizes.items()}
    base = torch.randn(count, classes, generator=generator) * 3
    logits["unlabelled.weak"] += base
    logits["unlabelled.weak2"] += base
    features = {k: torch.randn(n, 5, generator=generator) for k, n in sizes.items()}
    return logits, features


@pytest.mark.parametrize("params", [{}, {"contrast": 0.3, "temperature": 0.5, "weight": 2.0}])
def test_steps_equal_the_equations(params) -> None:
    weighting = made()
    chain = PolicyChain([HardTargets()], [weighting])
    loop = make_ada_cm(AdaCmParams(**params), Context())
    settings = {"contrast": 0.1, "temperature": 0.07, "weight": 1.0} | params
    thresholds, right = [0.8] * 3, []
    partly = raised = 0
    for epoch in range(6):
        if epoch:
            for k in range(3):
                mine = [sureness for label, sureness in right if label == k]
                mean = sum(mine) / len(mine) if mine else 0.0
                thresholds[k] = max(0.8, 0.97 * mean / (1 + math.exp(-epoch)))
            raised += max(thresholds) > 0.8
            right = []
        for half in range(2):
            logits, features = outputs(10 * epoch + half)
            given = torch.tensor([0, 1, 2, 1])
            logits["labelled.weak"] += 5 * torch.eye(3)[given]
            found = given_step(
                loop,
                given=given,
                logits=logits,
                features=features,
                unlabelled=chain,
                progress=at(epoch),
            )
            for row, label in zip(logits["labelled.weak"].softmax(-1), given.tolist(), strict=True):
                if row.argmax() == label:
                    right.append((label, row.max().item()))
            first, second = (logits[view].softmax(-1) for view in VIEWS[1:3])
            supervised = cross_entropy(logits["labelled.weak"], given).item()
            learnt, rest = 0.0, []
            for i in range(6):
                mean = ((first[i] + second[i]) / 2).tolist()
                label = mean.index(max(mean))
                rest.append(mean[label] < thresholds[label])
                if not rest[-1]:
                    answer = logits["unlabelled.strong"][i][None]
                    learnt += cross_entropy(answer, torch.tensor([label])).item() / 6
            contrast = plain_contrast(
                features["unlabelled.weak"],
                features["unlabelled.weak2"],
                rest,
                settings["temperature"],
            )
            partly += 0 < sum(rest) < 6
            expected = 0.5 * supervised + settings["weight"] * learnt
            expected += settings["contrast"] * contrast
            assert found.loss.item() == pytest.approx(expected, abs=1e-6, rel=1e-6)
            assert float(found.scalars["contrasted"]) == pytest.approx(sum(rest) / 6)
    assert partly > 3
    assert raised


def test_where_the_gradients_go() -> None:
    logits, features = outputs(1)
    loop = make_ada_cm(AdaCmParams(), Context())
    chain = PolicyChain([HardTargets()], [made()])
    given = torch.tensor([0, 1, 2, 1])
    found = given_step(loop, given=given, logits=logits, features=features, unlabelled=chain)
    found.loss.backward()
    mean = (logits["unlabelled.weak"].softmax(-1) + logits["unlabelled.weak2"].softmax(-1)) / 2
    sure = mean.amax(-1) >= 0.8
    assert 0 < sure.sum() < 6
    assert torch.equal(found.logits.grad[found.rows["unlabelled.strong"]].any(-1), sure)
    assert not found.logits.grad[found.rows["unlabelled.weak"]].any()
    for view in VIEWS[1:3]:  # those that do not count are learnt by their features
        assert torch.equal(found.features.grad[found.rows[view]].any(-1), ~sure)


def test_without_unlabelled_samples_in_a_step() -> None:
    logits = {"labelled.weak": torch.randn(3, 3, generator=torch.Generator().manual_seed(0))}
    given = torch.tensor([0, 1, 2])
    found = given_step(make_ada_cm(AdaCmParams(), Context()), given=given, logits=logits)
    expected = 0.5 * cross_entropy(logits["labelled.weak"], given).item()
    assert found.loss.item() == pytest.approx(expected, abs=1e-6)


def test_trains_on_clips_with_padding(tmp_path: Path) -> None:
    def run(folder: str):
        context = Context(seed=1, classes=CLASSES)
        job = tiny_job(
            make_ada_cm(AdaCmParams(epochs=3, average=0.9), context),
            tmp_path / folder,
            labelled=tiny_split(9, frames=3),
            unlabelled=tiny_split(12, frames=3, labelled=False, seed=1),
            unlabelled_policies=PolicyChain(
                [HardTargets()], [make_margin(MarginParams(least=0.4), context)]
            ),
        )
        return train(job)

    history = run("a").history
    assert [row["epoch"] for row in history] == [1, 2, 3]
    for row in history:
        assert math.isfinite(row["contrastive_loss"])
        assert row["contrasted"] == pytest.approx(1 - row["unlabelled_used"])
        assert row["unlabelled_threshold_happy"] >= 0.4
    again = run("b").history
    assert [row["train_loss"] for row in again] == [row["train_loss"] for row in history]
