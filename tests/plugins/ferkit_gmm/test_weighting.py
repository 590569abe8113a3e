"""The weighting `gmm`: whose losses, when, over which epochs."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_gmm.params import GmmParams
from ferkit_gmm.weighting import GmmWeighting, make_gmm

from ferkit.contracts.policies import Beliefs, Progress
from ferkit.plugin import Context
from ferkit.training.losses import cross_entropy_of_probs
from ferkit.training.mixture import fitted, of_low_component

SAMPLES = 40


def weighting(**params) -> GmmWeighting:
    return make_gmm(GmmParams(**({"warm_up": 0} | params)), Context())


def at(epoch: int) -> Progress:
    return Progress("phase", 0, epoch, 30, epoch * 3, 90, ())


def beliefs_of(given_probability: torch.Tensor) -> Beliefs:
    """Two classes; the first is given, with these probabilities; the second is the target."""
    probs = torch.stack([given_probability, 1 - given_probability], 1)
    count = len(given_probability)
    one_hot = torch.eye(2)
    targets = one_hot[1].expand(count, 2)
    return Beliefs(
        ids=torch.arange(count),
        given=torch.zeros(count, dtype=torch.int64),
        given_probs=one_hot[0].expand(count, 2),
        probs=probs,
        targets=targets,
        losses=cross_entropy_of_probs(probs, targets),
        total=count,
    )


def mixed(seed: int) -> torch.Tensor:
    """30 samples that are predicted as given, 10 that are not."""
    generator = torch.Generator().manual_seed(seed)
    right = 0.8 + 0.19 * torch.rand(30, generator=generator)
    return torch.cat([right, 0.02 + 0.1 * torch.rand(10, generator=generator)])


def weigh(policy: GmmWeighting, seed: int, epoch: int) -> torch.Tensor:
    beliefs = beliefs_of(mixed(seed))
    said = policy.weigh(beliefs, beliefs.targets, at(epoch))
    assert said.penalty.item() == 0
    return said.weight


def brought(values: list[float]) -> list[float]:
    return [(value - min(values)) / (max(values) - min(values)) for value in values]


def test_weight_is_the_posterior_of_losses_against_the_given_label() -> None:
    weight = weigh(weighting(), 0, 3)
    losses = brought([-math.log(p) for p in mixed(0).tolist()])
    values = torch.tensor(losses, dtype=torch.float64)
    mixture = fitted(values, iterations=10, tolerance=1e-2, variance_floor=5e-4)
    expected = of_low_component(values, mixture)
    torch.testing.assert_close(weight.double(), expected, rtol=0, atol=1e-5)
    assert weight[:30].min() > 0.99
    assert weight[30:].max() < 0.01
    assert weight.dtype == torch.float32


def test_or_against_the_targets_in_force() -> None:
    weight = weigh(weighting(losses="targets"), 0, 3)
    # Now the ten others have the low losses. A wide component holds a few far ones of its side.
    assert weight[30:].min() > 0.9
    assert weight[:30].mean() < 0.1


def test_unlabelled_samples_have_losses_against_their_targets() -> None:
    beliefs = beliefs_of(mixed(0))._replace(
        given=torch.full((SAMPLES,), -1), given_probs=torch.zeros(SAMPLES, 2)
    )
    first = weighting().weigh(beliefs, beliefs.targets, at(0)).weight
    second = weighting(losses="targets").weigh(beliefs, beliefs.targets, at(0)).weight
    assert torch.equal(first, second)


def test_warm_up_leaves_all_at_one_and_keeps_no_losses() -> None:
    policy = weighting(warm_up=2)
    for epoch in (0, 1):
        assert weigh(policy, epoch, epoch).tolist() == [1.0] * SAMPLES
        assert policy.state_dict() == {}
        assert policy.scalars() == {}
    assert weigh(policy, 2, 2)[35] < 0.01
    assert policy.scalars()["gmm_clean"] == 0.75
    assert policy.scalars()["gmm_low"] < 0.2 < policy.scalars()["gmm_high"]


def test_threshold_makes_zeros_and_ones() -> None:
    soft, hard = weigh(weighting(), 1, 0), weigh(weighting(threshold=0.5), 1, 0)
    assert hard.tolist() == (soft > 0.5).float().tolist()
    assert set(hard.tolist()) == {0.0, 1.0}


def test_losses_of_the_last_epochs_are_averaged_each_brought_to_one_first() -> None:
    policy = weighting(average=3)
    for epoch in range(5):
        weight = weigh(policy, epoch, epoch)
    rows = [brought([-math.log(p) for p in mixed(epoch).tolist()]) for epoch in (2, 3, 4)]
    mean = torch.tensor(rows, dtype=torch.float64).mean(0)
    mixture = fitted(mean, iterations=10, tolerance=1e-2, variance_floor=5e-4)
    expected = of_low_component(mean, mixture)
    torch.testing.assert_close(weight.double(), expected, rtol=0, atol=1e-5)
    assert policy.state_dict()["history"].shape == (3, SAMPLES)


def test_another_phase_begins_with_no_losses() -> None:
    policy = weighting(average=3)
    weigh(policy, 0, 0)
    weigh(policy, 1, 1)
    assert torch.equal(weigh(policy, 2, 0), weigh(weighting(), 2, 0))
    assert policy.state_dict()["history"].shape == (1, SAMPLES)


def test_goes_on_from_its_state() -> None:
    first = weighting(average=4)
    for epoch in range(3):
        weigh(first, epoch, epoch)
    second = weighting(average=4)
    second.load_state_dict({name: each.clone() for name, each in first.state_dict().items()})
    assert torch.equal(weigh(first, 3, 3), weigh(second, 3, 3))


@pytest.mark.parametrize("probability", [1.0, 0.5, 0.0])
def test_where_all_losses_are_equal_all_samples_count(probability) -> None:
    policy = weighting()
    beliefs = beliefs_of(torch.full((6,), probability))
    assert policy.weigh(beliefs, beliefs.targets, at(0)).weight.tolist() == [1.0] * 6
    assert policy.scalars() == {}


def test_one_sample_counts_and_two_part() -> None:
    one, two = beliefs_of(torch.tensor([0.3])), beliefs_of(torch.tensor([0.9, 0.1]))
    assert weighting().weigh(one, one.targets, at(0)).weight.tolist() == [1.0]
    weight = weighting().weigh(two, two.targets, at(0)).weight
    assert weight.tolist() == pytest.approx([1.0, 0.0], abs=1e-6)
