"""ELR, SELC, mixture weights and the confident joint under loops, stopped and resumed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from given_parts import built
from stopping import Stop, StopAfter, without_seconds

from ferkit.plugin import Kind
from ferkit.sections import OptimiserSection, TrainingSection
from ferkit.testing import tiny_split
from ferkit.testing.tiny import tiny_job
from ferkit.training.job import PolicyChain
from ferkit.training.trainer import train

LOOPS = {
    "supervised": {"epochs": 3},
    "fixmatch": {"epochs": 3, "ratio": 2},
    "noisy_student": {"rounds": 1, "teacher_epochs": 1, "student_epochs": 3, "ratio": 2},
    "self_training": {"initial_epochs": 1, "iterations": 3, "tau": 0.3, "fraction": 0.5},
}
UPDATES = {"selc": {"turning": 1, "momentum": 0.6}, "confident_joint_relabel": {"warm_up": 1}}
WEIGHTINGS = {
    "elr": {"factor": 1},
    "gmm": {"warm_up": 1, "average": 2},
    "confident_joint": {"warm_up": 1, "factor": 0.5},
}


def run(folder: Path, loop: str, names: tuple[str, ...], **more):
    chain = PolicyChain(
        [built(Kind.LABEL_UPDATE, name, **UPDATES[name]) for name in names if name in UPDATES],
        [
            built(Kind.SAMPLE_WEIGHTING, name, **WEIGHTINGS[name])
            for name in names
            if name in WEIGHTINGS
        ],
    )
    resume, split = more.pop("resume", False), more.pop("split", "labelled")
    job = tiny_job(
        built(Kind.SSL_LOOP, loop, **LOOPS[loop]),
        folder,
        training=TrainingSection(
            batch_size=4,
            device="cpu",
            checkpoint_minutes=1e-9,
            optimiser=OptimiserSection(lr=1e-2),
        ),
        labelled=tiny_split(9, frames=2),
        unlabelled=tiny_split(11, frames=2, labelled=False, seed=1),
        **{f"{split}_policies": chain},
        **more,
    )
    return train(job, resume=resume).history


@pytest.mark.parametrize(
    ("loop", "names"),
    [
        ("supervised", ("selc", "elr", "gmm")),
        ("fixmatch", ("confident_joint_relabel", "selc", "elr", "confident_joint")),
        ("noisy_student", ("selc", "elr", "gmm")),
        ("self_training", ("confident_joint_relabel", "gmm", "elr")),
    ],
)
def test_stopped_and_resumed_within_an_epoch(loop, names, tmp_path: Path) -> None:
    counted = StopAfter()
    whole = run(tmp_path / "whole", loop, names, observer=counted)
    assert all(math.isfinite(row["train_loss"]) for row in whole)
    last = whole[-1]
    told = {"selc": "relabelled", "elr": "elr_penalty", "gmm": "gmm_clean"}
    told |= dict.fromkeys(("confident_joint", "confident_joint_relabel"), "candidate_errors")
    for name in names:
        assert math.isfinite(last[f"labelled_{told[name]}"])
    with pytest.raises(Stop):
        run(tmp_path / "cut", loop, names, observer=StopAfter(counted.done - 1))
    resumed = run(tmp_path / "cut", loop, names, resume=True)
    for one, other in zip(whole, resumed, strict=True):
        assert without_seconds(one) == without_seconds(other)


@pytest.mark.parametrize("loop", ["fixmatch", "noisy_student"])
def test_on_the_unlabelled_samples(loop, tmp_path: Path) -> None:
    history = run(tmp_path, loop, ("selc", "elr", "gmm"), split="unlabelled")
    assert all(math.isfinite(row["train_loss"]) for row in history)
    assert history[-1]["unlabelled_elr_penalty"] < 0
    assert history[-1]["unlabelled_relabelled"] == 0  # nothing is given
