"""The aggregations: shapes, masks, regions apart, refusals."""

from __future__ import annotations

import pytest
import torch
from ferkit_attention.gated_attention import make_frame_attention, make_region_attention
from ferkit_attention.params import (
    GatedAttentionParams,
    SpatialAttentionParams,
    StageMeansParams,
)
from ferkit_attention.spatial_attention import make_spatial_attention
from ferkit_attention.stage_means import make_stage_means
from pydantic import ValidationError

from ferkit.contracts.model import Features, FeatureSpec
from ferkit.errors import FerkitError
from ferkit.plugin import Context

PAPER = (32, 64, 128, 256)
SETS = {"regions": make_region_attention, "frames": make_frame_attention}


def space(channels=PAPER, regions=3, **params):
    torch.manual_seed(0)
    spec = FeatureSpec(channels[-1] if channels else 8, tuple(channels), regions)
    return make_spatial_attention(
        SpatialAttentionParams(**params), Context(slot="space", features=spec)
    )


def gated(slot, dim=6, **params):
    torch.manual_seed(0)
    spec = FeatureSpec(dim, (), 3)
    return SETS[slot](GatedAttentionParams(**params), Context(slot=slot, features=spec))


def features(channels=PAPER, batch=2, regions=3, side=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    maps = tuple(
        torch.rand(batch, regions, width, side >> place, side >> place, generator=generator)
        for place, width in enumerate(channels)
    )
    return Features(maps[-1].mean((-2, -1)), maps)


def test_b8_four_stages_and_two_hops_are_960_numbers() -> None:
    pool = space()
    answer = pool(features())
    assert pool.dim == 960
    assert answer.features.shape == (2, 3, 960)
    assert [tuple(each.shape) for each in answer.weights] == [
        (2, 3, 2, 8, 8),
        (2, 3, 2, 4, 4),
        (2, 3, 2, 2, 2),
        (2, 3, 2, 1, 1),
    ]
    assert space(hops=1).dim == 480
    # Stages of more places than one can't be without overlap from the start.
    assert (answer.penalty > 0).all()


@pytest.mark.parametrize(
    ("stages", "dim", "used"),
    [("all", 960, [0, 1, 2, 3]), ("last", 512, [3]), ((1, 3), 320, [0, 2]), ((4,), 512, [3])],
)
def test_which_stages_are_used_is_a_parameter(stages, dim, used) -> None:
    given = features()
    for map_ in given.maps:
        map_.requires_grad_()
    pool = space(stages=stages)
    answer = pool(given)
    answer.features.square().sum().backward()
    assert pool.dim == dim == answer.features.shape[-1]
    assert [place for place, map_ in enumerate(given.maps) if map_.grad is not None] == used
    assert len(answer.weights) == len(used)


def test_the_weights_are_per_stage_and_region() -> None:
    pool = space(hidden=5)
    shapes = [tuple(parameter.shape) for parameter in pool.parameters()]
    assert shapes == [shape for width in PAPER for shape in ((3, 5, width), (3, 2, 5))]
    given = features()
    alike = Features(given.pooled, tuple(each[:, :1].expand_as(each) for each in given.maps))
    same = pool(alike)
    assert not torch.allclose(same.features[:, 0], same.features[:, 1])
    before = pool(given)
    with torch.no_grad():
        for parameter in pool.parameters():
            parameter[1] += 0.5
    after = pool(given)
    assert torch.equal(before.features[:, [0, 2]], after.features[:, [0, 2]])
    assert not torch.allclose(before.features[:, 1], after.features[:, 1])


def test_regions_never_mix_over_space() -> None:
    given = features()
    for map_ in given.maps:
        map_.requires_grad_()
    space()(given).features[:, 1].sum().backward()
    for map_ in given.maps:
        assert not map_.grad[:, [0, 2]].any()
        assert map_.grad[:, 1].any()


def test_b12_penalty_is_the_mean_over_stages_and_regions() -> None:
    answer = space()(features())
    by_hand = torch.zeros(2)
    for weights in answer.weights:
        rows = weights.flatten(3)
        gram = rows @ rows.transpose(2, 3) - torch.eye(2)
        by_hand += gram.square().sum((2, 3)).sum(1)
    torch.testing.assert_close(answer.penalty, by_hand / (4 * 3))


def test_b12_the_penalty_drives_hops_apart() -> None:
    pool = space((6,), regions=1)
    given = features((6,), batch=1, regions=1)
    optimiser = torch.optim.Adam(pool.parameters(), lr=0.1)
    first = pool(given).penalty.item()
    for _ in range(60):
        optimiser.zero_grad()
        pool(given).penalty.sum().backward()
        optimiser.step()
    answer = pool(given)
    assert answer.penalty.item() < 0.2 * first
    shares = answer.weights[0].flatten(3)[0, 0]
    assert (shares[0] * shares[1]).sum() < 0.05


@pytest.mark.parametrize("channels", [(4,), (4, 8), (4, 8, 8, 16, 16)])
@pytest.mark.parametrize("regions", [1, 2, 3])
def test_any_number_of_maps_and_regions(channels, regions) -> None:
    pool = space(channels, regions, hops=3)
    answer = pool(features(channels, batch=1, regions=regions, side=16))
    assert answer.features.shape == (1, regions, 3 * sum(channels))
    assert answer.penalty.shape == (1,)
    assert bool(torch.isfinite(answer.features).all())


def test_memory_formats_give_the_same() -> None:
    given = features()
    stacked = tuple(
        each.flatten(0, 1).contiguous(memory_format=torch.channels_last).reshape(each.shape)
        for each in given.maps
    )
    grouped = tuple(
        each.flatten(1, 2).contiguous(memory_format=torch.channels_last).reshape(each.shape)
        for each in given.maps
    )
    pool = space()
    expected = pool(given).features
    for maps in (stacked, grouped):
        torch.testing.assert_close(pool(Features(given.pooled, maps)).features, expected)


def test_stage_means_by_hand() -> None:
    spec = FeatureSpec(8, (1, 2), 1)
    context = Context(slot="space", features=spec)
    pool = make_stage_means(StageMeansParams(), context)
    early = torch.tensor([[1.0, 2.0], [3.0, 6.0]]).reshape(1, 1, 1, 2, 2)
    late = torch.tensor([5.0, 7.0]).reshape(1, 1, 2, 1, 1)
    answer = pool(Features(torch.zeros(1, 1, 8), (early, late)))
    assert pool.dim == 3
    assert answer.features.tolist() == [[[3.0, 5.0, 7.0]]]
    assert (answer.weights, answer.penalty.tolist()) == ((), [0.0])
    assert make_stage_means(StageMeansParams(stages="last"), context).dim == 2


@pytest.mark.parametrize("slot", SETS)
def test_one_member_is_handed_on_as_it_is(slot) -> None:
    pool = gated(slot)
    given = torch.randn(4, 1, 6) * 100
    answer = pool(given, torch.ones(4, 1, dtype=torch.bool))
    assert torch.equal(answer.features, given[:, 0])
    assert answer.weights[0].tolist() == [[1.0]] * 4


@pytest.mark.parametrize("slot", SETS)
@pytest.mark.parametrize("filling", [9.0, -1e30, float("inf"), float("nan")])
def test_what_padding_holds_changes_nothing_to_the_bit(slot, filling) -> None:
    pool = gated(slot)
    valid = torch.tensor([[True, True, False], [False, True, True], [False, False, False]])
    answers, gradients = [], []
    for value in (0.0, filling):
        given = torch.randn(3, 3, 6, generator=torch.Generator().manual_seed(1))
        given[~valid] = value
        given.requires_grad_()
        pool.zero_grad()
        answer = pool(given, valid)
        answer.features.square().sum().backward()
        answers.append((answer.features, *answer.weights))
        gradients.append((given.grad, *(each.grad.clone() for each in pool.parameters())))
    for first, second in zip(answers[0] + gradients[0], answers[1] + gradients[1], strict=True):
        assert torch.equal(first, second)
        assert bool(torch.isfinite(second).all())
    assert not answers[1][0][2].any()


@pytest.mark.parametrize("slot", SETS)
def test_the_amount_of_padding_only_rounds(slot) -> None:
    pool = gated(slot)
    given = torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(1))
    longer = torch.cat([given, torch.full((2, 50, 6), 7.0)], 1)
    valid = torch.arange(53).expand(2, 53) < 3
    short, long = pool(given, valid[:, :3]), pool(longer, valid)
    torch.testing.assert_close(long.features, short.features, rtol=1e-6, atol=1e-6)
    assert not long.weights[0][:, 3:].any()


