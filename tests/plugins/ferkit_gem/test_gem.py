"""GeM against a plain loop, by hand, and at its borders."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_gem.aggregation import GeneralisedMean, generalised_mean, make_gem
from ferkit_gem.params import GemParams
from pydantic import ValidationError

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit.training.optimiser import rate_factors


def made(channels=(3, 6), *, slot: str = "space", **params) -> GeneralisedMean:
    context = Context(slot=slot, features=FeatureSpec(8, tuple(channels), 2))
    return make_gem(GemParams(**params), context)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("power", [1.0, 2.5, 3.0, 7.0])
@pytest.mark.parametrize("side", [(3, 4), (1, 1)])
def test_equals_a_plain_loop(power, side) -> None:
    maps, eps = noise(2, 3, 5, *side), 1e-3
    mean, shares = generalised_mean(maps, torch.tensor(power), eps)
    assert mean.shape == (2, 3, 5)
    for image in range(2):
        for region in range(3):
            for channel in range(5):
                places = [max(x, eps) for x in maps[image, region, channel].flatten().tolist()]
                total = sum(x**power for x in places)
                expected = (total / len(places)) ** (1 / power)
                assert mean[image, region, channel].item() == pytest.approx(expected, rel=1e-6)
                found = shares[image, region, channel].flatten().tolist()
                assert found == pytest.approx([x**power / total for x in places], abs=1e-9)


def test_by_hand() -> None:
    maps = torch.tensor([1.0, 2.0, 3.0, -4.0]).reshape(1, 1, 1, 2, 2)
    mean, shares = generalised_mean(maps, torch.tensor(3.0), 1e-6)
    assert mean.item() == pytest.approx((36 / 4) ** (1 / 3))  # (1 + 8 + 27 + 0) / 4
    assert shares.flatten().tolist() == pytest.approx([1 / 36, 8 / 36, 27 / 36, 0])


def test_a_power_of_one_is_the_mean_and_a_large_one_the_maximum() -> None:
    maps = noise(2, 1, 4, 5, 5).abs().float() + 0.1
    mean, _ = generalised_mean(maps, torch.tensor(1.0), 1e-6)
    torch.testing.assert_close(mean, maps.mean((-2, -1)))
    # As written in eq. 3 the powers overflow float32 here.
    most, _ = generalised_mean(maps * 1e4, torch.tensor(500.0), 1e-6)
    torch.testing.assert_close(most, 1e4 * maps.amax((-2, -1)), rtol=0.01, atol=0)


def test_the_gradient_is_that_of_the_formula() -> None:
    maps = (noise(1, 2, 3, 2, 2).abs() + 0.05).requires_grad_()
    power = torch.tensor([1.5, 3.0, 4.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, p: generalised_mean(x, p, 1e-6)[0], (maps, power))
    mean, _ = generalised_mean(maps, power, 1e-6)
    plain = maps.pow(power[:, None, None]).mean((-2, -1)).pow(1 / power)
    for first, second in zip(
        torch.autograd.grad(mean.square().sum(), (maps, power)),
        torch.autograd.grad(plain.square().sum(), (maps, power)),
        strict=True,
    ):
        torch.testing.assert_close(first, second)


@pytest.mark.parametrize("value", [0.0, -3.0, 1e30])
def test_even_maps_stay_finite(value) -> None:
    maps = torch.full((1, 1, 2, 3, 3), value, requires_grad=True)
    pool = made((2,))
    answer = pool(Features(torch.zeros(1, 1, 8), (maps,)))
    assert answer.features.flatten().tolist() == pytest.approx([max(value, 1e-6)] * 2)
    answer.features.sum().backward()
    assert bool(torch.isfinite(maps.grad).all())
    assert math.isfinite(pool.p.grad.item())


def test_pools_the_last_map_and_says_which_places_count() -> None:
    maps = (noise(2, 2, 3, 4, 4).float(), noise(2, 2, 6, 2, 2, seed=1).float())
    pool = made()
    answer = pool(Features(torch.zeros(2, 2, 8), maps))
    assert pool.dim == 6
    assert answer.features.shape == (2, 2, 6)
    expected, shares = generalised_mean(maps[-1], torch.tensor(3.0), 1e-6)
    assert torch.equal(answer.features, expected)
    (weights,) = answer.weights
    assert weights.shape == (2, 2, 1, 2, 2)
    torch.testing.assert_close(weights[:, :, 0], shares.mean(2))
    torch.testing.assert_close(weights.sum((-2, -1)), torch.ones(2, 2, 1))
    assert not weights.requires_grad
    assert answer.penalty.tolist() == [0, 0]


def test_the_power_is_learnt_at_its_own_rate() -> None:
    pool = made(rate=5)
    assert rate_factors(pool) == {"p": 5.0}
    assert made(rate=0, p=2.0).p.item() == 2
    assert rate_factors(made(rate=0)) == {}
    each = made(per_channel=True)
    assert each.p.shape == (6,)
    maps = (noise(1, 2, 6, 3, 3).abs().float(),)
    each(Features(torch.zeros(1, 2, 8), maps)).features.square().sum().backward()
    assert bool(each.p.grad.all())


def test_a_power_does_not_fall_to_nothing() -> None:
    pool = made((2,))
    with torch.no_grad():
        pool.p.fill_(-2.0)
    answer = pool(Features(torch.zeros(1, 2, 8), (noise(1, 2, 2, 3, 3).abs().float(),)))
    assert bool(torch.isfinite(answer.features).all())


def test_half_precision_is_pooled_in_float32() -> None:
    maps = noise(1, 2, 6, 20, 20).abs()
    half = made()(Features(torch.zeros(1, 2, 8), (maps.bfloat16(),)))
    assert half.features.dtype == torch.float32
    whole = made()(Features(torch.zeros(1, 2, 8), (maps.float(),)))
    torch.testing.assert_close(half.features, whole.features, rtol=0.01, atol=0)


def test_refusals() -> None:
    with pytest.raises(FerkitError, match="'gem' pools over space, not over frames"):
        made(slot="frames")
    with pytest.raises(FerkitError, match="'gem' pools feature maps, and this backbone has none"):
        made(())
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        GemParams(p=0.5)
