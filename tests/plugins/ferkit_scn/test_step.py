"""SCN's step on given outputs, against its equations written out."""

from __future__ import annotations

import pytest
import torch
from ferkit_basics.fixed import FixedTargets
from ferkit_basics.params import SupervisedParams
from ferkit_basics.supervised import make_supervised
from ferkit_scn.label_update import ScnRelabelling, contradicted
from ferkit_scn.params import ScnParams, ScnRelabelParams
from ferkit_scn.weighting import ScnWeighting, rank_regularisation, ranked_means
from torch import nn

from ferkit.contracts.policies import Progress
from ferkit.plugin import Context
from ferkit.testing.given_step import given_step
from ferkit.training.job import PolicyChain

WEIGHT = torch.tensor([1.0, -2.0])
BIAS = 0.5


def scn(**params) -> ScnWeighting:
    policy = ScnWeighting(ScnParams(**params))
    module = policy.make_module(2, 4)
    with torch.no_grad():
        module.layer.weight.copy_(WEIGHT[None])
        module.layer.bias.fill_(BIAS)
    return policy


def outputs(count: int = 9) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    logits = torch.randn(count, 4, generator=generator)
    features = torch.randn(count, 2, generator=generator) * 0.3
    return logits, features, torch.randint(0, 4, (count,), generator=generator)


def step(logits, features, given, chain: PolicyChain, *, epoch: int = 0):
    return given_step(
        make_supervised(SupervisedParams(), Context()),
        given=given,
        logits={"labelled.weak": logits},
        features={"labelled.weak": features},
        labelled=chain,
        progress=Progress("phase", 0, epoch, 20, epoch, 20, ()),
    )


def by_the_paper(logits, features, given, *, margin: float = 0.15):
    """Loss and scaled probabilities, sample by sample."""
    attention = [float(torch.sigmoid(WEIGHT @ x + BIAS)) for x in features]
    loss, probs = 0.0, []
    for a, one, label in zip(attention, logits, given.tolist(), strict=True):
        scaled = (a * one).double()
        said = scaled.exp() / scaled.exp().sum()
        probs.append(said)
        loss -= float(said[label].log()) / len(logits)
    ranked = sorted(attention, reverse=True)
    top = int(0.7 * len(ranked))
    high, low = sum(ranked[:top]) / top, sum(ranked[top:]) / (len(ranked) - top)
    return loss + max(0.0, margin - (high - low)), torch.stack(probs)


@pytest.mark.parametrize("margin", [0.15, 0.6])  # the groups of this step lie .28 apart
def test_loss_equals_the_equations(margin: float) -> None:
    logits, features, given = outputs()
    policy = scn(margin=margin)
    found = step(logits, features, given, PolicyChain([], [policy]))
    expected, _ = by_the_paper(logits, features, given, margin=margin)
    assert abs(found.loss.item() - expected) < 1e-6
    found.loss.backward()
    assert found.features.grad.any()  # the attention is learnt through the features, too
    assert policy._attention.layer.weight.grad.any()
    ranked = policy.scalars()
    assert 0 < ranked["attention"] < 1
    assert (ranked["attention_gap"] < margin) == (margin == 0.6)


def test_relabels_from_the_scaled_logits_for_the_next_use() -> None:
    logits, features, given = outputs()
    relabelling = ScnRelabelling(ScnRelabelParams())
    chain = PolicyChain([relabelling], [scn()])
    expected, probs = by_the_paper(logits, features, given)
    early = step(logits, features, given, chain, epoch=8)  # the ninth epoch
    assert relabelling.scalars()["relabels"] == 0
    first = step(logits, features, given, chain, epoch=9)
    for found in (early, first):
        assert abs(found.loss.item() - expected) < 1e-6
    labels = given.clone()
    for row, said in enumerate(probs):
        if float(said.max()) - float(said[given[row]]) > 0.2:
            labels[row] = said.argmax()
    assert 0 < (labels != given).sum() < 9
    plain = logits.softmax(-1)
    unscaled = plain.amax(-1) - plain.gather(-1, given[:, None]).flatten() > 0.2
    assert not torch.equal(unscaled, labels != given)  # the attention matters here
    torch.testing.assert_close(relabelling.scalars()["relabels"], (labels != given).float().mean())
    second = step(logits, features, given, chain, epoch=9)
    expected, _ = by_the_paper(logits, features, labels)
    assert abs(second.loss.item() - expected) < 1e-6
    torch.testing.assert_close(
        relabelling.scalars()["relabelled"], (labels != given).float().mean()
    )
    assert relabelling.scalars()["relabels"] == 0  # each now has its likeliest class


@pytest.mark.parametrize("before", [True, False])
def test_smoothing_before_and_after_relabelling(before: bool) -> None:
    """After it, new labels are smoothed too; before it, they are not."""
    logits = torch.tensor([[4.0, 0.0], [4.0, 0.0]])
    given = torch.tensor([0, 1])
    smoothing, relabelling = FixedTargets(eps=0.1), ScnRelabelling(ScnRelabelParams(start_epoch=1))
    chain = PolicyChain([smoothing, relabelling] if before else [relabelling, smoothing], [])
    step(logits, torch.zeros(2, 2), given, chain)
    found = step(logits, torch.zeros(2, 2), given, chain)
    target = torch.tensor([[0.9, 0.1], [1.0, 0.0] if before else [0.9, 0.1]])
    expected = -(target * logits.log_softmax(-1)).sum(-1).mean()
    torch.testing.assert_close(found.loss, expected)


def test_margins_are_exceeded_by_hand() -> None:
    probs = torch.tensor([[0.25, 0.5, 0.25], [0.5, 0.25, 0.25], [0.75, 0.25, 0.0]])
    labels = torch.tensor([0, 0, 1])
    assert contradicted(probs, labels, 0.25).tolist() == [False, False, True]
    assert contradicted(probs, labels, 0.24).tolist() == [True, False, True]


def test_ranks_by_hand() -> None:
    attention = torch.tensor([0.5, 0.25, 1.0, 0.75])  # int(.7 * 4) = 2 are the upper ones
    high, low = ranked_means(attention, 0.7)
    assert (high.item(), low.item()) == (0.875, 0.375)
    assert rank_regularisation(high, low, 0.75).item() == 0.25
    assert rank_regularisation(high, low, 0.5).item() == 0
    alike = ranked_means(torch.full((5,), 0.25), 0.7)
    assert rank_regularisation(*alike, 0.5).item() == 0.5
    assert ranked_means(torch.tensor([0.5]), 0.7) is None
    assert ranked_means(torch.zeros(0), 0.7) is None


def test_one_sample_has_no_penalty() -> None:
    logits, features, given = outputs(1)
    found = step(logits, features, given, PolicyChain([], [scn()]))
    scaled = torch.sigmoid(features @ WEIGHT + BIAS)[:, None] * logits
    torch.testing.assert_close(found.loss, nn.functional.cross_entropy(scaled, given))


def test_a_learnt_margin_shrinks_until_it_is_kept() -> None:
    logits, features, given = outputs()
    policy = scn(margin=0.5, learn_margin=True)
    step(logits, features, given, PolicyChain([], [policy])).loss.backward()
    assert policy._attention.margin.grad.item() == 1
    assert policy.scalars()["margin"].item() == 0.5
