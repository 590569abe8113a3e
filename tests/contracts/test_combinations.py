"""Every loop x backbone x label update x weighting trains one epoch, on stills and on clips."""

from __future__ import annotations

import copy
import functools
import math
from itertools import product
from pathlib import Path

import pytest

from ferkit.catalogue import catalogue
from ferkit.model.build import build_model
from ferkit.model.face_model import FaceModel
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe_models import RecipeModels, pick_model
from ferkit.sections import ModelSection, OptimiserSection, TrainingSection
from ferkit.testing import tiny_split
from ferkit.training.job import PolicyChain, TrainingJob
from ferkit.training.trainer import train

CLASSES = ("anger", "happy", "sad")
SIZE = 32
CHEAP = {
    "small_cnn": {"width": 4},
    "grouped_resnet": {"width": 4},
    "vgg": {"depth": 11},
    "vggface": {"fully_connected": False},
    "supervised": {"epochs": 1},
    "self_training": {"initial_epochs": 1, "iterations": 1, "tau": 0.0, "fraction": 0.5},
    "noisy_student": {"rounds": 1, "ratio": 1},
}

LARGE = ("resnet", "vgg", "vggface")
"""Backbones of ten million weights: drawn once, and not written; small_cnn shows both."""

KNOWN = catalogue(load())
MODELS = RecipeModels(KNOWN)


def names(kind: Kind) -> list[str]:
    """Those that ferkit itself brings."""
    return [entry.name for entry in KNOWN.entries(kind) if entry.distribution == "ferkit"]


@pytest.fixture(scope="module", params=[1, 3], ids=["stills", "clips"])
def splits(request):
    frames = request.param
    return {
        "labelled": tiny_split(8, frames=frames, size=SIZE),
        "unlabelled": tiny_split(4, labelled=False, frames=frames, size=SIZE, seed=1),
        "validation": tiny_split(3, frames=frames, size=SIZE, seed=2),
    }


@functools.cache
def drawn_once(backbone: str) -> FaceModel:
    """A network as the recipe's model section makes it."""
    context = Context(seed=1, classes=CLASSES, image_size=SIZE)
    return build_model(KNOWN.build, section(backbone), context)


def section(backbone: str) -> ModelSection:
    model = MODELS.recipe.model_fields["model"].annotation
    return model.model_validate(
        {"backbone": {"use": backbone, **CHEAP.get(backbone, {})}, "frames": 2}
    )


@pytest.mark.parametrize(
    ("loop", "backbone", "update", "weighting"),
    list(
        product(
            names(Kind.SSL_LOOP),
            names(Kind.BACKBONE),
            names(Kind.LABEL_UPDATE),
            names(Kind.SAMPLE_WEIGHTING),
        )
    ),
)
def test_combination(
    splits, loop, backbone, update, weighting, tmp_path: Path, monkeypatch
) -> None:
    context = Context(seed=1, classes=CLASSES, image_size=SIZE)

    def make(kind: Kind, name: str):
        chosen = pick_model(KNOWN, kind, name)(use=name, **CHEAP.get(name, {}))
        return KNOWN.build(kind, chosen, context)

    if backbone in LARGE:
        monkeypatch.setattr("ferkit.training.session.save_checkpoint", lambda *given: None)
        monkeypatch.setattr("ferkit.training.trainer.save_weights", lambda *given: None)
        monkeypatch.setattr("ferkit.training.trainer.conclude_rounds", lambda *given: None)
    chain = PolicyChain([make(Kind.LABEL_UPDATE, update)], [make(Kind.SAMPLE_WEIGHTING, weighting)])
    job = TrainingJob(
        training=TrainingSection(
            batch_size=8, device="cpu", threads=1, optimiser=OptimiserSection(name="sgd")
        ),
        model=section(backbone),
        seed=1,
        classes=CLASSES,
        loop=make(Kind.SSL_LOOP, loop),
        build_model=lambda: copy.deepcopy(drawn_once(backbone)),
        folder=tmp_path,
        labelled_policies=chain,
        image_size=SIZE,
        smoke=True,
        **splits,
    )
    trained = train(job)
    assert [row["epoch"] for row in trained.history] == [1] * len(job.loop.phases())
    assert all(math.isfinite(row["train_loss"]) for row in trained.history)
    assert trained.labelled.probs.shape == (8, 3)
