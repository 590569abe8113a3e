"""Times a few real steps of a phase and a few predictions, in a process of their own.

Nothing of it reaches a run: the network is dropped, and the process ends.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ferkit import plugins
from ferkit.catalogue import Catalogue, catalogue
from ferkit.contracts.data import Clips, Sample
from ferkit.data.loader import SplitData, choose_frames
from ferkit.data.near_duplicates import perceptual_hash
from ferkit.data.splits import Splits
from ferkit.evaluation.drawing import save
from ferkit.plugin import Context
from ferkit.recipe import validate
from ferkit.running import step_clock
from ferkit.running.assemble import RunData
from ferkit.running.single import make_job
from ferkit.running.step_clock import ENOUGH_SECONDS, Enough, OnePhase, StepClock, wait_for
from ferkit.sections import Recipe
from ferkit.training.devices import choose_device, make_fabric, reproducible
from ferkit.training.epochs import plan_epoch, train_steps
from ferkit.training.interruption import Interruption
from ferkit.training.job import TrainingJob
from ferkit.training.predict import predict
from ferkit.training.session import Session
from ferkit.training.trainer import enter, start

STEPS = 6
BACKWARD = 3.5
"""How many times as long as a prediction a step takes at most, to see what part of it to time."""


@dataclass(frozen=True)
class Question:
    """A phase of a recipe, whose steps are to be timed.

    document: the resolved recipe. phase: its name in the loop. batch: samples of both splits in a
    step. classes, regions, image_size: of the run. frames: (n, T, R, 3, S, S) uint8, some clips;
    valid: (n, T, R) bool.
    """

    document: Mapping[str, Any]
    phase: str
    batch: tuple[int, int]
    classes: tuple[str, ...]
    regions: tuple[str, ...]
    image_size: int
    frames: NDArray[np.uint8]
    valid: NDArray[np.bool_]


class Answer(NamedTuple):
    """Seconds. step: of a whole step. predicted: of a sample, with as many frames as in training.
    whole_clip: of a sample as it is tested. hashed: of a sample that is looked at for duplicates.
    figure: of drawing one."""

    step: float
    predicted: float
    whole_clip: float
    hashed: float
    figure: float


def answers(
    questions: list[Question], *, context: BaseContext, patience: float
) -> list[Answer | None]:
    """Let a process of its own time each phase.

    Args:
        context: of `children.forking`. patience: seconds, for all.
    Returns: in order; None where there was no time, or the steps could not be done.
    """
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_answer_all, args=(questions, sending), daemon=True)  # type: ignore[attr-defined]
    process.start()
    sending.close()
    found: list[Answer | None] = []
    deadline = time.monotonic() + patience
    with suppress(EOFError, OSError):
        while len(found) < len(questions) and receiving.poll(max(0, deadline - time.monotonic())):
            found.append(receiving.recv())
    process.kill()
    process.join()
    receiving.close()
    return found + [None] * (len(questions) - len(found))


def _answer_all(questions: list[Question], sending: Connection) -> None:
    if hasattr(os, "setsid"):
        os.setsid()  # as runs do: Linux shares a busy processor out between sessions
    components = catalogue(plugins.load())
    for question in questions:
        try:
            sending.send(answer(question, components))
        except Exception:  # the run itself says what is wrong, in its own words
            sending.send(None)


def answer(question: Question, components: Catalogue) -> Answer:
    """Time a phase here."""
    recipe = validate(
        dict(question.document), catalogue=components, source="estimate", folder=Path.cwd()
    )
    student = recipe.student.model_copy(update={"init": None})
    training = recipe.training.model_copy(update={"checkpoint_minutes": 1e6})
    recipe = recipe.model_copy(update={"init": None, "student": student, "training": training})
    device = choose_device(training.device)
    context = Context(
        seed=0,
        device=str(device),
        classes=question.classes,
        regions=question.regions,
        image_size=question.image_size,
    )
    with TemporaryDirectory() as folder, reproducible(device, training.threads):
        job = _job(recipe, question, components, context, Path(folder))
        per_sample, whole = _predicting(job, recipe, device, question)
        step = _whole_step(job, device, batch=question.batch, per_sample=per_sample)
    frames = torch.from_numpy(question.frames[:, 0, 0])
    began = step_clock.now()
    perceptual_hash(frames)
    hashed = (step_clock.now() - began) / len(frames)
    return Answer(step, per_sample, whole, hashed, _drawing())


def _job(
    recipe: Recipe, question: Question, components: Catalogue, context: Context, folder: Path
) -> TrainingJob:
    """The recipe's training on a few samples, of one phase."""
    labelled, unlabelled = question.batch
    steps = STEPS + 1
    nobody = Splits(question.classes, (), (), (), (), ())
    data = RunData(
        splits=nobody,
        regions=question.regions,
        image_size=question.image_size,
        labelled=few(question, max(2, labelled) * steps),
        unlabelled=few(question, max(8, 2 * unlabelled), labels=False),
        validation=few(question, 4),
        test=None,
        problems=(),
        fingerprints={},
    )
    clock = StepClock(choose_device(recipe.training.device))
    job = make_job(
        recipe, data, components, context, folder=folder, observer=clock, smoke=False  # type: ignore[arg-type]
    )  # fmt: skip
    phase = next(one for one in job.loop.phases() if one.name == question.phase)
    return replace(job, loop=OnePhase(job.loop, phase))


