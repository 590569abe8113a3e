"""SELC's turning point, found from the losses: by hand, in steps, and in a training."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_basics.params import SupervisedParams
from ferkit_basics.supervised import make_supervised
from ferkit_selc.label_update import make_selc
from ferkit_selc.params import SelcParams
from ferkit_selc.turning import TurningPoint, distance_of_groups
from stopping import Stop, StopAfter, without_seconds

from ferkit.cli import main
from ferkit.contracts.policies import Progress
from ferkit.plugin import Context
from ferkit.sections import OptimiserSection, TrainingSection
from ferkit.testing.policy import random_beliefs
from ferkit.testing.tiny import tiny_job, tiny_split
from ferkit.training.job import PolicyChain
from ferkit.training.trainer import train

STEPS = 2  # of an epoch


def at(epoch: int, part: int = 0, *, round_: int = 0) -> Progress:
    step = epoch * STEPS + part
    return Progress("phase", round_, epoch, 30, step, 60, ())


def test_groups_that_are_apart_by_hand() -> None:
    """Two narrow groups are the components: means .2 and 2.2."""
    losses = torch.tensor([0.1, 0.2, 0.3, 0.2, 2.1, 2.3, 2.2])
    assert distance_of_groups(losses) == pytest.approx(2.0, abs=1e-6)
    assert distance_of_groups(5 * losses) == pytest.approx(10.0, abs=1e-5)
    assert distance_of_groups(torch.full((4,), 0.7)) == 0
    assert distance_of_groups(torch.tensor([0.5])) == 0
    assert distance_of_groups(torch.tensor([0.5, 1.5])) == pytest.approx(1.0)


def epochs(point: TurningPoint, distances: list[float], *, first: int = 0) -> list[bool]:
    """Whether labels move in each epoch, of whose samples a half lose `distance` more."""
    passed = []
    for epoch, distance in enumerate(distances, first):
        for part in range(STEPS):
            point.begin(at(epoch, part))
            ids = torch.tensor([part, part + STEPS])
            point.note(ids, torch.tensor([0.1, 0.1 + distance]), total=4)
        passed.append(point.passed)
    return passed


def test_turns_after_so_many_epochs_without_a_greater_distance() -> None:
    """The first epoch does not count; then means of three: 1, 1.5, 2, 2.5, 2.5, 11/6."""
    point = TurningPoint(patience=2)
    found = epochs(point, [9.0, 1.0, 2.0, 3.0, 2.5, 2.0, 1.0, 9.0])
    assert found == [False] * 7 + [True]
    assert point.distance == pytest.approx(11 / 6, abs=1e-5)


def test_it_does_not_turn_back_and_a_new_phase_begins_anew() -> None:
    point = TurningPoint(patience=1)
    assert epochs(point, [0.0, 2.0, 1.0, 9.0, 9.0]) == [False] * 3 + [True] * 2
    assert epochs(point, [9.0, 2.0, 3.0, 1.0]) == [False] * 4
    assert epochs(point, [9.0, 2.0, 1.0, 9.0]) == [False] * 3 + [True]
    point.begin(at(8, round_=1))
    assert not point.passed
    assert point.distance is None


@pytest.mark.parametrize("cut", [1, 3, 4, 6])
def test_goes_on_where_it_was(cut: int) -> None:
    distances = [1.0, 2.0, 1.5, 1.2, 1.1, 1.0, 1.0]
    whole = TurningPoint(patience=3)
    expected = epochs(whole, distances)
    assert expected == [False] * 5 + [True] * 2
    first, other = TurningPoint(patience=3), TurningPoint(patience=3)
    found = epochs(first, distances[:cut])
    other.load_state_dict(first.state_dict())
    assert found + epochs(other, distances[cut:], first=cut) == expected
    assert other.distance == whole.distance


def test_losses_are_against_the_labels_and_labels_move_once_it_is_passed() -> None:
    """Of twelve samples six are predicted as labelled with .7, the others with less."""
    update = make_selc(SelcParams(turning="auto", patience=1, momentum=0.4), Context())
    beliefs = random_beliefs(0)._replace(ids=torch.arange(12), total=12)
    given = beliefs.targets
    other = given.roll(1, dims=1)
    right = (torch.arange(12) < 6)[:, None]
    for epoch, low in enumerate([0.1, 0.02, 0.05, 0.05]):  # the first does not count
        likely = torch.where(right, 0.7, low)
        probs = likely * given + (1 - likely) * other
        said = update.update(beliefs._replace(probs=probs), at(epoch)).target
        told = update.scalars()
        if epoch >= 2:
            lows = (0.02, 0.05)[: epoch - 1]
            expected = sum(math.log(0.7 / one) for one in lows) / len(lows)
            assert told["loss_distance"] == pytest.approx(expected, abs=1e-5)
        moves = epoch == 3
        assert told["turned"] == float(moves)
        torch.testing.assert_close(said, 0.4 * given + 0.6 * probs if moves else given)
        assert float(told["relabelled"]) == (0.5 if moves else 0)


def test_what_is_not_given_has_no_loss() -> None:
    update = make_selc(SelcParams(turning="auto", patience=1), Context())
    beliefs = random_beliefs(0, labelled=False)
    for epoch in range(4):
        assert torch.equal(update.update(beliefs, at(epoch)).target, beliefs.targets)
    assert "loss_distance" not in update.scalars()


def test_unlabelled_samples_are_refused_when_the_recipe_is_read(capsys) -> None:
    setting = "unlabelled.label_updates=[{use: selc, turning: auto}]"
    assert main(["check", "quickstart", "--set", setting]) == 2
    assert "'selc', as it is set here, is of labelled samples" in capsys.readouterr().err
    setting = "unlabelled.label_updates=[{use: selc, turning: 3}]"
    assert main(["check", "quickstart", "--set", setting]) == 0


def test_a_training_that_is_stopped_ends_alike(tmp_path) -> None:
    def run(folder: str, stop: int = -1, *, resume: bool = False):
        job = tiny_job(
            make_supervised(SupervisedParams(epochs=8, keep="last"), Context()),
            tmp_path / folder,
            training=TrainingSection(
                batch_size=4,
                device="cpu",
                checkpoint_minutes=1e-9,
                optimiser=OptimiserSection(lr=5e-2),
            ),
            labelled=tiny_split(9, frames=2),
            labelled_policies=PolicyChain(
                [make_selc(SelcParams(turning="auto", patience=1, momentum=0.5), Context())], []
            ),
            observer=StopAfter(stop),
        )
        return train(job, resume=resume).history

    whole = run("whole")
    turned = [row["labelled_turned"] for row in whole]
    assert turned[:2] == [0, 0]
    assert turned == sorted(turned)
    assert turned[-1] == 1
    assert all(row["labelled_relabelled"] == 0 for row in whole if not row["labelled_turned"])
    for stop in (5, turned.index(1) * 3 + 1):
        with pytest.raises(Stop):
            run(f"cut{stop}", stop)
        resumed = run(f"cut{stop}", resume=True)
        assert [without_seconds(row) for row in resumed] == [without_seconds(row) for row in whole]
