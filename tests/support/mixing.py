"""Trainings of any mix of components on tiny data, for the tests of mixing and the full product."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from ferkit.catalogue import catalogue
from ferkit.errors import FerkitErrors
from ferkit.model.build import build_model
from ferkit.plugin import SLOTS, Context, Kind
from ferkit.plugins import load
from ferkit.recipe import validate
from ferkit.recipe_models import RecipeModels
from ferkit.sections import PolicySection, Recipe
from ferkit.testing import tiny_split
from ferkit.training.job import PolicyChain, Silence, TrainingJob

Mix = Mapping[str, Any]
"""A value for each name in `PIECES`."""

CLASSES = ("anger", "happy", "sad")
SIZE = 32
REGIONS = ("face", "eyes", "mouth")
CHEAP: dict[str, dict[str, Any]] = {
    "small_cnn": {"width": 4},
    "grouped_resnet": {"width": 4},
    "vgg": {"depth": 11},
    "vggface": {"fully_connected": False},
    "ir50": {"embedding": False},
    "mobilefacenet": {"embedding": False},
    "timm": {"name": "test_resnet", "features": "mean"},
    "self_training": {"initial_epochs": 1, "iterations": 1, "tau": 0.0, "fraction": 0.5},
    "noisy_student": {"rounds": 1, "teacher_epochs": 1, "student_epochs": 1},
    "spatial_attention": {"hops": 2},
    "temporal_transformer": {"width": 8, "heads": 2},
    "scn_relabel": {"start_epoch": 1},
    "selc": {"turning": 0},
    "confidence": {"threshold": 0.3},
    "flexmatch": {"threshold": 0.3},
    "successive_smoothing": {"alpha": 0.4},
    "gmm": {"warm_up": 0},
    "confident_joint": {"warm_up": 0},
    "confident_joint_relabel": {"warm_up": 0},
}
"""Parameters that make a component quick, or let it act at once: of three classes none is surer
than .95 in the first steps. (`loss_trend` and the thresholds of `ada_cm` move only after more
epochs than there are here; their own tests have these.)"""
DEAR = {"ir50": 16, "vggface": 8, "vgg": 4, "resnet": 3, "efficientnet": 3, "torchvision": 2}
"""Backbones that take more time than the others, and how many times as much, roughly."""

KNOWN = catalogue(load())
MODELS = RecipeModels(KNOWN)
PLAIN: Mix = {
    "loop": "noisy_student",
    "backbone": "small_cnn",
    "labelled_update": "fixed",
    "labelled_weighting": "uniform",
    "unlabelled_update": "fixed",
    "unlabelled_weighting": "uniform",
    "space": "mean",
    "region": "mean",
    "frame": "mean",
    "frames": 1,
    "regions": 1,
}
"""A mix that works whichever one of its pieces is another."""


def names(kind: Kind) -> list[str]:
    """Those that ferkit itself brings."""
    return [entry.name for entry in KNOWN.entries(kind) if entry.distribution == "ferkit"]


def _fitting(slot: str) -> list[str]:
    entries = [KNOWN.get(Kind.AGGREGATION, name) for name in names(Kind.AGGREGATION)]
    return [
        entry.name
        for entry in entries
        if f"slot={slot}" in entry.component.provides
        or not any(f"slot={one}" in entry.component.provides for one in SLOTS)
    ]


def pieces() -> dict[str, list[Any]]:
    """All values of each piece of a mix that some recipe may name there."""
    updates, weightings = names(Kind.LABEL_UPDATE), names(Kind.SAMPLE_WEIGHTING)
    found: dict[str, list[Any]] = {
        "loop": names(Kind.SSL_LOOP),
        "backbone": names(Kind.BACKBONE),
        "labelled_update": updates,
        "labelled_weighting": weightings,
        "unlabelled_update": updates,
        "unlabelled_weighting": weightings,
        "space": _fitting("space"),
        "region": _fitting("regions"),
        "frame": _fitting("frames"),
        "frames": [1, 3],
        "regions": [1, 3],
    }
    return {
        piece: [one for one in values if not refusals({**PLAIN, piece: one})]
        for piece, values in found.items()
    }


def document(mix: Mix) -> dict[str, Any]:
    """The recipe of a mix."""

    def use(name: str) -> dict[str, Any]:
        return {"use": name, **CHEAP.get(name, {})}

    loop = use(mix["loop"])
    fields = KNOWN.params_model(Kind.SSL_LOOP, mix["loop"]).model_fields
    least = {"epochs": 1, "ratio": mix.get("ratio", 1)}
    loop |= {key: value for key, value in least.items() if key in fields}
    several = mix["regions"] > 1
    return {
        "seed": 1,
        "data": {
            "train": {"use": "rendered", "count": 20},
            "test": {"use": "rendered", "count": 20},
            "unlabelled": {"use": "rendered", "count": 20, "labelled": False},
            "split": {"validation": 0.2},
        },
        "faces": {"cropper": {"use": "face_eyes_mouth" if several else "face", "size": SIZE}},
        "model": {
            "backbone": use(mix["backbone"]),
            "aggregation": {
                "space": use(mix["space"]),
                "regions": use(mix["region"]),
                "frames": use(mix["frame"]),
            },
            "frames": 2,
            "penalty": 0.1 if mix["space"] == "spatial_attention" else 0.0,
        },
        "training": {
            "batch_size": 4,
            "device": "cpu",
            "threads": 1,
            "optimiser": {"name": "sgd", "lr": 1e-3},
        },
        "loop": loop,
        "labelled": {
            "label_updates": [use(mix["labelled_update"])],
            "weightings": [use(mix["labelled_weighting"])],
        },
        "unlabelled": {
            "label_updates": [use(mix["unlabelled_update"])],
            "weightings": [use(mix["unlabelled_weighting"])],
        },
    }


def read(mix: Mix) -> Recipe:
    """The recipe of a mix. Raises: FerkitErrors: it is refused."""
    return validate(document(mix), catalogue=KNOWN, models=MODELS, name="mix")


def cost(mix: Mix) -> float:
    """How long a mix takes, roughly, in units of one small picture per sample."""
    return DEAR.get(mix["backbone"], 1) * float(mix["frames"] * mix["regions"])


def refusals(mix: Mix) -> tuple[str, ...]:
    """Why a recipe of a mix is refused; () if it is not."""
    return _refusals(tuple(sorted(mix.items())))


@cache
def _refusals(mix: tuple[tuple[str, Any], ...]) -> tuple[str, ...]:
    try:
        read(dict(mix))
    except FerkitErrors as errors:
        return tuple(str(error) for error in errors.errors)
    return ()


def refused_pairs(given: Mapping[str, list[Any]]) -> dict[tuple[Any, ...], tuple[str, ...]]:
    """(piece, value, other piece, its value) of which no recipe may have both, and why."""
    found = {}
    for first, second in combinations(given, 2):
        for one in given[first]:
            for other in given[second]:
                why = refusals({**PLAIN, first: one, second: other})
                if why:
                    found[first, one, second, other] = why
    return found


class StopOnce(Silence):
    """Presses Ctrl-C after so many steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step_finished(self, done: int, total: int, loss: float | None) -> None:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


