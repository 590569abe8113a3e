"""Every piece with every other: each pair of components trains one epoch together, in some row."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from allpairspy import AllPairs

from ferkit.catalogue import catalogue
from ferkit.model.build import build_model
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe_models import RecipeModels, pick_model
from ferkit.sections import ModelSection, OptimiserSection, TrainingSection
from ferkit.testing import tiny_split
from ferkit.training.job import PolicyChain, TrainingJob
from ferkit.training.trainer import train

CLASSES = ("anger", "happy", "sad")
SIZE = 32
REGIONS = ("face", "eyes", "mouth")
CHEAP: dict[str, dict[str, Any]] = {
    "small_cnn": {"width": 4},
    "grouped_resnet": {"width": 4},
    "vgg": {"depth": 11},
    "vggface": {"fully_connected": False},
    "supervised": {"epochs": 1},
    "self_training": {"initial_epochs": 1, "iterations": 1, "tau": 0.0, "fraction": 0.5},
    "noisy_student": {"rounds": 1, "ratio": 1},
    "spatial_attention": {"hops": 2},
}

SLOTS = {
    "space": ["mean", "spatial_attention", "stage_means"],
    "region": ["mean", "region_attention"],
    "frame": ["mean", "frame_attention"],
}
"""Aggregations and the axis they are for."""

KNOWN = catalogue(load())
MODELS = RecipeModels(KNOWN)


def names(kind: Kind) -> list[str]:
    """Those that ferkit itself brings."""
    return [entry.name for entry in KNOWN.entries(kind) if entry.distribution == "ferkit"]


PIECES: dict[str, list[Any]] = {
    "backbone": names(Kind.BACKBONE),
    "loop": names(Kind.SSL_LOOP),
    "update": names(Kind.LABEL_UPDATE),
    "weighting": names(Kind.SAMPLE_WEIGHTING),
    **SLOTS,
    "frames": [1, 3],
    "regions": [1, 3],
}
ROWS = [tuple(row) for row in AllPairs(list(PIECES.values()))]


def test_every_aggregation_has_its_axis_here() -> None:
    assert {name for slot in SLOTS.values() for name in slot} == set(names(Kind.AGGREGATION))


def test_rows_hold_every_pair() -> None:
    for first, second in combinations(range(len(PIECES)), 2):
        held = {(row[first], row[second]) for row in ROWS}
        values = list(PIECES.values())
        assert held == {(one, other) for one in values[first] for other in values[second]}


def section(backbone: str, space: str, region: str, frame: str) -> ModelSection:
    """The model section of a recipe with these components."""

    def use(name: str) -> dict[str, Any]:
        return {"use": name, **CHEAP.get(name, {})}

    model = MODELS.recipe.model_fields["model"].annotation
    given = {
        "backbone": use(backbone),
        "aggregation": {"space": use(space), "regions": use(region), "frames": use(frame)},
        "frames": 2,
        "penalty": 0.1 if space == "spatial_attention" else 0.0,
    }
    validated: ModelSection = model.model_validate(given)  # type: ignore[union-attr]
    return validated


@pytest.mark.parametrize(tuple(PIECES), ROWS)
def test_combination(
    backbone, loop, update, weighting, space, region, frame, frames, regions, tmp_path: Path
) -> None:
    context = Context(seed=1, classes=CLASSES, image_size=SIZE, regions=REGIONS[:regions])

    def make(kind: Kind, name: str):
        chosen = pick_model(KNOWN, kind, name)(use=name, **CHEAP.get(name, {}))
        return KNOWN.build(kind, chosen, context)

    model = section(backbone, space, region, frame)
    chain = PolicyChain([make(Kind.LABEL_UPDATE, update)], [make(Kind.SAMPLE_WEIGHTING, weighting)])

    def split(samples: int, **given):
        return tiny_split(samples, frames=frames, regions=regions, size=SIZE, **given)

    job = TrainingJob(
        training=TrainingSection(
            batch_size=8, device="cpu", threads=1, optimiser=OptimiserSection(name="sgd")
        ),
        model=model,
        seed=1,
        classes=CLASSES,
        loop=make(Kind.SSL_LOOP, loop),
        build_model=lambda: build_model(KNOWN.build, model, context),
        folder=tmp_path,
        labelled=split(8),
        unlabelled=split(4, labelled=False, seed=1),
        validation=split(3, seed=2),
        labelled_policies=chain,
        image_size=SIZE,
        smoke=True,
    )
    trained = train(job)
    assert [row["epoch"] for row in trained.history] == [1] * len(job.loop.phases())
    assert all(math.isfinite(row["train_loss"]) for row in trained.history)
    assert trained.labelled.probs.shape == (8, 3)
