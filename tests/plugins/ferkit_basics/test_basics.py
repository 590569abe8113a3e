"""The plain parts, against plain loops and hand-worked numbers."""

from __future__ import annotations

import pytest
import torch
from ferkit_basics.fixed import FixedTargets, smooth_labels
from ferkit_basics.mean import make_mean, masked_mean
from ferkit_basics.params import FixedParams, SmallCnnParams, SupervisedParams
from ferkit_basics.small_cnn import SmallCnn, grid_means, make_small_cnn
from ferkit_basics.supervised import make_supervised
from ferkit_basics.uniform import UniformWeighting
from pydantic import ValidationError

from ferkit.contracts.model import FeatureSpec
from ferkit.contracts.policies import Beliefs, Progress
from ferkit.contracts.training import EpochPlan, SplitBeliefs, SplitSizes
from ferkit.data import keyed
from ferkit.errors import FerkitError
from ferkit.plugin import Context, NoParams
from ferkit.testing import tiny_job
from ferkit.training.trainer import train

PROGRESS = Progress("phase", 0, 0, 1, 0, 1, ())


@pytest.mark.parametrize("eps", [0.0, 0.05, 0.2, 1.0])
def test_a1_label_smoothing(eps: float) -> None:
    classes = 7
    labels = torch.arange(classes)
    answer = smooth_labels(torch.eye(classes), eps)
    for y, row in zip(labels.tolist(), answer.tolist(), strict=True):
        expected = [1 - eps if k == y else eps / (classes - 1) for k in range(classes)]
        assert row == pytest.approx(expected, abs=1e-7)


def test_a1_eps_0_is_one_hot_and_05_is_the_default() -> None:
    assert torch.equal(smooth_labels(torch.eye(3), 0.0), torch.eye(3))
    assert FixedParams().eps == 0.05


@pytest.mark.parametrize("eps", [-0.01, 1.01])
def test_a1_eps_outside_0_1_is_an_error(eps: float) -> None:
    with pytest.raises(ValueError, match=r"eps must be in \[0, 1\]"):
        smooth_labels(torch.eye(3), eps)
    with pytest.raises(ValidationError):
        FixedParams(eps=eps)


def test_votes_are_smoothed_by_the_same_map() -> None:
    # .1 of each class's share goes to the two others: .5 -> .45 + .05 * .5, and so on.
    answer = smooth_labels(torch.tensor([[0.5, 0.3, 0.2]]), 0.1)
    assert answer[0].tolist() == pytest.approx([0.475, 0.305, 0.22])


def test_fixed_smooths_what_it_is_handed() -> None:
    targets = torch.tensor([[1.0, 0.0, 0.0]])
    beliefs = Beliefs(
        torch.zeros(1, dtype=torch.int64), torch.zeros(1), targets, targets, targets, torch.zeros(1)
    )
    said = FixedTargets(eps=0.3).update(beliefs, PROGRESS).target
    assert said[0].tolist() == pytest.approx([0.7, 0.15, 0.15])
    weights = UniformWeighting().weigh(beliefs, targets, PROGRESS)
    assert weights.weight.tolist() == [1.0]


def test_masked_mean_by_loop() -> None:
    features = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0))
    valid = torch.rand(4, 5, generator=torch.Generator().manual_seed(1)) > 0.5
    valid[0], valid[1] = False, True
    answer = masked_mean(features, valid)
    for row in range(4):
        members = [features[row, i] for i in range(5) if valid[row, i]]
        expected = sum(members) / len(members) if members else torch.zeros(3)
        torch.testing.assert_close(answer[row], expected)


def test_what_is_masked_may_even_be_nan() -> None:
    features = torch.tensor([[[1.0], [float("nan")]]])
    assert masked_mean(features, torch.tensor([[True, False]])).tolist() == [[1.0]]


