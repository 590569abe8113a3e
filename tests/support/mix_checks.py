"""What a training of a mix must have shown, and that a stopped one ends like a whole one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import torch
from mixing import KNOWN, Mix, job
from watching import PhaseSeen, watched

from ferkit.plugin import Kind
from ferkit.training.job import Row, Trained
from ferkit.training.trainer import train


class Checked(NamedTuple):
    """A training, and how many steps it took."""

    trained: Trained
    steps: int


def check_trained(mix: Mix, folder: Path) -> Checked:
    """Train a mix: every loss is finite, and everything that should learn does.

    Raises: AssertionError: says what is wrong.
    """
    with watched() as phases:
        trained = train(job(mix, folder))
    for row in trained.history:
        assert math.isfinite(_number(row, "train_loss")), f"a loss of {mix} is not finite"
    assert bool(torch.isfinite(trained.labelled.probs).all()), "predictions are not finite"
    for name, weights in trained.model.state_dict().items():
        assert bool(torch.isfinite(weights).all()), f"{name} is not finite"
    for phase in phases:
        lacking = unlearnt(phase, mix)
        assert not lacking, f"without a gradient in phase {phase.name}: {sorted(lacking)}"
        still = {name for name in phase.moved if name.endswith("head.weight")}
        still |= {next(name for name in phase.moved if name.startswith("student0.backbone."))}
        still = {name for name in still if not phase.moved[name]}
        assert not still, f"not moved in phase {phase.name}: {sorted(still)}"
    return Checked(trained, sum(phase.steps for phase in phases))


def unlearnt(phase: PhaseSeen, mix: Mix) -> set[str]:
    """Parameters that had no gradient in any step of a phase, though they should have."""
    return {
        name
        for name, has in phase.gradient.items()
        if not has and not _may_lack_one(name, phase, mix)
    }


def _may_lack_one(name: str, phase: PhaseSeen, mix: Mix) -> bool:
    """Shares among one (frame, region, place of a map) are 1, whatever is learnt; `gem` takes
    nothing of what is negative, which is all that the slope of MobileFaceNet's last layer makes;
    policies learn nothing in a phase that goes without them or their samples; and the confident
    joint may leave only clips of a single frame."""
    part, _, parameter = name.partition(".")
    if "_weighting" in part and phase.name == "initial":
        return True
    if part.startswith("unlabelled"):
        needs = KNOWN.get(Kind.SSL_LOOP, mix["loop"]).component.requires
        return "unlabelled" not in needs or phase.name == "teacher"
    if parameter.startswith("frames."):
        if mix["frame"] == "temporal_transformer":
            return False
        return bool(mix["frames"] == 1 or mix["labelled_weighting"] == "confident_joint")
    if parameter.startswith("regions."):
        return bool(mix["regions"] == 1)
    if parameter.startswith("space."):
        place = parameter.split(".")[2] if "attentions" in parameter else "-1"
        return phase.places[int(place)] == 1
    return parameter == "backbone.last.prelu.weight" and mix["space"] == "gem"


def check_resumed(mix: Mix, whole: Checked, folder: Path) -> None:
    """A training that is stopped before its last step ends as `whole` did.

    Raises: AssertionError: it does not.
    """
    try:
        train(job(mix, folder, stop_after=whole.steps - 1))
    except KeyboardInterrupt:
        with watched() as phases:
            resumed = train(job(mix, folder), resume=True)
        assert sum(phase.steps for phase in phases) > 0, "no step was left to do"
        for (name, mine), theirs in zip(
            resumed.model.state_dict().items(),
            whole.trained.model.state_dict().values(),
            strict=True,
        ):
            assert torch.equal(mine, theirs), f"{name} differs after a stop and a resumption"
        own, other = resumed.labelled, whole.trained.labelled
        assert torch.equal(own.target, other.target), "targets differ"
        assert torch.equal(own.weight, other.weight), "weights differ"
        return
    raise AssertionError("the training was over before it was stopped")


def _number(row: Row, name: str) -> float:
    value = row[name]
    assert isinstance(value, float), f"{name} is {value!r}, not a number"
    return value
