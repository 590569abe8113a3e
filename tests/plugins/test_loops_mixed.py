"""Loops on both splits with policies of other methods: stopped within an epoch, and resumed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from given_parts import KNOWN, built
from stopping import Stop, StopAfter

from ferkit.errors import FerkitErrors
from ferkit.plugin import Kind
from ferkit.recipe import read_recipe
from ferkit.sections import OptimiserSection, TrainingSection
from ferkit.testing import tiny_split
from ferkit.testing.tiny import tiny_job, tiny_model
from ferkit.training.job import PolicyChain
from ferkit.training.trainer import train

LOOPS = ("pseudo_label", "pi_model", "mean_teacher", "uda", "mixmatch")


def run(folder: Path, loop: str, *, resume: bool = False, stop: int = -1):
    updates = [
        built(Kind.LABEL_UPDATE, "distribution_alignment"),
        built(Kind.LABEL_UPDATE, "sharpen"),
    ]
    job = tiny_job(
        built(Kind.SSL_LOOP, loop, epochs=2, steps=4, ratio=2, ramp_share=0.1),
        folder,
        training=TrainingSection(
            batch_size=4,
            device="cpu",
            optimiser=OptimiserSection(lr=1e-2),
            checkpoint_minutes=1e-9,
        ),
        build_model=lambda: tiny_model(dropout=0.3),
        labelled=tiny_split(10, frames=2),
        unlabelled=tiny_split(14, frames=2, labelled=False, seed=1),
        validation=tiny_split(6, frames=2, seed=2),
        labelled_policies=PolicyChain((), [built(Kind.SAMPLE_WEIGHTING, "signal_annealing")]),
        unlabelled_policies=PolicyChain(
            updates, [built(Kind.SAMPLE_WEIGHTING, "softmatch", momentum=0.5)]
        ),
        observer=StopAfter(stop),
    )
    return train(job, resume=resume)


@pytest.mark.parametrize("loop", LOOPS)
def test_goes_on_as_if_it_had_not_been_stopped(loop: str, tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", loop)
    with pytest.raises(Stop):
        run(tmp_path / "cut", loop, stop=6)
    resumed = run(tmp_path / "cut", loop, resume=True)
    assert len(whole.history) == len(resumed.history) == 2
    for one, other in zip(whole.history, resumed.history, strict=True):
        assert math.isfinite(one["train_loss"])
        for column in ("train_loss", "unlabelled_loss", "labelled_annealing_used"):
            assert one[column] == other[column]
    for mine, theirs in zip(whole.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def recipe(folder: Path, text: str) -> str:
    path = folder / "recipe.yaml"
    path.write_text(f"data: {{train: rendered}}\n{text}")
    return str(path)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_recipe_without_unlabelled_samples_is_refused(loop: str, tmp_path: Path) -> None:
    with pytest.raises(FerkitErrors, match="needs 'unlabelled'"):
        read_recipe(recipe(tmp_path, f"loop: {loop}\n"), catalogue=KNOWN)


def test_annealing_is_of_labelled_samples(tmp_path: Path) -> None:
    text = "unlabelled: {weightings: [signal_annealing]}\n"
    with pytest.raises(FerkitErrors, match="is of labelled samples, not of unlabelled"):
        read_recipe(recipe(tmp_path, text), catalogue=KNOWN)
