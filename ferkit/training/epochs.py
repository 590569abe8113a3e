"""One epoch: predict, plan, let the policies act, train the steps, validate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import torch

from ferkit.contracts.policies import Cadence
from ferkit.contracts.training import Phase
from ferkit.data import keyed
from ferkit.errors import RunError
from ferkit.training.acting import act, step_scalars
from ferkit.training.batches import cut, view_keys
from ferkit.training.devices import seed_device
from ferkit.training.job import Histogram
from ferkit.training.learner import Learner
from ferkit.training.logged import pool_scalars, weight_counts, weight_scalars
from ferkit.training.optimiser import learning_rate
from ferkit.training.parts import StepParts
from ferkit.training.position import Epoch
from ferkit.training.session import Session


def train_epoch(session: Session, phase: Phase, learner: Learner) -> None:
    """Train the epoch that `session.position` stands at, or what is left of it."""
    position, job = session.position, session.job
    if session.epoch is None:
        session.safe_point()
        session.epoch = plan_epoch(session, phase, learner)
    epoch = session.epoch
    rate = learning_rate(job.training.optimiser, epoch=position.epoch, epochs=phase.epochs)
    learner.set_rate(rate)
    train_steps(session, phase, learner, epoch)
    epoch.check()
    frames = session.section(position.network).frames
    validation = session.splits.validate(learner.teacher.validated, frames=frames)
    means = epoch.means()
    row: dict[str, Any] = {
        "phase": phase.name,
        "round": phase.round,
        "epoch": position.epoch + 1,
        "step": position.step,
        "train_loss": means.pop("loss"),
        "validation_loss": None if validation is None else validation.loss,
        "validation_accuracy": None if validation is None else validation.accuracy,
        "lr": rate,
        "seconds": round(time.monotonic() - epoch.begun, 3),
        **epoch.scalars,
        **means,
    }
    for split, policies in session.splits.policies.items():
        row |= weight_scalars(split, policies)
    if phase.adaptive:
        log_histograms(session, phase)
    if validation is not None and position.validated(validation.loss) and session.keeps_best():
        session.take_best()
    position.history.append(row)
    position.epoch += 1
    session.epoch = None
    job.observer.epoch_finished(row)


def log_histograms(session: Session, phase: Phase) -> None:
    """Keep how the weights of the epoch are spread, and tell the observer."""
    number = session.position.epoch + 1
    told = [
        Histogram(phase.name, phase.round, number, split, weight_counts(policies.weight))
        for split, policies in session.splits.policies.items()
        if policies.keeps_weights
    ]
    session.position.histograms += [list(histogram) for histogram in told]
    if told:
        session.job.observer.weights_counted(told)


def plan_epoch(session: Session, phase: Phase, learner: Learner) -> Epoch:
    """Predict the splits if anyone asks, let the loop choose samples, then let policies act."""
    position, job = session.position, session.job
    acting: set[Cadence] = set()
    if phase.adaptive:
        acting = {"round", "epoch"} if position.epoch == 0 else {"epoch"}
    note_part(session, phase)
    begun = time.monotonic()
    labeller = position.before if phase.teacher == "previous" else position.network
    beliefs, predicted, own = session.splits.beliefs(
        learner.teacher.networks[0],
        phase,
        acting,
        epoch=position.epoch,
        frames=session.section(labeller).frames,
        student=session.students[0],
        student_frames=session.section(position.network).frames,
    )
    seconds = time.monotonic() - begun
    plan = job.loop.plan_epoch(
        phase,
        session.splits.sizes,
        beliefs,
        batch_size=job.training.batch_size,
        epoch=position.epoch,
        generator=keyed.generator(job.seed, "plan", phase.name, position.epoch),
    )
    if not plan.batches:
        raise RunError(
            f"{type(job.loop).__name__} planned no step in phase '{phase.name}'.", where="loop"
        )
    columns: dict[str, Any] = {}
    if job.unlabelled is not None:
        columns |= pool_scalars(
            plan, beliefs.unlabelled, truth=job.unlabelled.truth, classes=job.classes
        )
    columns |= act(session.splits.policies, beliefs, session.progress(phase), acting, own=own)
    if predicted:
        columns |= {"predicting_seconds": round(seconds, 3), "predicted": predicted}
    if job.smoke:
        plan = plan._replace(batches=plan.batches[:1])
    position.steps_per_epoch = len(plan.batches)
    epoch = Epoch(plan, device=session.device, phase=phase.name, number=position.epoch)
    epoch.scalars |= {name: plain_number(value) for name, value in columns.items()}
    return epoch


def plain_number(value: float) -> float:
    """A count as int, anything else as float: what JSON and metrics.csv hold."""
    return int(value) if isinstance(value, int) else float(value)


def note_part(session: Session, phase: Phase) -> None:
    """Tell the user where only a part of the unlabelled samples is predicted."""
    count, part = session.splits.sizes.unlabelled, session.splits.part_size(phase)
    if part < count:
        session.note(
            f"Phase '{phase.name}' predicts {part} of the {count} unlabelled samples before each "
            "epoch, drawn anew each time; it can't choose any of the others in that epoch."
        )


@contextmanager
def single_samples_explained(count: int) -> Iterator[None]:
    """Say what to do where batch statistics are asked of one sample."""
    try:
        yield
    except ValueError as error:
        if count > 1 or "more than 1 value per channel" not in str(error):
            raise
        raise RunError(
            "this network's batch statistics need more than one sample in a step.",
            where="training.batch_size",
            hint="Set it above 1, or give more labelled samples.",
        ) from error


def train_steps(session: Session, phase: Phase, learner: Learner, epoch: Epoch) -> None:
    """The steps that are left of the plan."""
    position, job = session.position, session.job
    parts = StepParts(
        session.students,
        learner.teacher.networks,
        session.splits.policies,
        class_weight=session.class_weight,
        adaptive=phase.adaptive,
        penalty=session.section(position.network).penalty,
        progress=session.progress(phase),
    )
    keys = view_keys(epoch.batches, session.splits.sizes)
    pieces = [
        piece
        for ids, unlike in list(zip(epoch.batches, keys, strict=True))[epoch.done :]
        for piece in cut(ids, job.training.accumulate, unlike)
    ]
    for student in session.students:
        student.train()
    # What networks draw (dropout) is keyed by the step, so that a resumption draws the same.
    draws = session.seed("step", phase.name, position.epoch) >> 1
    loss, samples = torch.zeros((), device=session.device), 0
    maker = session.splits.maker(
        phase.views or job.loop.views, frames=session.section(position.network).frames
    )
    with closing(maker.batches(pieces, phase=phase.name, epoch=position.epoch)) as batches:
        for piece, batch in batches:
            if samples == 0:
                seed_device(draws + epoch.done, session.device)
            count = len(piece.ids.labelled) + len(piece.ids.unlabelled)
            with single_samples_explained(count):
                piece_loss, scalars = learner.forward_backward(
                    batch, parts, share=piece.share, last=piece.last
                )
            loss, samples = loss + piece_loss * piece.share, samples + count
            if phase.adaptive:
                scalars = {**step_scalars(session.splits.policies, piece.ids), **scalars}
            epoch.add({"loss": piece_loss, **scalars}, count)
            if piece.last:
                learner.finish_step(position.step)
                position.step += 1
                epoch.stepped(loss, samples)
                loss, samples = torch.zeros_like(loss), 0
                parts.progress = session.progress(phase)
                job.observer.step_finished(epoch.done, len(epoch.batches), epoch.last_loss)
                session.safe_point()
