"""All three attentions in a network, from a recipe's model section."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ferkit.catalogue import Catalogue, catalogue
from ferkit.cli import main
from ferkit.errors import FerkitErrors
from ferkit.model.build import build_model
from ferkit.model.face_model import FaceModel
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe import validate

SIDE = 32
LEVELS = {
    "space": {"use": "spatial_attention", "hidden": 4},
    "regions": "region_attention",
    "frames": "frame_attention",
}
BACKBONE = {"use": "small_cnn", "width": 4}


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return catalogue(load())


def recipe(known: Catalogue, **model):
    document = {"data": {"train": "rendered"}, "model": {"backbone": BACKBONE, **model}}
    return validate(document, catalogue=known)


def network(known: Catalogue, regions: int = 1, **model) -> FaceModel:
    section = recipe(known, **model).model
    names = tuple(f"region{i}" for i in range(regions))
    torch.manual_seed(0)
    context = Context(classes=("a", "b"), regions=names, image_size=SIDE)
    return build_model(known.build, section, context).eval()


def pixels(samples: int, frames: int, regions: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(samples, frames, regions, 3, SIDE, SIDE, generator=generator)


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("regions", [1, 3])
@pytest.mark.parametrize("feature_dim", [None, 10])
def test_weights_that_core_can_draw(known, frames, regions, feature_dim) -> None:
    made = network(known, regions, aggregation=LEVELS, feature_dim=feature_dim)
    valid = torch.ones(2, frames, regions, dtype=torch.bool)
    valid[1, 1:] = False
    output = made(pixels(2, frames, regions), valid)
    assert output.features.shape == (2, feature_dim or 2 * (4 + 8 + 16 + 32))
    sides = [each.shape[-1] for each in output.weights["space"]]
    assert sides == [16, 8, 4, 2]
    shown = valid.any(-1)
    for weights in output.weights["space"]:
        assert weights.shape[:4] == (2, frames, regions, 2)
        sums = weights.sum((-2, -1))
        torch.testing.assert_close(sums, shown[..., None, None].float().expand_as(sums))
    (over_regions,), (over_frames,) = output.weights["regions"], output.weights["frames"]
    assert over_regions.shape == (2, frames, regions)
    torch.testing.assert_close(over_regions.sum(-1), shown.float())
    assert over_frames.shape == (2, frames)
    torch.testing.assert_close(over_frames.sum(-1), torch.ones(2))
    assert output.penalty.shape == (2,)


@pytest.mark.parametrize("feature_dim", [None, 10])
def test_padding_and_missing_regions_change_nothing_to_the_bit(known, feature_dim) -> None:
    made = network(known, 3, aggregation=LEVELS, feature_dim=feature_dim)
    valid = torch.ones(2, 3, 3, dtype=torch.bool)
    valid[0, 2] = False
    valid[1, 0, 1] = False
    given = pixels(2, 3, 3)
    changed = given.clone()
    changed[~valid] = 0.77
    first, second = made(given, valid), made(changed, valid)
    assert torch.equal(first.logits, second.logits)
    assert torch.equal(first.penalty, second.penalty)
    assert first.weights["regions"][0][1, 0, 1] == 0
    longer = torch.cat([given, given], 1)
    mask = torch.cat([valid, torch.zeros_like(valid)], 1)
    torch.testing.assert_close(made(longer, mask).logits, first.logits, rtol=0, atol=1e-6)


def test_a_clip_with_nothing_valid(known) -> None:
    made = network(known, 3, aggregation=LEVELS, feature_dim=10).train()
    valid = torch.ones(2, 2, 3, dtype=torch.bool)
    valid[1] = False
    output = made(pixels(2, 2, 3), valid)
    assert torch.equal(output.logits[1], made.head.bias)
    assert output.penalty[1] == 0
    (output.logits.square().sum() + output.penalty.sum()).backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name


def test_b12_penalty_is_a_mean_over_valid_frames(known) -> None:
    made = network(known, aggregation=LEVELS)
    given = pixels(1, 3, 1)
    valid = torch.tensor([[[True], [False], [True]]])
    alone = [
        made(given[:, [t]], torch.ones(1, 1, 1, dtype=torch.bool)).penalty.item() for t in (0, 2)
    ]
    assert made(given, valid).penalty.item() == pytest.approx(sum(alone) / 2)
    assert alone[0] != alone[1]


@pytest.mark.parametrize("space", ["mean", "stage_means", "spatial_attention"])
@pytest.mark.parametrize("regions", ["mean", "region_attention"])
@pytest.mark.parametrize("frames", ["mean", "frame_attention"])
def test_b24_each_level_goes_with_means_on_the_others(known, space, regions, frames) -> None:
    aggregation = {"space": space, "regions": regions, "frames": frames}
    made = network(known, 3, aggregation=aggregation, feature_dim=10)
    output = made(pixels(2, 2, 3), torch.ones(2, 2, 3, dtype=torch.bool))
    assert output.features.shape == (2, 10)
    output.logits.square().sum().backward()
    for name in ("space", "regions", "frames"):
        for parameter in getattr(made, name).parameters():
            assert bool(parameter.grad.any()), name


@pytest.mark.parametrize("backbone", [{"use": "resnet"}, {"use": "vgg", "depth": 11}])
def test_other_backbones(known, backbone) -> None:
    made = network(known, backbone={**backbone}, aggregation=LEVELS)
    output = made(pixels(1, 1, 1), torch.ones(1, 1, 1, dtype=torch.bool))
    assert len(output.weights["space"]) == {"resnet": 4, "vgg": 5}[backbone["use"]]
    assert bool(torch.isfinite(output.logits).all())


@pytest.mark.parametrize("space", ["spatial_attention", "stage_means"])
def test_a_backbone_without_maps_is_refused_when_the_recipe_is_read(known, space) -> None:
    entries = {(entry.kind, entry.name): entry for entry in known.entries()}
    key = (Kind.BACKBONE, "small_cnn")
    entries[key] = replace(entries[key], component=replace(entries[key].component, provides=()))
    without = Catalogue(known.loaded, entries)
    with pytest.raises(FerkitErrors, match=f"'{space}' needs 'maps', and nothing in this recipe"):
        recipe(without, aggregation={"space": space})


@pytest.mark.parametrize(
    ("slot", "name", "own"),
    [
        ("space", "region_attention", "regions"),
        ("regions", "frame_attention", "frames"),
        ("frames", "spatial_attention", "space"),
        ("frames", "stage_means", "space"),
    ],
)
def test_check_refuses_what_is_in_another_slot(slot, name, own, capsys) -> None:
    setting = f"model.aggregation.{slot}={name}"
    assert main(["check", "quickstart", "--set", setting]) == 2
    told = capsys.readouterr().err
    assert f"--set model.aggregation.{slot}: " in told
    assert f"'{name}' pools over {own}, not over {slot}. Use it as model.aggregation.{own}." in told


def test_check_refuses_a_penalty_that_nothing_has(capsys) -> None:
    recipe = ["check", "paper_b_attention"]
    assert main(recipe) == 0
    capsys.readouterr()
    assert main([*recipe, "--set", "model.aggregation.space=mean"]) == 2
    told = capsys.readouterr().err
    assert "('mean', 'region_attention', 'frame_attention') has a penalty." in told
    assert "set it to 0. Provided by: aggregation 'spatial_attention'." in told
    setting = ["--set", "model.aggregation.space=mean", "--set", "model.penalty=0"]
    assert main([*recipe, *setting]) == 0
    assert "space=mean drops what the recipe had there: model.aggregation.space.hops: 2." in (
        capsys.readouterr().err
    )