def test_mean_needs_to_know_its_features() -> None:
    with pytest.raises(FerkitError, match="aggregation: 'mean' was not told"):
        make_mean(NoParams(), Context())
    spec = FeatureSpec(6, (), 1)
    assert make_mean(NoParams(), Context(slot="space", features=spec)).dim == 6


@pytest.mark.parametrize("size", [32, 48, 96, 100])
def test_small_cnn_from_32_px_up(size: int) -> None:
    for stride in (1, 2):
        made = make_small_cnn(SmallCnnParams(width=4, stride=stride), Context())
        features = made(torch.rand(2, 1, 3, size, size))
        assert features.pooled.shape == (2, 1, 32 * 9)
        assert [m.shape[2] for m in features.maps] == [4, 8, 16, 32]
        assert features.maps[0].shape[-1] == size // 2  # by pooling, or by the stride


@pytest.mark.parametrize(("height", "width", "cells"), [(3, 3, 3), (2, 5, 3), (7, 1, 2), (6, 4, 1)])
def test_grid_means_are_torchs_adaptive_pooling(height: int, width: int, cells: int) -> None:
    maps = torch.rand(2, 3, height, width)
    expected = torch.nn.functional.adaptive_avg_pool2d(maps, cells)
    torch.testing.assert_close(grid_means(maps, cells), expected)


def test_small_cnn_does_not_mind_brightness_and_contrast() -> None:
    torch.manual_seed(0)
    images = torch.rand(2, 1, 3, 32, 32)
    even = SmallCnn(width=4, stride=2, grid=2, even_light=True).eval()
    torch.testing.assert_close(even(images).pooled, even(0.4 * images + 0.3).pooled)
    blank = even(torch.full((1, 1, 3, 32, 32), 0.7)).pooled
    assert torch.isfinite(blank).all()
    uneven = SmallCnn(width=4, stride=2, grid=2, even_light=False).eval()
    assert not torch.allclose(uneven(images).pooled, uneven(0.4 * images + 0.3).pooled)


def test_small_cnn_regions_share_weights() -> None:
    torch.manual_seed(0)
    made = SmallCnn(width=4, stride=2, grid=2, even_light=False).eval()
    images = torch.rand(2, 3, 3, 32, 32)
    pooled = made(images).pooled
    for region in range(3):
        alone = made(images[:, region : region + 1]).pooled[:, 0]
        torch.testing.assert_close(pooled[:, region], alone)


def supervised_plan(**changes: int) -> EpochPlan:
    """Of an epoch over 21 labelled samples, 8 in a step."""
    loop = make_supervised(SupervisedParams(epochs=2, **changes), Context())
    return loop.plan_epoch(
        loop.phases()[0],
        SplitSizes(21, 9),
        SplitBeliefs(None, None),
        batch_size=8,
        epoch=0,
        generator=keyed.generator(0),
    )


def test_supervised_plans_every_labelled_sample_once() -> None:
    plan = supervised_plan()
    ids = [batch.labelled.tolist() for batch in plan.batches]
    assert [len(batch) for batch in ids] == [8, 8, 5]
    assert sorted(i for batch in ids for i in batch) == list(range(21))
    assert all(len(batch.unlabelled) == 0 for batch in plan.batches)


def test_supervised_in_so_many_steps() -> None:
    ids = [batch.labelled.tolist() for batch in supervised_plan(steps=9).batches]
    assert [len(batch) for batch in ids] == [8] * 9
    seen = [i for batch in ids for i in batch]
    passes = [seen[start : start + 21] for start in (0, 21, 42)]
    assert all(sorted(one) == list(range(21)) for one in passes)
    assert len({tuple(one) for one in passes}) == 3


def test_supervised_goes_on_from_given_weights(tmp_path) -> None:
    loop = make_supervised(SupervisedParams(epochs=2), Context())
    train(tiny_job(loop, tmp_path / "first"))
    second = train(
        tiny_job(loop, tmp_path / "second", init=tmp_path / "first" / "supervised.safetensors")
    )
    assert len(second.history) == 2
    assert second.notes == ()
