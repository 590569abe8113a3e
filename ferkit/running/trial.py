"""Builds what a run trains with before any face is prepared: mistakes show at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import torch

from ferkit.contracts.faces import RegionCropper
from ferkit.contracts.training import SSLLoop
from ferkit.model.build import build_model
from ferkit.plugin import Context, Kind
from ferkit.running.initial import initial_weights
from ferkit.running.needs import check_needs
from ferkit.running.student import student_of
from ferkit.training.devices import make_fabric, seed_device
from ferkit.training.phases import phases_of
from ferkit.training.predict import prediction_autocast
from ferkit.training.weights import load_init

if TYPE_CHECKING:
    from ferkit.catalogue import Catalogue
    from ferkit.model.face_model import FaceModel
    from ferkit.running.assemble import ReadSets
    from ferkit.sections import ModelSection, PolicySection, Recipe


class Trial:
    """Builds cropper, loop, policies and network of recipes for their errors, and drops them.

    What is the same as of a recipe before is not built again. Random numbers stay as they were.

    Args:
        catalogue: makes the components.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._built: set[str] = set()

    def __call__(
        self, recipe: Recipe, read: ReadSets, context: Context, *, has_init: bool | None = None
    ) -> None:
        """Try a recipe.

        Args:
            has_init: whether there will be weights to start from; None: whether the recipe names
                some.
            context: the run's seed, device and folder.
            read: its data sets. Their faces decide later whether the data suffice; what they can't
                bring is refused here.
        Raises: FerkitError: what the run would raise once its faces are prepared.
        """
        there = possible(recipe, read)
        check_needs(recipe, self._catalogue, there)
        fabric = make_fabric(recipe.training)
        prediction_autocast(recipe.training.prediction_precision, fabric.device, fabric.autocast)
        classes = tuple(recipe.data.classes or read["train"].classes)
        cropper = cast(
            RegionCropper,
            self._catalogue.build(Kind.REGION_CROPPER, recipe.faces.cropper, context),
        )
        context = replace(
            context, classes=classes, regions=cropper.regions, image_size=cropper.size
        )
        with torch.random.fork_rng(devices=[]):
            seed_device(0, torch.device("cpu"))
            self._loop(
                recipe,
                context,
                has_validation=there["validation"],
                has_init=recipe.init is not None if has_init is None else has_init,
            )
            self._network(recipe, context)

    def _loop(
        self, recipe: Recipe, context: Context, *, has_validation: bool, has_init: bool
    ) -> None:
        of = (recipe.loop, recipe.labelled, recipe.unlabelled, context, has_validation, has_init)
        if not self._new(of):
            return
        build = self._catalogue.build
        loop = cast(SSLLoop, build(Kind.SSL_LOOP, recipe.loop, context))
        phases_of(loop, has_validation=has_validation, has_init=has_init, smoke=False)
        for section in (recipe.labelled, recipe.unlabelled):
            self._policies(section, context)

    def _policies(self, section: PolicySection, context: Context) -> None:
        for update in section.label_updates:
            self._catalogue.build(Kind.LABEL_UPDATE, update, context)
        for weighting in section.weightings:
            self._catalogue.build(Kind.SAMPLE_WEIGHTING, weighting, context)

    def _network(self, recipe: Recipe, context: Context) -> None:
        if not self._new((recipe.model, recipe.student, recipe.init, context)):
            return

        def build(section: ModelSection) -> FaceModel:
            return build_model(self._catalogue.build, section, context)

        first = (build(recipe.model), initial_weights(recipe.init))
        student = student_of(recipe, build)
        others = [] if student is None else [(student.build(), student.init)]
        for network, init in (first, *others):
            if init is not None:
                load_init(network, init, classes=context.classes, note=lambda _: None)

    def _new(self, parts: tuple[object, ...]) -> bool:
        key = repr(parts)
        if key in self._built:
            return False
        self._built.add(key)
        return True


def possible(recipe: Recipe, read: ReadSets) -> dict[str, bool]:
    """Whether there may be samples without labels, and a validation split.

    Args:
        read: the recipe's data sets.
    """
    train, data = read["train"].samples, recipe.data
    return {
        "unlabelled": "unlabelled" in read
        or (data.hides_labels or data.uses_test_unlabelled)
        or any(sample.label < 0 or sample.split == "unlabelled" for sample in train),
        "validation": data.split.validation > 0
        or data.selection == "reported"
        or any(sample.split == "validation" for sample in train),
    }
