"""What a plugin author imports.

A whole plugin (module `my_plugin/__init__.py`, entry point `my_plugin = "my_plugin"` in the
group `ferkit`)::

    from ferkit.plugin import Component, hookimpl

    @hookimpl
    def ferkit_backbones():
        return [
            Component(
                name="tiny",
                summary="two convolutions, for smoke tests",
                factory="my_plugin.tiny:Tiny",         # called as Tiny(params, context)
                params="my_plugin.params:TinyParams",  # a subclass of ferkit.plugin.Params
            )
        ]

Factories and parameter models are named as strings, so declaring them imports nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pluggy
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo

from ferkit.path_variables import absolute_path

if TYPE_CHECKING:
    from ferkit.contracts.model import FeatureSpec

PROJECT = "ferkit"
"""Name of the pluggy project and of the entry-point group."""

SLOTS = ("space", "regions", "frames")
"""Where an aggregation can stand: the axes it pools."""

SLOT = "slot="
"""Opens the words by which an aggregation says which slots it fits: "slot=space"."""

SPLIT = "split="
"""Opens the words by which a label update or a sample weighting says of which samples it can be:
"split=unlabelled"."""

SPLITS = ("labelled", "unlabelled")
"""Whose label updates and sample weightings a recipe lists."""

POLICIES = (
    "labelled.label_updates",
    "labelled.weightings",
    "unlabelled.label_updates",
    "unlabelled.weightings",
)
"""Keys of a recipe for which a loop may bring policies along."""

hookimpl = pluggy.HookimplMarker(PROJECT)


class Kind(StrEnum):
    """What a component can be; the value is what recipes, tables and messages call it."""

    FACE_DETECTOR = "face_detector"
    REGION_CROPPER = "region_cropper"
    BACKBONE = "backbone"
    AGGREGATION = "aggregation"
    LABEL_UPDATE = "label_update"
    SAMPLE_WEIGHTING = "sample_weighting"
    SSL_LOOP = "ssl_loop"
    DATASET = "dataset"
    ENHANCER = "enhancer"
    VIDEO_READER = "video_reader"

    @property
    def hook(self) -> str:
        """Name of the hook that collects this kind: `ferkit_backbones` for `backbone`."""
        return f"{PROJECT}_{self.value}s"


class Params(BaseModel):
    """Parameters of a component: a frozen pydantic model that refuses unknown keys, .inf and .nan.

    Give every field a default where a sensible one exists and a `Field(description=...)`
    that says meaning and unit; `ferkit plugins show` and the recipe reference print them.
    The field name `use` is taken (it names the component in a recipe).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def provides(self) -> tuple[str, ...]:
        """Words that the component offers with these values, besides its `Component.provides`."""
        return ()


class NoParams(Params):
    """Of a component that has no parameters."""


def _absolute(path: str, info: ValidationInfo) -> str:
    folder = (info.context or {}).get("folder") if isinstance(info.context, dict) else None
    return absolute_path(path, folder)


DataPath = Annotated[str, AfterValidator(_absolute)]
"""Type of a parameter that names a file or folder: a string, relative to the recipe's folder
where it is given in a recipe. It becomes absolute when the recipe is read, so that the recipe
written into the run folder still finds it; `~` is the user's home, and `$NAME` or `${NAME}` an
environment variable (`ferkit.path_variables`)."""


class MustExist:
    """Marks a path that is looked for when a recipe is checked, and before a run begins."""


WeightsPath = Annotated[DataPath, MustExist()]
"""A `DataPath` to weights that training starts from: `ferkit check` and `ferkit run` say at once
that they are not there."""


@dataclass(frozen=True)
class Component:
    """One thing that a plugin offers.

    Args:
        name: what recipes write after `use:`; unique within its kind over all plugins.
        summary: one line for tables.
        factory: "package.module:callable", called as `(params, context) -> object`.
        params: "package.module:class", a subclass of `Params`.
        requires: what it needs of the other parts of a recipe, such as "maps", "regions>=3",
            "votes", "unlabelled".
        provides: what it offers to them, in the same words ("maps", "regions=3"). An aggregation
            says here which slots it fits ("slot=space", "slot=regions", "slot=frames"; all that
            its factory accepts where it names none), and by "penalty" that it may return one. A
            label update or a sample weighting says by "split=labelled" or "split=unlabelled" that
            it is of these samples alone.
        source: paper or project it follows, with equation or arXiv number.
        policies: of a loop: label updates and weightings that are used where a recipe names none,
            by the keys in `POLICIES`, each a list of what a recipe would write. They are written
            into the recipe that is run; an empty list in the recipe means none.
    """

    name: str
    summary: str
    factory: str
    params: str = "ferkit.plugin:NoParams"
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    source: str = ""
    policies: Mapping[str, Sequence[str | Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What a factory may know besides its parameters. Fields that do not apply are empty.

    Args:
        seed: the run's seed.
        classes: class names in label order.
        device: "cpu", "cuda:0", ...
        slot: for an aggregation, the axis it pools: "space", "regions" or "frames".
        features: for an aggregation, what the layer before it delivers.
        regions: names of the regions of a sample, in order.
        image_size: side of the square crops in pixels.
        folder: relative paths in parameters are relative to this (the recipe's folder).
    """

    seed: int = 0
    classes: tuple[str, ...] = ()
    device: str = "cpu"
    slot: str = ""
    features: FeatureSpec | None = None
    regions: tuple[str, ...] = ("face",)
    image_size: int = 0
    folder: Path = field(default_factory=Path)


__all__ = [
    "POLICIES",
    "PROJECT",
    "Component",
    "Context",
    "DataPath",
    "Kind",
    "MustExist",
    "NoParams",
    "Params",
    "WeightsPath",
    "hookimpl",
]
