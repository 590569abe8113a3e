"""How long runs will take, before any is done: a few steps are timed, the rest is counted."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

import numpy as np
import torch

from ferkit.contracts.data import Clips, ClipSource, DrawnDataset
from ferkit.contracts.faces import RegionCropper
from ferkit.data.loader import choose_frames
from ferkit.data.members import Rows
from ferkit.data.splits import Splits, make_splits
from ferkit.errors import FerkitError
from ferkit.evaluation.wording import duration
from ferkit.plugin import Context, Kind
from ferkit.recipe_write import recipe_document
from ferkit.running.children import forking
from ferkit.running.planned_work import RunWork, Sizes, work_of
from ferkit.running.step_times import Answer, Question, answers
from ferkit.training.devices import choose_device

if TYPE_CHECKING:
    from ferkit.catalogue import Catalogue
    from ferkit.running.assemble import ReadSets
    from ferkit.sections import Recipe

Name = TypeVar("Name")

MOST_NETWORKS = 8
SECONDS_EACH = 6.0
"""That a phase of a network gets to be timed; after that runs with it are not estimated."""

SHOWN_CLIPS = 32
FIGURES = 16
"""Figures of a usual run, in the time that one takes."""

BEGINNING = 1.0
"""Seconds of a run beside what is timed."""

TIMELESS = {"optimiser", "class_weights", "clip_norm", "checkpoint_minutes"}
"""Keys of `training` on which the time of a step hardly depends."""


class Estimated(NamedTuple):
    """Seconds of a run. at_most: whether it may end sooner."""

    seconds: float
    at_most: bool


@dataclass(frozen=True)
class Case:
    """A recipe whose time is to be known.

    read: its rows. clips: its prepared training faces, None before they are. seconds: that
    reading them took.
    """

    recipe: Recipe
    read: ReadSets
    clips: ClipSource | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Counted:
    """A recipe whose work is counted. samples: rows of all its data sets. seconds: of reading and
    dividing them."""

    recipe: Recipe
    sizes: Sizes
    work: RunWork
    samples: int
    seconds: float
    context: Context


def estimate(
    cases: Mapping[Name, Case], components: Catalogue, *, threads: int | None
) -> dict[Name, Estimated]:
    """Estimate how long each recipe runs.

    Args:
        cases: by any name. threads: of the runs.
    Returns: of those that could be timed; others than the first networks are left out.
    """
    counted: dict[Name, Counted] = {}
    for name, case in cases.items():
        try:
            counted[name] = count(case, components)
        except FerkitError:  # the run says what is wrong, where it can be read
            continue
    questions: dict[str, Question] = {}
    keys: dict[Name, list[str]] = {}
    networks: set[str] = set()
    for name, one in counted.items():
        found = _questions(one, cases[name])
        network = repr((one.recipe.model, one.recipe.student, one.context.image_size))
        if network not in networks and len(networks) == MOST_NETWORKS:
            continue
        networks.add(network)
        keys[name] = [key for key, _ in found]
        questions |= {key: question for key, question in found if key not in questions}
    with forking(threads) as context:
        # A process needs some seconds before it times anything.
        patience = 30 + SECONDS_EACH * len(questions)
        told = answers(list(questions.values()), context=context, patience=patience)
    known = {key: one for key, one in zip(questions, told, strict=True) if one is not None}
    return {
        name: joined(counted[name], [known[key] for key in keys[name]])
        for name in keys
        if keys[name] and all(key in known for key in keys[name])
    }


def divide(case: Case, *, rough: bool) -> Splits:
    """Divide the rows, as far as that goes without looking for faces and duplicates.

    Args:
        rough: as of `make_splits`.
    Raises: FerkitError: they can't be divided.
    """
    rows = {role: Rows(one.samples, one.classes) for role, one in case.read.items()}
    return make_splits(
        rows["train"],
        section=case.recipe.data,
        test=rows.get("test"),
        unlabelled=rows.get("unlabelled"),
        rough=rough,
    )


def count(case: Case, components: Catalogue) -> Counted:
    """Divide the rows and count the work.

    Raises: FerkitError: they can't be divided.
    """
    recipe, began = case.recipe, time.perf_counter()
    splits = divide(case, rough=True)
    sizes = Sizes(*(len(splits.parts()[name]) for name in Sizes._fields))
    context = Context(
        seed=recipe.seed,
        device=str(choose_device(recipe.training.device)),
        classes=tuple(splits.classes),
    )
    cropper = cast(
        RegionCropper, components.build(Kind.REGION_CROPPER, recipe.faces.cropper, context)
    )
    context = replace(context, regions=tuple(cropper.regions), image_size=cropper.size)
    return Counted(
        recipe=recipe,
        sizes=sizes,
        work=work_of(recipe, sizes, components, context),
        samples=sum(len(one.samples) for one in case.read.values()),
        seconds=case.seconds + time.perf_counter() - began,
        context=context,
    )


def _questions(one: Counted, case: Case) -> list[tuple[str, Question]]:
    """What is to be timed for each phase of a recipe, with all that it depends on."""
    recipe, context = one.recipe, one.context
    clips = some_clips(case, context)
    document = recipe_document(recipe)
    training = recipe.training.model_dump(mode="json", exclude=TIMELESS)
    found = []
    for work in one.work.phases:
        section = recipe.student.model if work.phase.network == "student" else None
        kind = work.phase._replace(
            name="", epochs=0, patience=None, rounds_patience=None, round=0, initial=False
        )
        depends = (
            section or recipe.model,
            recipe.loop.use,
            training,
            context.regions,
            context.image_size,
            clips.frames.shape[1:],
            recipe.evaluation.frames,
            sum(work.batch),
            kind,
            recipe.labelled,
            recipe.unlabelled,
        )
        question = Question(
            document=document,
            phase=work.phase.name,
            batch=work.batch,
            classes=context.classes,
            regions=context.regions,
            image_size=context.image_size,
            frames=clips.frames.numpy(),
            valid=clips.valid.numpy(),
        )
        found.append((repr(depends), question))
    return found


def some_clips(case: Case, context: Context) -> Clips:
    """Training faces to time with: a few of the recipe's own, or noise in their shape."""
    if case.clips is not None:
        places = np.linspace(0, len(case.clips) - 1, min(SHOWN_CLIPS, len(case.clips)))
        return case.clips.read(sorted({int(place) for place in places}))
    dataset = case.read["train"].dataset
    length = dataset.clip_length if isinstance(dataset, DrawnDataset) else _frames_of(case)
    side = context.image_size
    shape = (8, length, len(context.regions))
    noise = torch.Generator().manual_seed(0)
    frames = torch.randint(0, 256, (*shape, 3, side, side), generator=noise, dtype=torch.uint8)
    clips = Clips(frames, torch.ones(shape, dtype=torch.bool))
    sampling = case.recipe.faces.sampling
    return choose_frames(clips, int(sampling.value)) if sampling.mode == "even" else clips


