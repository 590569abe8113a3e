"""Components that offer "pooled_maps" or "linear" keep what these words promise."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import adaptive_avg_pool2d

from ferkit.catalogue import Entry, catalogue
from ferkit.contracts.model import FeatureSpec
from ferkit.errors import FerkitError
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe_models import pick_model

KNOWN = catalogue(load())
SIZE = 64
REGIONS = ("face", "eyes")
SMALL = {"small_cnn": {"width": 4}, "grouped_resnet": {"width": 4}, "vgg": {"depth": 11}}
OTHER = {
    "vggface": {"fully_connected": False},
    "vgg": {"depth": 11, "batch_norm": True},
    "ir50": {"embedding": False},
    "mobilefacenet": {"embedding": False},
    "timm": {"name": "test_convnext", "features": "mean"},
}


def offering(kind: Kind, word: str) -> list[tuple[str, dict]]:
    """Components with parameters with which they provide a word."""
    found = []
    for entry in KNOWN.entries(kind):
        for params in (SMALL.get(entry.name, {}), OTHER.get(entry.name)):
            if params is not None and word in words(entry, params):
                found.append((entry.name, params))
    return found


def words(entry: Entry, params: dict) -> set[str]:
    try:
        chosen = pick_model(KNOWN, entry.kind, entry.name)(use=entry.name, **params)
    except (FerkitError, ValueError):
        return set()  # needs a file or a package
    return {*entry.component.provides, *chosen.provides()}


def test_parameters_have_their_say() -> None:
    names = [name for name, _ in offering(Kind.BACKBONE, "pooled_maps")]
    assert {"small_cnn", "resnet", "grouped_resnet", "vgg", "vggface"} <= set(names)
    for name in ("vgg", "vggface"):
        entry = KNOWN.get(Kind.BACKBONE, name)
        assert "pooled_maps" not in words(entry, {"fully_connected": True})


@pytest.mark.parametrize(("name", "params"), offering(Kind.BACKBONE, "pooled_maps"))
def test_features_are_means_of_the_last_map(name: str, params: dict) -> None:
    """Over a grid of so many cells a side as the length of the features says."""
    chosen = pick_model(KNOWN, Kind.BACKBONE, name)(use=name, **params)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        context = Context(regions=REGIONS, image_size=SIZE)
        backbone = KNOWN.build(Kind.BACKBONE, chosen, context).eval()
    with torch.no_grad():
        features = backbone(torch.rand(2, 2, 3, SIZE, SIZE))
    last = features.maps[-1].flatten(0, 1)
    side = math.isqrt(features.pooled.shape[-1] // last.shape[1])
    expected = adaptive_avg_pool2d(last, side).reshape(features.pooled.shape)
    torch.testing.assert_close(features.pooled, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "params"), offering(Kind.AGGREGATION, "linear"))
def test_a_linear_aggregation_is_a_weighted_mean(name: str, params: dict) -> None:
    """Of members that are multiples of unit vectors it gives the weights themselves."""
    count = 4
    slots = [
        word.removeprefix("slot=")
        for word in KNOWN.get(Kind.AGGREGATION, name).component.provides
        if word.startswith("slot=")
    ]
    for slot in {"regions", "frames"} & set(slots or ["frames"]):
        chosen = pick_model(KNOWN, Kind.AGGREGATION, name)(use=name, **params)
        context = Context(slot=slot, features=FeatureSpec(dim=count))
        pool = KNOWN.build(Kind.AGGREGATION, chosen, context)
        assert pool.dim == count
        valid = torch.tensor([[True, True, True, False]])
        found = pool(2 * torch.eye(count)[None], valid).features[0] / 2
        assert (found[:3] > 0).all()
        assert found[3] == 0
        torch.testing.assert_close(found.sum(), torch.tensor(1.0))
