"""The weighting and the label update of the confident joint."""

from __future__ import annotations

import pytest
import torch
from ferkit_confident_joint.label_update import make_confident_joint_relabel
from ferkit_confident_joint.params import ConfidentJointParams, RelabelParams
from ferkit_confident_joint.weighting import make_confident_joint

from ferkit.cli import main
from ferkit.contracts.policies import Beliefs, Progress
from ferkit.plugin import Context
from ferkit.training.losses import cross_entropy_of_probs

CONTEXT = Context(classes=("a", "b", "c"))
PROBS = torch.tensor(
    [[0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.2, 0.5, 0.3], [0.5, 0.3, 0.2], [0.6, 0.1, 0.3]]
)
GIVEN = torch.tensor([0, 0, 1, 2, 2])
SMOOTH = 0.9 * torch.eye(3)[GIVEN] + 0.1 / 3


def beliefs() -> Beliefs:
    return Beliefs(
        ids=torch.arange(5),
        given=GIVEN,
        given_probs=torch.eye(3)[GIVEN],
        probs=PROBS,
        targets=SMOOTH,
        losses=cross_entropy_of_probs(PROBS, SMOOTH),
        total=5,
    )


def at(epoch: int) -> Progress:
    return Progress("phase", 0, epoch, 30, epoch * 3, 90, ())


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [1, 0, 1, 1, 0]),
        ({"factor": 0.25}, [1, 0.25, 1, 1, 0.25]),
        ({"count": "any"}, [1, 0, 0, 1, 0]),
    ],
)
def test_candidates_weigh_less(params, expected) -> None:
    policy = make_confident_joint(ConfidentJointParams(warm_up=1, **params), CONTEXT)
    told = beliefs()
    assert policy.weigh(told, told.targets, at(0)).weight.tolist() == [1.0] * 5
    assert policy.scalars() == {}
    assert policy.weigh(told, told.targets, at(1)).weight.tolist() == expected
    share = sum(weight < 1 for weight in expected) / 5
    assert policy.scalars() == pytest.approx(
        {"candidate_errors": share, "threshold_a": 0.6, "threshold_b": 0.5, "threshold_c": 0.25}
    )


def test_candidates_are_relabelled_and_the_others_keep_what_they_have() -> None:
    update = make_confident_joint_relabel(RelabelParams(warm_up=2), CONTEXT)
    assert torch.equal(update.update(beliefs(), at(1)).target, SMOOTH)
    target = update.update(beliefs(), at(2)).target
    assert torch.equal(target[[0, 2, 3]], SMOOTH[[0, 2, 3]])
    assert target[1].tolist() == [0, 1, 0]
    assert target[4].tolist() == [1, 0, 0]
    assert update.scalars()["candidate_errors"] == pytest.approx(0.4)


def test_a_class_without_samples_has_no_threshold_to_show() -> None:
    policy = make_confident_joint(ConfidentJointParams(warm_up=0), CONTEXT)
    told = beliefs()._replace(given=torch.tensor([0, 0, 1, 1, 0]))
    policy.weigh(told, told.targets, at(0))
    assert set(policy.scalars()) == {"candidate_errors", "threshold_a", "threshold_b"}


@pytest.mark.parametrize(
    ("key", "name"),
    [("weightings", "confident_joint"), ("label_updates", "confident_joint_relabel")],
)
def test_unlabelled_samples_are_refused_when_the_recipe_is_read(key, name, capsys) -> None:
    assert main(["check", "quickstart", "--set", f"unlabelled.{key}=[{name}]"]) == 2
    assert f"'{name}' is of labelled samples, not of unlabelled" in capsys.readouterr().err
