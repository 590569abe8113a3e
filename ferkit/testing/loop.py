"""The contract of SSL loops."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import torch

from ferkit.contracts.training import Phase, SplitBeliefs, SplitSizes
from ferkit.data import keyed
from ferkit.plugin import Context
from ferkit.sections import ModelSection
from ferkit.testing.backbone import Make
from ferkit.testing.policy import CLASSES, SAMPLES, random_beliefs
from ferkit.testing.tiny import CLASSES as TINY_CLASSES
from ferkit.testing.tiny import TinyBackbone, tiny_job, tiny_model, tiny_split
from ferkit.training.batches import check_views
from ferkit.training.job import Blueprint
from ferkit.training.trainer import train

BATCH_SIZE, STUDENT_DIM = 4, 12


def check_ssl_loop(make: Make) -> None:
    """Hold a loop to `ferkit.contracts.training.SSLLoop`: plans, and two tiny trainings.

    Raises: AssertionError: says what is wrong. FerkitError: the trainer refuses the loop.
    """
    loop = make(Context(classes=tuple(f"class{i}" for i in range(CLASSES))))
    assert loop.networks >= 1, "networks is less than 1"
    check_views(loop.views)
    phases = list(loop.phases())
    assert phases, "there are no phases"
    for phase in phases:
        assert isinstance(phase, Phase), f"{phase!r} is not a Phase"
        part = phase.unlabelled_part
        assert 0 < part <= 1, f"unlabelled_part of phase '{phase.name}' is {part}, not in (0, 1]"
        check_views(phase.views or loop.views)
        _check_plan(loop, phase)
    _check_training(make)


def _check_plan(loop: Any, phase: Phase) -> None:
    sizes = SplitSizes(SAMPLES, SAMPLES)
    said = SplitBeliefs(None, None)
    if phase.beliefs:
        said = SplitBeliefs(random_beliefs(0), random_beliefs(1, labelled=False))
    plans = [
        loop.plan_epoch(
            phase,
            sizes,
            said,
            batch_size=BATCH_SIZE,
            epoch=0,
            generator=keyed.generator(seed, "plan"),
        )
        for seed in (0, 0)
    ]
    assert plans[0].batches, f"phase '{phase.name}' has no steps"
    for first, second in zip(plans[0].batches, plans[1].batches, strict=True):
        for mine, again, count in zip(first, second, sizes, strict=True):
            assert mine.dtype == torch.int64, f"ids are {mine.dtype}, not int64"
            assert torch.equal(mine, again), "the same generator gives other plans"
            assert bool(((mine >= 0) & (mine < count)).all()), "there is no such sample id"
    pool = plans[0].pool
    if pool is not None:
        assert pool.dtype == torch.int64, f"the pool is {pool.dtype}, not ids of int64"
        assert pool.dim() == 1, f"the pool is {tuple(pool.shape)}, not (n,)"
        known = (pool >= 0) & (pool < sizes.unlabelled)
        assert bool(known.all()), "there is no such sample id as in the pool"


def _check_training(make: Make) -> None:
    """On stills, and on clips with a student of another network."""
    loop = make(Context(classes=TINY_CLASSES))
    student = Blueprint(
        ModelSection(frames=1), lambda: tiny_model(backbone=TinyBackbone(STUDENT_DIM))
    )
    trains_student = any(phase.network == "student" for phase in loop.phases())
    with tempfile.TemporaryDirectory() as folder:
        for frames in (1, 2):
            job = tiny_job(
                loop,
                Path(folder) / str(frames),
                labelled=tiny_split(10, frames=frames),
                unlabelled=tiny_split(14, frames=frames, labelled=False, seed=1),
                student=student if trains_student and frames > 1 else None,
                smoke=True,
            )
            trained = train(job)
            assert trained.final is not None, "no phase was trained"
            before = job.blueprint(trained.final.network).build()
            for row in trained.history:
                assert isinstance(row["train_loss"], float), "train_loss is no number"
                assert math.isfinite(row["train_loss"]), "the loss is not finite"
            moved = [
                not torch.equal(mine.detach(), fresh.detach())
                for mine, fresh in zip(trained.model.parameters(), before.parameters(), strict=True)
            ]
            assert all(moved), "the loss does not train all parameters"
