"""One entry for all kinds: look a component up, make it, hold it to its contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ferkit.catalogue import Catalogue, Entry, catalogue
from ferkit.compatibility import fulfils, slots
from ferkit.errors import FerkitError
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe_models import pick_model
from ferkit.testing.aggregation import check_aggregation
from ferkit.testing.backbone import Make, check_backbone
from ferkit.testing.cropper import check_region_cropper
from ferkit.testing.dataset import check_dataset
from ferkit.testing.detector import check_face_detector
from ferkit.testing.enhancer import check_enhancer
from ferkit.testing.loop import check_ssl_loop
from ferkit.testing.policy import check_label_update, check_sample_weighting
from ferkit.testing.reader import check_video_reader

REGION_COUNTS = (1, 3)
"""Numbers of regions that a backbone is tried with, where its `requires` allow them."""


def check(kind: Kind | str, name: str, /, **params: Any) -> None:
    """Hold an installed component to the contract of its kind.

    Args:
        kind: such as "backbone". name: what recipes write after `use:`.
        params: its parameters; those that are left out have their defaults.
    Raises:
        AssertionError: says what is wrong.
        FerkitError: no such component, wrong parameters, or no check for its kind.
    """
    known = catalogue(load())
    entry = known.get(Kind(kind), name)
    if entry.kind not in CHECKS:
        have = ", ".join(sorted(each.value for each in CHECKS))
        raise FerkitError(
            f"there is no contract check for {entry.kind.value}.",
            hint=f"There are some for: {have}.",
        )
    CHECKS[entry.kind](entry, maker(known, entry, params))


def maker(known: Catalogue, entry: Entry, params: Mapping[str, Any]) -> Make:
    """A function that makes the component as a recipe would."""
    chosen = pick_model(known, entry.kind, entry.name)(use=entry.name, **params)

    def make(context: Context) -> Any:
        return known.build(entry.kind, chosen, context)

    return make


def _backbone(entry: Entry, make: Make) -> None:
    words = [word for word in entry.component.requires if word.startswith("regions")]
    fit = [
        count
        for count in REGION_COUNTS
        if all(fulfils({f"regions={count}"}, word) for word in words)
    ]
    check_backbone(make, regions=fit)


def _aggregation(entry: Entry, make: Make) -> None:
    declared = slots(entry)
    worked = check_aggregation(make, may_penalise="penalty" in entry.component.provides)
    assert not declared or set(declared) == set(worked), (
        f"its factory accepts the slots {', '.join(worked)}, and its declaration names "
        f"{', '.join(declared)}"
    )


def _label_update(entry: Entry, make: Make) -> None:
    check_label_update(make)


def _sample_weighting(entry: Entry, make: Make) -> None:
    check_sample_weighting(make)


def _ssl_loop(entry: Entry, make: Make) -> None:
    check_ssl_loop(make)


def _face_detector(entry: Entry, make: Make) -> None:
    check_face_detector(make)


def _region_cropper(entry: Entry, make: Make) -> None:
    check_region_cropper(make)
    regions = len(make(Context()).regions)
    for word in entry.component.provides:
        assert not word.startswith("regions") or word == f"regions={regions}", (
            f"it has {regions} regions, and its declaration says {word!r}"
        )


def _enhancer(entry: Entry, make: Make) -> None:
    check_enhancer(make)


def _video_reader(entry: Entry, make: Make) -> None:
    check_video_reader(make)


def _dataset(entry: Entry, make: Make) -> None:
    check_dataset(make)


CHECKS: dict[Kind, Callable[[Entry, Make], None]] = {
    Kind.FACE_DETECTOR: _face_detector,
    Kind.REGION_CROPPER: _region_cropper,
    Kind.BACKBONE: _backbone,
    Kind.AGGREGATION: _aggregation,
    Kind.LABEL_UPDATE: _label_update,
    Kind.SAMPLE_WEIGHTING: _sample_weighting,
    Kind.SSL_LOOP: _ssl_loop,
    Kind.DATASET: _dataset,
    Kind.ENHANCER: _enhancer,
    Kind.VIDEO_READER: _video_reader,
}
"""By kind: what holds a component to its contract."""
