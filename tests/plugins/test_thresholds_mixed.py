"""Thresholds, soft weights and alignment under loops of all kinds, stopped and resumed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from given_parts import KNOWN, built
from stopping import Stop, StopAfter, without_seconds

from ferkit.contracts.training import Split
from ferkit.errors import FerkitErrors
from ferkit.plugin import Kind
from ferkit.recipe import read_recipe
from ferkit.sections import OptimiserSection, TrainingSection
from ferkit.testing import tiny_split
from ferkit.testing.tiny import tiny_job
from ferkit.training.job import PolicyChain
from ferkit.training.trainer import train

WEIGHTINGS = {
    "flexmatch": {"threshold": 0.4},
    "freematch": {"momentum": 0.5},
    "softmatch": {"momentum": 0.5},
    "ada_cm": {"least": 0.4},
}
LOOPS = {
    "fixmatch": {"epochs": 2, "ratio": 2},
    "ada_cm": {"epochs": 2},
    "noisy_student": {"rounds": 1, "teacher_epochs": 1, "student_epochs": 2, "ratio": 2},
    "self_training": {"initial_epochs": 1, "iterations": 2, "tau": 0.3, "fraction": 0.5},
}


def run(folder: Path, loop: str, weighting: str, split: Split = "unlabelled", **more):
    updates = [built(Kind.LABEL_UPDATE, "hard")]
    if split == "unlabelled":
        updates.insert(0, built(Kind.LABEL_UPDATE, "distribution_alignment", momentum=0.5))
    chain = PolicyChain(updates, [built(Kind.SAMPLE_WEIGHTING, weighting, **WEIGHTINGS[weighting])])
    resume = more.pop("resume", False)
    optimiser = OptimiserSection(lr=1e-2)
    job = tiny_job(
        built(Kind.SSL_LOOP, loop, **LOOPS.get(loop, {"epochs": 2})),
        folder,
        training=TrainingSection(
            batch_size=4, device="cpu", checkpoint_minutes=1e-9, optimiser=optimiser
        ),
        labelled=tiny_split(9, frames=2),
        unlabelled=tiny_split(11, frames=2, labelled=False, seed=1),
        **{f"{split}_policies": chain},
        **more,
    )
    return train(job, resume=resume)


@pytest.mark.parametrize(
    ("weighting", "loop"),
    [
        ("flexmatch", "noisy_student"),
        ("freematch", "fixmatch"),
        ("softmatch", "self_training"),
        ("ada_cm", "fixmatch"),
        ("flexmatch", "ada_cm"),
    ],
)
def test_stopped_and_resumed_within_an_epoch(weighting, loop, tmp_path: Path) -> None:
    counted = StopAfter()
    whole = run(tmp_path / "whole", loop, weighting, observer=counted).history
    last = whole[-1]
    assert all(math.isfinite(row["train_loss"]) for row in whole)
    assert 0 <= last["unlabelled_used"] <= 1
    assert 0 <= last["unlabelled_relabelled"] <= 1
    with pytest.raises(Stop):
        run(tmp_path / "cut", loop, weighting, observer=StopAfter(counted.done - 1))
    resumed = run(tmp_path / "cut", loop, weighting, resume=True).history
    for one, other in zip(whole, resumed, strict=True):
        assert without_seconds(one) == without_seconds(other)


@pytest.mark.parametrize(
    ("weighting", "loop"),
    [("flexmatch", "supervised"), ("freematch", "fixmatch"), ("softmatch", "supervised")],
)
def test_on_the_labelled_samples(weighting, loop, tmp_path: Path) -> None:
    history = run(tmp_path, loop, weighting, "labelled").history
    assert all(math.isfinite(row["train_loss"]) for row in history)
    assert 0 < history[0]["labelled_used"] <= 1


@pytest.mark.parametrize(
    ("key", "name"), [("weightings", "ada_cm"), ("label_updates", "distribution_alignment")]
)
def test_what_is_for_unlabelled_samples_is_refused_for_others(key, name, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(f"data: {{train: rendered}}\nlabelled:\n  {key}: [{name}]\n")
    with pytest.raises(FerkitErrors) as caught:
        read_recipe(str(path), catalogue=KNOWN)
    assert f"'{name}' is of unlabelled samples, not of labelled" in str(caught.value)
