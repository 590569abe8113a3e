"""What all enhancers without weights owe: range, shape, and images that know nothing of others."""

from __future__ import annotations

import pytest
import torch

from ferkit.catalogue import catalogue
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe_models import pick_model

NAMES = ("clahe", "gamma", "none")


@pytest.fixture(params=NAMES)
def enhancer(request: pytest.FixtureRequest):
    """Each of them with its defaults."""
    return made(request.param)


def made(name: str):
    """An enhancer as a recipe makes it."""
    known = catalogue(load(["enhance"]))
    chosen = pick_model(known, Kind.ENHANCER, name)(use=name)
    return known.build(Kind.ENHANCER, chosen, Context())


def pictures(count: int, height: int, width: int) -> torch.Tensor:
    """Pictures of very different brightness, (count, 3, height, width)."""
    random = torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(3))
    return random * torch.linspace(0.05, 1, count)[:, None, None, None]


def test_the_plugin_offers_these() -> None:
    offered = {offer.component.name for offer in load(["enhance"]).offers}
    assert offered == set(NAMES)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (17, 31), (64, 64)])
def test_shape_and_range(enhancer, size: tuple[int, int]) -> None:
    images = pictures(3, *size)
    answer = enhancer(images)
    assert answer.shape == images.shape
    assert answer.dtype == torch.float32
    assert 0 <= float(answer.min()) <= float(answer.max()) <= 1
    assert enhancer(images[:0]).shape == (0, 3, *size)


def test_an_image_does_not_depend_on_the_others(enhancer) -> None:
    images = pictures(5, 40, 48)
    together = enhancer(images)
    for number in range(5):
        alone = enhancer(images[number : number + 1])[0]
        assert torch.allclose(together[number], alone, atol=1e-6)
    others = torch.cat([images[:1], 1 - images[1:]])
    assert torch.equal(enhancer(others)[0], together[0])


def test_none_is_the_image_itself() -> None:
    images = pictures(2, 8, 8)
    assert made("none")(images) is images
