"""What `scn_relabel` remembers, alone and in whole trainings."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ferkit_basics.hard import HardTargets
from ferkit_noisy_student.noisy_student import make_noisy_student
from ferkit_noisy_student.params import NoisyStudentParams
from ferkit_scn.label_update import ScnRelabelling
from ferkit_scn.params import ScnParams, ScnRelabelParams
from ferkit_scn.weighting import ScnWeighting
from torch.nn.functional import one_hot

from ferkit.contracts.policies import Beliefs, Progress
from ferkit.plugin import Context
from ferkit.testing.tiny import tiny_job, tiny_split
from ferkit.training.job import PolicyChain
from ferkit.training.trainer import train


def told(probs, handed, *, ids=None, given=None, total: int = 6) -> Beliefs:
    count = len(probs)
    return Beliefs(
        ids=torch.arange(count) if ids is None else ids,
        given=torch.full((count,), -1) if given is None else given,
        given_probs=handed,
        probs=torch.full_like(probs, 1 / probs.shape[1]),  # another network's
        targets=handed,
        losses=torch.zeros(count),
        student_probs=probs,
        total=total,
    )


def at(epoch: int, round_: int = 0) -> Progress:
    return Progress("phase", round_, epoch, 20, 0, 20, ())


def policy(**params) -> ScnRelabelling:
    return ScnRelabelling(ScnRelabelParams(**{"start_epoch": 1} | params))


SURE = torch.tensor([[0.1, 0.9], [0.9, 0.1]])
LABELS = one_hot(torch.tensor([0, 0]), 2).float()
GIVEN = torch.tensor([0, 0])


def test_it_goes_by_the_new_label_and_may_change_it_again() -> None:
    update = policy()
    assert torch.equal(update.update(told(SURE, LABELS, given=GIVEN), at(0)).target, LABELS)
    back = torch.tensor([[0.9, 0.1], [0.9, 0.1]])
    found = update.update(told(back, LABELS, given=GIVEN), at(1)).target
    assert found.argmax(-1).tolist() == [1, 0]
    assert update.update(told(back, LABELS, given=GIVEN), at(2)).target.argmax(-1).tolist() == [
        0,
        0,
    ]


def test_two_classes_and_soft_targets() -> None:
    """Of votes the likeliest class is the label; the others keep their votes."""
    votes = torch.tensor([[0.6, 0.4], [0.6, 0.4]])
    update = policy()
    update.update(told(SURE, votes, given=GIVEN), at(0))
    found = update.update(told(SURE, votes, given=GIVEN), at(0)).target
    assert torch.equal(found, torch.tensor([[0.0, 1.0], [0.6, 0.4]]))


def test_a_sample_that_is_twice_in_a_step_gets_what_its_last_place_says() -> None:
    probs = torch.tensor([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    handed = one_hot(torch.tensor([0, 0]), 3).float()
    update = policy()
    update.update(told(probs, handed, ids=torch.tensor([4, 4])), at(0))
    found = update.update(told(probs, handed, ids=torch.tensor([4, 4])), at(0)).target
    assert found.argmax(-1).tolist() == [2, 2]


def test_no_sample() -> None:
    found = policy().update(told(torch.zeros(0, 2), torch.zeros(0, 2)), at(0)).target
    assert found.shape == (0, 2)


@pytest.mark.parametrize(("given", "expected"), [(GIVEN, [1, 0]), (None, [0, 0])])
def test_a_new_round_forgets_what_was_no_given_label(given, expected) -> None:
    update = policy(start_epoch=2)
    update.update(told(SURE, LABELS, given=given), at(1, 1))
    resumed = policy(start_epoch=2)
    resumed.load_state_dict(update.state_dict())
    for one in (update, resumed):
        same = one.update(told(SURE, LABELS, given=given), at(0, 1)).target
        assert same.argmax(-1).tolist() == [1, 0]
        later = one.update(told(SURE, LABELS, given=given), at(0, 2)).target
        assert later.argmax(-1).tolist() == expected


def test_without_student_it_takes_the_labelling_network() -> None:
    beliefs = told(SURE, LABELS)._replace(probs=SURE, student_probs=None)
    update = policy()
    update.update(beliefs, at(0))
    assert update.update(beliefs, at(0)).target.argmax(-1).tolist() == [1, 0]


class Stopping(ScnRelabelling):
    """Stops the training at a step."""

    stop_at: int | None = None
    steps = 0

    def update(self, beliefs, progress):
        self.steps += 1
        if self.steps == self.stop_at:
            raise KeyboardInterrupt
        return super().update(beliefs, progress)


def job(folder: Path, relabelling: ScnRelabelling):
    """Noisy student with SCN relabelling, on clips, some of them padded."""
    params = NoisyStudentParams(rounds=2, teacher_epochs=1, student_epochs=2, ratio=2)
    chain = PolicyChain([HardTargets(), relabelling], [ScnWeighting(ScnParams())])
    loop = make_noisy_student(params, Context(seed=3))
    return tiny_job(
        loop,
        folder,
        labelled=tiny_split(9, frames=2),
        unlabelled=tiny_split(8, labelled=False, frames=2, seed=1),
        unlabelled_policies=chain,
        labelled_policies=PolicyChain((), (ScnWeighting(ScnParams()),)),
    )


def relabelling() -> Stopping:
    return Stopping(ScnRelabelParams(start_epoch=1, margin=0.0))


@pytest.mark.parametrize("stop_at", [2, 8])
def test_noisy_student_with_scn_goes_on_alike(stop_at: int, tmp_path: Path) -> None:
    whole = relabelling()
    expected = train(job(tmp_path / "whole", whole))
    columns = [row for row in expected.history if row["phase"] == "student2"]
    assert any(row["unlabelled_relabels"] > 0 for row in columns)
    assert any(row["unlabelled_relabelled"] > 0 for row in columns)
    assert all(0 < row["unlabelled_attention"] < 1 for row in columns)
    stopped = relabelling()
    stopped.stop_at = stop_at
    with pytest.raises(KeyboardInterrupt):
        train(job(tmp_path / "stopped", stopped))
    resumed = relabelling()
    found = train(job(tmp_path / "stopped", resumed), resume=True)
    assert torch.equal(resumed.state_dict()["table"], whole.state_dict()["table"])
    assert torch.equal(found.model.head.weight, expected.model.head.weight)