def _frames_of(case: Case) -> int:
    """Frames of a sample that nobody has opened yet: one of a picture, else as many as taken."""
    sample = case.read["train"].samples[0]
    pictures = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"}
    if Path(sample.path).suffix.lower() in pictures:
        return 1
    sampling = case.recipe.faces.sampling
    return int(sampling.value) if sampling.mode == "even" else case.recipe.model.frames


def joined(one: Counted, times: Sequence[Answer]) -> Estimated:
    """The time of a run.

    Args:
        times: of its phases.
    """
    seconds = BEGINNING + one.seconds
    for work, took in zip(one.work.phases, times, strict=True):
        seconds += work.epochs * work.steps * took.step
        seconds += (work.labels + work.validated) * took.predicted
    if times:
        last = times[-1]
        seconds += one.work.tables * last.predicted + one.work.tested * last.whole_clip
        seconds += one.samples * last.hashed
        if one.recipe.evaluation.figures:
            seconds += FIGURES * last.figure
    return Estimated(seconds, one.work.sooner)


def in_words(seconds: float, *, at_most: bool, is_whole: bool) -> str:
    """ "about 12 min 0 s", "at most about 2 h 5 min", "more than 40 s"."""
    if not is_whole:
        return f"more than {duration(seconds)}"
    return f"{'at most ' if at_most else ''}about {duration(seconds)}"
