"""What is logged of an epoch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ferkit.contracts.policies import Beliefs, Targets, Weights
from ferkit.contracts.training import BatchIds, EpochPlan, Phase
from ferkit.errors import RunError
from ferkit.sections import TrainingSection
from ferkit.testing import tiny_job, tiny_split
from ferkit.training.job import PolicyChain, Silence
from ferkit.training.logged import BINS, policy_scalars, pool_scalars, weight_counts
from ferkit.training.trainer import train

CLASSES = ("happy", "sad")
PROBS = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4], [0.5, 0.5]])
TRUTH = torch.tensor([0, 0, 1, -1, -1])


def beliefs(probs: torch.Tensor = PROBS) -> Beliefs:
    count = len(probs)
    nothing = torch.full((count,), -1)
    return Beliefs(torch.arange(count), nothing, probs * 0, probs, probs, torch.zeros(count))


def plan(pool: list[int] | None, *picked: list[int]) -> EpochPlan:
    batches = [BatchIds(torch.arange(2), torch.tensor(ids, dtype=torch.int64)) for ids in picked]
    ids = None if pool is None else torch.tensor(pool, dtype=torch.int64)
    return EpochPlan(batches or [BatchIds(torch.arange(2), torch.arange(0))], {}, ids)


def columns(made: EpochPlan, **changes):
    given = {"beliefs": beliefs(), "truth": TRUTH, "classes": CLASSES} | changes
    return pool_scalars(made, given.pop("beliefs"), **given)


def test_pool_and_picked_by_hand() -> None:
    assert columns(plan([0, 1, 2, 4], [2], [0])) == {
        "pool": 4,
        "pool_happy": 2,  # 0, and 4 where equal classes are the first
        "pool_sad": 2,
        "pool_right": pytest.approx(2 / 3),  # 0 and 2 are, 1 is not, of 4 it is not known
        "picked": 2,
        "picked_happy": 1,
        "picked_sad": 1,
        "picked_right": 1.0,
    }


def test_samples_count_once() -> None:
    said = columns(plan([3, 3, 0], [0, 0], [0]))
    assert (said["pool"], said["picked"], said["pool_happy"]) == (2, 1, 2)


def test_an_empty_pool_and_a_truth_that_nobody_knows() -> None:
    said = columns(plan([]))
    assert said == {
        **{"pool": 0, "pool_happy": 0, "pool_sad": 0},
        **{"picked": 0, "picked_happy": 0, "picked_sad": 0},
    }
    assert "pool_right" not in columns(plan([3, 4], [3]))
    assert "picked_right" not in columns(plan([0, 3], [3]))


def test_without_a_pool_or_without_predictions() -> None:
    assert columns(plan(None, [0])) == {}
    assert columns(plan([0, 1], [1]), beliefs=None) == {"pool": 2, "picked": 1}


def test_a_class_called_right_does_not_take_the_column_of_the_share() -> None:
    said = columns(plan([0, 1], [0]), classes=("right", "wrong"))
    assert said["pool_right"] == 0.5
    assert said["pool_wrong"] == 1


@pytest.mark.parametrize(
    ("pool", "message"),
    [
        (torch.tensor([0, 5]), r"loop: the pool holds ids that are not 0 to 4"),
        (torch.tensor([-1]), r"loop: the pool holds ids that are not 0 to 4"),
        (torch.tensor([0.5]), r"pool of the epoch is \(1,\) torch\.float32, not \(n,\) int64"),
        (torch.ones(5, dtype=torch.bool), r"torch\.bool, not \(n,\) int64"),
        (torch.zeros(2, 1, dtype=torch.int64), r"is \(2, 1\) torch\.int64, not \(n,\) int64"),
    ],
)
def test_pools_that_are_none(pool: torch.Tensor, message: str) -> None:
    with pytest.raises(RunError, match=message):
        columns(plan(None)._replace(pool=pool))


def test_bins_of_weights_by_a_plain_loop() -> None:
    weights = [0.0, 0.0, 0.01, 0.05, 0.5, 0.949, 0.95, 0.999, 1.0, 1.0, 1.0001, 7.0]
    expected = [0] * 21
    for weight in weights:
        expected[20 if weight > 1 else min(19, int(weight / 0.05 + 1e-6))] += 1
    assert weight_counts(torch.tensor(weights)) == tuple(expected)
    assert expected[0] == 3
    assert expected[19] == 4
    assert expected[20] == 2
    assert weight_counts(torch.zeros(0)) == (0,) * (BINS + 1)


class Says:
    def __init__(self, **told: float) -> None:
        self.told = told

    def scalars(self):
        return self.told


def test_names_of_policies_columns() -> None:
    said = policy_scalars("labelled", [Says(moved=1), object(), Says(moved=0, trend=0.5), Says()])
    assert said == {"labelled_moved": 1, "labelled_moved_2": 0, "labelled_trend": 0.5}


class Counts:
    """A weighting and a label update that says how often it acted."""

    def __init__(self, every: str) -> None:
        self.every, self.acted = every, 0

    def weigh(self, beliefs, targets, progress):
        self.acted += 1
        return Weights(torch.full((len(targets),), 0.5), torch.zeros(()))

    def update(self, beliefs, progress):
        self.acted += 1
        return Targets(beliefs.targets)

    def scalars(self):
        return {"acted": self.acted}


def rows(make_loop, folder: Path, labelled: Counts, **changes):
    phases = (Phase("plain", 1, adaptive=False), Phase("only", 2, keep="last", **changes))
    job = tiny_job(
        make_loop(*phases),
        folder,
        unlabelled=replace(tiny_split(14, labelled=False, seed=1), truth=torch.arange(14) % 3),
        labelled_policies=PolicyChain([], [labelled]),
    )
    return train(job)


def test_policies_of_an_epoch_are_asked_after_they_acted(make_loop, tmp_path: Path) -> None:
    trained = rows(make_loop, tmp_path, Counts("epoch"))
    assert [row.get("labelled_acted") for row in trained.history] == [None, 1, 2]
    assert [row["mean_weight_labelled"] for row in trained.history] == [1, 0.5, 0.5]
    assert [row["weight_zero_labelled"] for row in trained.history] == [0, 0, 0]
    assert [(h.epoch, h.split, h.counts[10]) for h in trained.histograms] == [
        (1, "labelled", 10),
        (2, "labelled", 10),
    ]
    # Only the labelled split was predicted: the pool needs predictions, too.
    assert [row.get("predicted") for row in trained.history] == [None, 10, 10]
    assert "pool" not in trained.history[-1]


def test_policies_of_a_round_are_logged_where_they_acted(make_loop, tmp_path: Path) -> None:
    trained = rows(make_loop, tmp_path, Counts("round"))
    assert [row.get("labelled_acted") for row in trained.history] == [None, 1, None]
    assert [row.get("predicted") for row in trained.history] == [None, 10, None]


def test_policies_of_a_step_are_means_over_the_steps(make_loop, tmp_path: Path) -> None:
    trained = rows(make_loop, tmp_path, Counts("step"))
    first, second, third = (row.get("labelled_acted") for row in trained.history)
    assert first is None
    assert 2 < second < 6  # asked after each of the six steps, it said 1, 2, 3, ...
    assert 8 < third < 12
    # Its weights stand in no table, so there is nothing to count.
    assert trained.histograms == ()
    assert "mean_weight_labelled" not in trained.history[-1]


def test_any_loop_with_a_pool_is_logged(make_loop, tmp_path: Path) -> None:
    trained = rows(make_loop, tmp_path, Counts("epoch"), beliefs=True)
    assert "pool" not in trained.history[0]
    for row in trained.history[1:]:
        assert (row["pool"], row["picked"], row["predicted"]) == (7, 14, 24)
        assert row["pool_anger"] + row["pool_happy"] + row["pool_sad"] == 7
        assert 0 <= row["pool_right"] <= 1


def test_an_observer_hears_how_far_a_pass_is(make_loop, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []

    class Hears(Silence):
        def predicting(self, done, total):
            heard.append((done, total))

    phase = Phase("only", 1, beliefs=True, keep="last", unlabelled_part=0.5)
    section = TrainingSection(batch_size=8, device="cpu", prediction_batch_size=5)
    train(tiny_job(make_loop(phase), tmp_path, observer=Hears(), training=section))
    before = [(5, 10), (10, 10), (5, 7), (7, 7)]
    validation, after = [(5, 6), (6, 6)], [(5, 10), (10, 10), (5, 14), (10, 14), (14, 14)]
    assert heard == before + validation + after


def test_a_smoke_run_predicts_a_batch(make_loop, tmp_path: Path) -> None:
    job = tiny_job(make_loop(Phase("only", 2, beliefs=True)), tmp_path, smoke=True)
    row = train(job).history[0]
    assert row["predicted"] == 8  # of 4 of each split