def job(mix: Mix, folder: Path, *, stop_after: int = 0) -> TrainingJob:
    """A training of some steps: 8 labelled, 8 unlabelled and 3 validation samples of noise.

    Args:
        stop_after: steps after which Ctrl-C is pressed; 0: never.
    """
    recipe, regions = read(mix), mix["regions"]
    context = Context(seed=1, classes=CLASSES, image_size=SIZE, regions=REGIONS[:regions])

    def chain(section: PolicySection) -> PolicyChain:
        return PolicyChain(
            [KNOWN.build(Kind.LABEL_UPDATE, one, context) for one in section.label_updates],
            [KNOWN.build(Kind.SAMPLE_WEIGHTING, one, context) for one in section.weightings],
        )

    def split(samples: int, **given: Any) -> Any:
        return tiny_split(samples, frames=mix["frames"], regions=regions, size=SIZE, **given)

    return TrainingJob(
        training=recipe.training,
        model=recipe.model,
        seed=1,
        classes=CLASSES,
        loop=KNOWN.build(Kind.SSL_LOOP, recipe.loop, context),
        build_model=lambda: build_model(KNOWN.build, recipe.model, context),
        folder=folder,
        labelled=split(8),
        unlabelled=split(8, labelled=False, seed=1),
        validation=split(3, seed=2),
        labelled_policies=chain(recipe.labelled),
        unlabelled_policies=chain(recipe.unlabelled),
        image_size=SIZE,
        observer=StopOnce(stop_after) if stop_after else Silence(),
    )