@pytest.mark.parametrize("slot", SETS)
def test_all_members_share_one_gate(slot) -> None:
    pool = gated(slot)
    given = torch.randn(2, 4, 6)
    valid = torch.ones(2, 4, dtype=torch.bool)
    order = [2, 0, 3, 1]
    turned = pool(given[:, order], valid)
    torch.testing.assert_close(turned.weights[0], pool(given, valid).weights[0][:, order])
    assert [tuple(each.shape) for each in pool.parameters()] == [(64, 6), (1, 64)]


def test_autocast_keeps_shares_in_float32() -> None:
    pool, given = space(), features()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answer = pool(given)
    plain = pool(given)
    for half, full in zip(answer.weights, plain.weights, strict=True):
        assert half.dtype == torch.float32
        torch.testing.assert_close(half.sum((-2, -1)), torch.ones(2, 3, 2), rtol=0, atol=1e-5)
        torch.testing.assert_close(half, full, rtol=0.05, atol=0.01)
    assert answer.penalty.dtype == torch.float32
    torch.testing.assert_close(answer.features.float(), plain.features, rtol=0.05, atol=0.02)
    valid = torch.tensor([[True, True, False], [True, True, True]])
    means, members = gated("regions", 960), plain.features.detach()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mean = means(members.bfloat16(), valid)
    assert mean.features.dtype == mean.weights[0].dtype == torch.float32
    torch.testing.assert_close(mean.weights[0].sum(1), torch.ones(2))
    torch.testing.assert_close(mean.features, means(members, valid).features, rtol=0.05, atol=0.02)


