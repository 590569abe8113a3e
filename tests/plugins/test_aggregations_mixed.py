"""FAN, the temporal transformer and GeM in a network, from a recipe's model section."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ferkit.catalogue import Catalogue, catalogue
from ferkit.cli import main
from ferkit.errors import FerkitErrors
from ferkit.model.build import build_model
from ferkit.model.face_model import FaceModel
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe import validate

SIDE, WIDTH = 32, 16
FRAMES = {
    "fan": {"use": "fan"},
    "self": {"use": "fan", "attention": "self"},
    "token": {"use": "temporal_transformer", "width": WIDTH},
    "mean": {"use": "temporal_transformer", "width": None, "read": "mean", "position": "learnt"},
}
KNOWN = catalogue(load())


def recipe(known: Catalogue, **aggregation):
    backbone = {"use": "small_cnn", "width": 4}
    document = {
        "data": {"train": "rendered"},
        "model": {"backbone": backbone, "aggregation": aggregation, "frames": 3},
    }
    return validate(document, catalogue=known)


def network(regions: int = 1, **aggregation) -> FaceModel:
    section = recipe(KNOWN, **aggregation).model
    torch.manual_seed(0)
    names = tuple(f"region{i}" for i in range(regions))
    context = Context(classes=("a", "b"), regions=names, image_size=SIDE)
    return build_model(KNOWN.build, section, context).eval()


@pytest.mark.parametrize("frames", FRAMES)
@pytest.mark.parametrize("space", ["mean", "gem"])
def test_padding_changes_nothing_to_the_bit_and_all_is_trained(frames, space) -> None:
    made = network(2, space=space, frames=FRAMES[frames])
    given = torch.rand(3, 3, 2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    valid = torch.ones(3, 3, 2, dtype=torch.bool)
    valid[0, 2], valid[1, 1:], valid[2] = False, False, False
    changed = given.clone()
    changed[~valid] = 0.77
    first, second = made(given, valid), made(changed, valid)
    assert torch.equal(first.logits, second.logits)
    assert torch.equal(first.logits[2], made.head.bias)
    (shares,) = first.weights["frames"]
    torch.testing.assert_close(shares.sum(1), torch.tensor([1.0, 1.0, 0.0]))
    assert not shares[~valid.any(2)].any()
    if space == "gem":
        assert first.weights["space"][0].shape == (3, 3, 2, 1, 2, 2)
    made.train()
    made(given, valid).logits.square().sum().backward()
    for slot in ("space", "frames"):
        for name, parameter in getattr(made, slot).named_parameters():
            assert parameter.grad is not None, name
            assert bool(torch.isfinite(parameter.grad).all()), name


@pytest.mark.parametrize("frames", FRAMES)
def test_a_clip_of_one_frame(frames) -> None:
    made = network(frames=FRAMES[frames])
    output = made(torch.rand(2, 1, 1, 3, SIDE, SIDE), torch.ones(2, 1, 1, dtype=torch.bool))
    assert bool(torch.isfinite(output.logits).all())
    assert output.weights["frames"][0].tolist() == [[1.0], [1.0]]


def test_a_backbone_without_maps_is_refused_when_the_recipe_is_read() -> None:
    entries = {(entry.kind, entry.name): entry for entry in KNOWN.entries()}
    key = (Kind.BACKBONE, "small_cnn")
    entries[key] = replace(entries[key], component=replace(entries[key].component, provides=()))
    with pytest.raises(FerkitErrors, match="'gem' needs 'maps', and nothing in this recipe"):
        recipe(Catalogue(KNOWN.loaded, entries), space="gem")


@pytest.mark.parametrize(
    ("slot", "name", "own"),
    [
        ("regions", "fan", "frames"),
        ("space", "temporal_transformer", "frames"),
        ("frames", "gem", "space"),
    ],
)
def test_check_refuses_what_is_in_another_slot(slot, name, own, capsys) -> None:
    assert main(["check", "quickstart", "--set", f"model.aggregation.{slot}={name}"]) == 2
    told = capsys.readouterr().err
    assert f"'{name}' pools over {own}, not over {slot}. Use it as model.aggregation.{own}." in told


def test_check_refuses_heads_that_do_not_divide(capsys) -> None:
    setting = "model.aggregation.frames={use: temporal_transformer, heads: 3}"
    assert main(["check", "quickstart", "--set", setting]) == 2
    assert "3 heads do not divide a width of 256" in capsys.readouterr().err