def few(question: Question, count: int, *, labels: bool = True) -> SplitData:
    """A split of `count` samples that show the question's clips again and again."""
    frames, valid = torch.from_numpy(question.frames), torch.from_numpy(question.valid)
    classes = len(question.classes)
    given = torch.arange(count) % classes if labels else torch.full((count,), -1)
    probs = torch.zeros(count, classes)
    if labels:
        probs[torch.arange(count), given] = 1

    def read(ids: Tensor, at_most: int | None = None) -> Clips:
        places = ids % len(frames)
        clips = Clips(frames[places], valid[places])
        return clips if at_most is None else choose_frames(clips, at_most)

    return SplitData((Sample(""),) * count, given, probs, torch.full((count,), -1), read)


def _predicting(
    job: TrainingJob, recipe: Recipe, device: torch.device, question: Question
) -> tuple[float, float]:
    """Seconds to predict a sample, with the frames of training and with those of testing."""
    fabric = make_fabric(recipe.training)
    section = job.blueprint(job.loop.phases()[0].network).section
    model = job.blueprint(job.loop.phases()[0].network).build().to(device).eval()
    there = int(question.valid.any(2).sum(1).max())

    def timed(count: int, frames: int) -> float:
        split = few(question, count)
        began = step_clock.now()
        predict(
            model,
            split,
            frames=frames,
            batch_size=recipe.training.prediction_batch_size,
            device=device,
            autocast=fabric.autocast,
        )
        wait_for(device)
        return (step_clock.now() - began) / count

    frames = min(section.frames, there)
    timed(2, frames)
    rough = timed(2, frames)
    most = recipe.training.prediction_batch_size
    per_sample = timed(max(2, min(most, int(ENOUGH_SECONDS / 2 / max(rough, 1e-9)))), frames)
    tested = min(recipe.evaluation.frames or there, there)
    return per_sample, per_sample * tested / frames


def _whole_step(
    job: TrainingJob, device: torch.device, *, batch: tuple[int, int], per_sample: float
) -> float:
    """Seconds of a step; of one that would take long, from the times of two smaller ones.

    A step takes some time for the weights, however many samples are in it, and some for each.

    Args:
        batch: of both splits. per_sample: seconds to predict one.
    """
    asked = sum(batch)
    part = ENOUGH_SECONDS / 2 / max(1e-9, BACKWARD * per_sample * asked)
    if part > 0.25:
        seconds, size = _stepping(job, device, part=1.0, batch=batch)
        return seconds * asked / size
    few_seconds, few_samples = _stepping(job, device, part=part, batch=batch)
    seconds, size = _stepping(job, device, part=2 * part, batch=batch)
    each = (seconds - few_seconds) / max(1, size - few_samples)
    if each <= 0:  # other processes were in the way
        each = seconds / size
    return seconds + each * (asked - size)


def _stepping(
    job: TrainingJob, device: torch.device, *, part: float, batch: tuple[int, int]
) -> tuple[float, int]:
    """Seconds of a step, and its samples.

    Args:
        part: of the batch that is timed.
    """
    size = job.training.batch_size
    reduced = max(2, round(part * size)) if part < 1 else size
    count = max(2, min(batch[0] or sum(batch), reduced)) * (STEPS + 1)
    training = job.training.model_copy(update={"batch_size": reduced})
    assert job.unlabelled is not None
    clock = StepClock(device)
    job = replace(
        job,
        training=training,
        labelled=_first(job.labelled, count),
        unlabelled=_first(job.unlabelled, max(8, round(part * len(job.unlabelled)))),
        observer=clock,
    )
    with Interruption() as interruption:
        session = Session(job, make_fabric(training), interruption)
        start(session)
        phase = session.phases[0]
        learner = enter(session, phase)
        session.epoch = plan_epoch(session, phase, learner)
        sizes = [len(ids.labelled) + len(ids.unlabelled) for ids in session.epoch.batches]
        wait_for(device)
        began = step_clock.now()
        with suppress(Enough):
            train_steps(session, phase, learner, session.epoch)
    return clock.seconds(began), max(sizes)


def _first(split: SplitData, count: int) -> SplitData:
    return SplitData(
        split.samples[:count],
        split.given[:count],
        split.given_probs[:count],
        split.truth[:count],
        split.read,
    )


def _drawing() -> float:
    """Seconds of drawing a figure, once everything that draws is imported."""
    with TemporaryDirectory() as folder:
        for _ in range(2):
            began = step_clock.now()
            figure = Figure(figsize=(6, 4))
            figure.subplots().bar(range(7), range(7))
            save(figure, Path(folder) / "one.png")
    return step_clock.now() - began