@pytest.mark.parametrize(
    ("make", "params", "own"),
    [
        (make_spatial_attention, SpatialAttentionParams(), "space"),
        (make_stage_means, StageMeansParams(), "space"),
        (make_region_attention, GatedAttentionParams(), "regions"),
        (make_frame_attention, GatedAttentionParams(), "frames"),
    ],
)
def test_each_is_refused_in_another_slot(make, params, own) -> None:
    spec = FeatureSpec(8, (4,), 1)
    for slot in {"space", "regions", "frames"} - {own}:
        with pytest.raises(FerkitError, match=rf"pools over {own}, not over {slot}.*\.{own}\."):
            make(params, Context(slot=slot, features=spec))
    with pytest.raises(FerkitError, match="was not told what it pools"):
        make(params, Context(slot=own))
    assert make(params, Context(slot=own, features=spec)).dim in (4, 8)


@pytest.mark.parametrize("make", [make_spatial_attention, make_stage_means])
def test_stages_that_are_not_there(make) -> None:
    params = SpatialAttentionParams(stages=(3,))
    context = Context(slot="space", features=FeatureSpec(8, (4,), 1))
    with pytest.raises(FerkitError, match="no stage 3: the backbone has 1 feature map"):
        make(params, context)
    with pytest.raises(FerkitError, match="needs a backbone with feature maps"):
        make(params, Context(slot="space", features=FeatureSpec(8)))


@pytest.mark.parametrize("stages", [(), (2, 1), (1, 1)])
def test_a_list_of_stages_goes_up(stages) -> None:
    with pytest.raises(ValidationError, match="goes up and names each once"):
        SpatialAttentionParams(stages=stages)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_on_a_gpu_in_half_precision(dtype) -> None:
    pool, given = space(), features()
    plain = pool(given)
    device = torch.device("cuda")
    maps = tuple(
        each.flatten(0, 1)
        .to(device, memory_format=torch.channels_last)
        .reshape(each.shape)
        .to(dtype)
        .requires_grad_()
        for each in given.maps
    )
    pool.to(device)
    with torch.autocast("cuda", dtype=dtype):
        answer = pool(Features(given.pooled.to(device), maps))
    assert all(each.dtype == torch.float32 for each in (*answer.weights, answer.penalty))
    torch.testing.assert_close(answer.features.float().cpu(), plain.features, rtol=0.05, atol=0.02)
    (answer.features.float().sum() + answer.penalty.sum()).backward()
    assert all(bool(torch.isfinite(each.grad).all()) for each in maps)
    members = plain.features.detach().to(device)
    valid = torch.tensor([[True, True, False], [True, True, True]], device=device)
    with torch.autocast("cuda", dtype=dtype):
        mean = gated("frames", 960).to(device)(members, valid)
    assert mean.features.dtype == torch.float32
    assert mean.weights[0][0, 2] == 0
