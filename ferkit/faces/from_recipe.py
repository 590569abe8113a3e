"""From the recipe's `faces:` section to prepared crops, drawn or cut from files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ferkit.cache import cache_folder
from ferkit.contracts.data import Dataset, DrawnDataset, Sample
from ferkit.faces.canonical import canonical, canonical_sampling
from ferkit.faces.drawing import Blueprint
from ferkit.faces.drawn import prepare_drawn
from ferkit.faces.plans import Plan, StepsPlan
from ferkit.faces.prepare import prepare
from ferkit.faces.prepared import Prepared, Progress
from ferkit.faces.steps import Steps
from ferkit.faces.track import Tracking
from ferkit.faces.values import own_params, plain_values
from ferkit.faces.work import Engine
from ferkit.plugin import PROJECT, Context, Kind

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ferkit.catalogue import Catalogue
    from ferkit.sections import FacesSection


def prepare_for_recipe(
    dataset: Dataset | DrawnDataset,
    samples: Sequence[Sample],
    *,
    faces: FacesSection,
    chosen: BaseModel,
    catalogue: Catalogue,
    context: Context,
    progress: Progress | None = None,
    jobs: int | None = None,
    retry: bool = False,
    engine: Callable[[StepsPlan], Engine] | None = None,
) -> Prepared:
    """Make sure that the crops of `samples` are in the store, and open them.

    Args:
        dataset: drawn ones draw, the others have files.
        samples: all or some of its rows.
        faces: the section, with the components' own models in it.
        chosen: the data set's parameters, with its name in `use`; other processes build a
            drawn data set from them.
        context: for detector, cropper, reader, enhancer and, elsewhere, the data set.
        jobs: processes that draw; None: one per core on a CPU.
        retry: try files again that failed before.
        engine: what prepares files, made from the plan of the steps; None: this process.
    Raises: FerkitError, RunError: see `prepare` and `prepare_drawn`.
    """
    store = store_folder(faces, context)
    if not isinstance(dataset, DrawnDataset):
        steps = make_steps(faces, catalogue, context)
        return prepare(
            samples,
            steps=steps,
            settings=store_settings(faces, catalogue, steps),
            store=store,
            progress=progress,
            retry=retry,
            engine=None if engine is None else engine(plan_steps(faces, catalogue, context)),
        )
    detect = faces.detector is not None and not dataset.aligned
    here = replace(context, device="cpu")
    blueprint = Blueprint(
        dataset=_plan(Kind.DATASET, chosen, catalogue, here),
        steps=plan_steps(faces, catalogue, here, detect=detect, read=False),
    )
    steps = make_steps(faces, catalogue, context, detect=detect, read=False)
    settings = store_settings(faces, catalogue, steps, drawn=dataset.aligned)
    for unused in ("reader", "sampling", "tracking"):
        del settings[unused]
    return prepare_drawn(
        dataset,
        samples,
        steps=steps,
        blueprint=blueprint,
        settings={**settings, "drawn": dataset.fingerprint()},
        store=store,
        jobs=jobs,
        progress=progress,
    )


def make_steps(
    faces: FacesSection,
    catalogue: Catalogue,
    context: Context,
    *,
    detect: bool = True,
    read: bool = True,
) -> Steps:
    """Build the components of the section.

    Args:
        detect: whether the detector is wanted.
        read: whether the video reader is.
    """

    def made(kind: Kind, one: BaseModel) -> Any:
        return catalogue.build(kind, one, context)

    return Steps(**_parts(faces, made, detect=detect, read=read), **_values(faces, context))


def plan_steps(
    faces: FacesSection,
    catalogue: Catalogue,
    context: Context,
    *,
    detect: bool = True,
    read: bool = True,
) -> StepsPlan:
    """`make_steps` for another process."""

    def planned(kind: Kind, one: BaseModel) -> Plan:
        return _plan(kind, one, catalogue, context)

    return StepsPlan(**_parts(faces, planned, detect=detect, read=read), **_values(faces, context))


def _parts(
    faces: FacesSection, make: Callable[[Kind, BaseModel], Any], *, detect: bool, read: bool
) -> dict[str, Any]:
    chosen = {
        "cropper": (Kind.REGION_CROPPER, faces.cropper),
        "detector": (Kind.FACE_DETECTOR, faces.detector if detect else None),
        "reader": (Kind.VIDEO_READER, faces.reader if read else None),
        "enhancer": (Kind.ENHANCER, faces.enhancer),
    }
    return {name: None if one is None else make(kind, one) for name, (kind, one) in chosen.items()}


def _values(faces: FacesSection, context: Context) -> dict[str, Any]:
    followed = faces.tracking
    return {
        "enhance": faces.enhance,
        "sampling": canonical_sampling(faces.sampling.mode, faces.sampling.value),
        "tracking": None if followed is None else Tracking(**followed.model_dump()),
        "keep": faces.keep,
        "min_score": faces.min_score,
        "batch_size": faces.batch_size,
        "device": str(torch.device(context.device)),
        "format": faces.format,
        "jpeg_quality": faces.jpeg_quality,
    }


def store_settings(
    faces: FacesSection, catalogue: Catalogue, steps: Steps, *, drawn: bool = False
) -> dict[str, Any]:
    """What the crops of a file depend on, in plain values; the store is named by their hash.

    Sections that cut the same crops have the same settings; `canonical` says which do.

    Args:
        steps: made from the section; what they say of themselves counts as well.
        drawn: whether crops are drawn where the cropper wants them, without a whole frame.
    """
    settings = crop_settings(faces, catalogue, detect=steps.detector is not None)
    if drawn and settings["enhance"] == "frames":
        settings["enhance"] = "crops"  # the nearest to a frame that there is
    return canonical(
        settings | fingerprints(steps),
        regions=steps.cropper.regions,
        least_score=steps.least_score,
        idle_enhancer=bool(getattr(steps.enhancer, "changes_nothing", False)),
    )


def crop_settings(
    faces: FacesSection, catalogue: Catalogue, *, detect: bool = True
) -> dict[str, Any]:
    """The section and its components in plain values, but for what never changes a pixel.

    A component of another distribution than ferkit's own comes with its version, because what
    it answers may change with it.
    """
    chosen = {
        Kind.FACE_DETECTOR: faces.detector if detect else None,
        Kind.REGION_CROPPER: faces.cropper,
        Kind.VIDEO_READER: faces.reader,
        Kind.ENHANCER: faces.enhancer,
    }
    names = ("detector", "cropper", "reader", "enhancer")
    settings: dict[str, Any] = {
        name: None if one is None else _described(kind, one, catalogue)
        for name, (kind, one) in zip(names, chosen.items(), strict=True)
    }
    sampling = canonical_sampling(faces.sampling.mode, faces.sampling.value)
    settings["sampling"] = {"mode": sampling.mode, "value": sampling.value}
    settings["tracking"] = None if faces.tracking is None else plain_values(faces.tracking)
    settings["keep"] = faces.keep
    settings["enhance"] = faces.enhance if faces.enhancer is not None else None
    settings["min_score"] = faces.min_score if settings["detector"] is not None else None
    return settings


def _described(kind: Kind, one: BaseModel, catalogue: Catalogue) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: value
        for name, value in plain_values(one).items()
        if name not in unseen_in_crops(type(one))
    }
    entry = catalogue.get(kind, values["use"])
    if entry.distribution != PROJECT:
        values["from"] = f"{entry.distribution} {entry.version}"
    return values


def fingerprints(steps: Steps) -> dict[str, str]:
    """What parts say of themselves: weights that they read, the precision in force."""
    parts = {
        "detector": steps.detector,
        "cropper": steps.cropper,
        "reader": steps.reader,
        "enhancer": steps.enhancer,
    }
    found = {name: getattr(part, "fingerprint", None) for name, part in parts.items()}
    return {f"{name}_files": value for name, value in found.items() if isinstance(value, str)}


def unseen_in_crops(params: type[BaseModel]) -> set[str]:
    """Parameters that change no pixel, or are told by the component's fingerprint.

    They are marked `json_schema_extra={"crops": False}`.
    """
    return {
        name
        for name, field in params.model_fields.items()
        if isinstance(field.json_schema_extra, dict)
        and field.json_schema_extra.get("crops") is False
    }


def store_folder(faces: FacesSection, context: Context) -> Path:
    """The section's store, relative to the recipe's folder, or the one in the user's cache."""
    if faces.store is None:
        return cache_folder("stores")
    return context.folder / Path(faces.store).expanduser()


def _plan(kind: Kind, chosen: BaseModel, catalogue: Catalogue, context: Context) -> Plan:
    """How to make a chosen component elsewhere: its own model can be pickled, a recipe's not."""
    name: str = chosen.use  # type: ignore[attr-defined]
    model = catalogue.params_model(kind, name)
    return Plan(catalogue.get(kind, name).component.factory, own_params(chosen, model), context)
