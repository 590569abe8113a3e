"""Loops on both splits side by side: plans, factors, losses, the moving average."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from ferkit.contracts.policies import Weights
from ferkit.contracts.training import Decision, SplitBeliefs, SplitSizes
from ferkit.sections import TrainingSection
from ferkit.testing import tiny_split
from ferkit.testing.tiny import tiny_job
from ferkit.training.consistency import ConsistencyLoop, learnt_both_ways, weighted_squares
from ferkit.training.consistency_params import ConsistencyParams
from ferkit.training.job import PolicyChain
from ferkit.training.paired import consistency_batches, ramped
from ferkit.training.trainer import train


def loop(**given) -> ConsistencyLoop:
    shape = {"learnt": "strong", "labelled_on": "weak"}
    shape |= {name: given.pop(name) for name in ("labelled_on", "loss", "teacher") if name in given}
    params = ConsistencyParams(**({"epochs": 2, "ratio": 2} | given))
    return ConsistencyLoop("both", params, seed=3, **shape)


def test_an_epoch_goes_through_both_splits() -> None:
    params = ConsistencyParams(ratio=2)
    batches = consistency_batches(params, SplitSizes(6, 20), batch_size=4, epoch=0, seed=0)
    assert [tuple(map(len, ids)) for ids in batches] == [(4, 8)] * 3  # 20 others at 8 a step
    seen = torch.cat([ids.unlabelled for ids in batches])[:20]
    assert sorted(seen.tolist()) == list(range(20))
    fewer = consistency_batches(params, SplitSizes(3, 20), batch_size=64, epoch=0, seed=0)
    assert [tuple(map(len, ids)) for ids in fewer] == [(3, 6)] * 4
    alone = consistency_batches(params, SplitSizes(6, 0), batch_size=4, epoch=0, seed=0)
    assert [tuple(map(len, ids)) for ids in alone] == [(4, 0)] * 2


def test_epochs_of_given_steps_go_on_from_one_another() -> None:
    params = ConsistencyParams(ratio=1, steps=1)
    plans = [
        consistency_batches(params, SplitSizes(6, 6), batch_size=2, epoch=epoch, seed=0)
        for epoch in range(3)
    ]
    for split in (0, 1):
        seen = torch.cat([plan[0][split] for plan in plans])
        assert sorted(seen.tolist()) == list(range(6))


@pytest.mark.parametrize(
    ("ramp", "step", "factor"),
    [
        ("none", 0, 1.0),
        ("linear", 0, 0.0),
        ("linear", 25, 0.5),
        ("linear", 60, 1.0),
        ("gaussian", 0, math.exp(-5)),
        ("gaussian", 25, math.exp(-1.25)),
        ("gaussian", 50, 1.0),
    ],
)
def test_ramps(ramp: str, step: int, factor: float) -> None:
    assert ramped(ramp, step=step, steps=100, share=0.5) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("step", "factor"), [(0, 0.0), (19, 0.0), (20, 0.0), (45, 0.5), (70, 1.0), (99, 1.0)]
)
def test_a_ramp_that_begins_later(step: int, factor: float) -> None:
    # Lee's eq. 16 with T1 = 20 and T2 = 70 of 100.
    found = ramped("linear", step=step, steps=100, share=0.5, start=0.2)
    assert found == pytest.approx(factor)
    assert ramped("none", step=step, steps=100, share=0.5, start=0.2) == float(step >= 20)


def test_a_ramp_that_ends_after_the_training_is_refused() -> None:
    with pytest.raises(ValueError, match="before the training ends"):
        ConsistencyParams(ramp="linear", ramp_start=0.5, ramp_share=0.6)
    assert ConsistencyParams(ramp_start=0.9).ramp == "none"  # its share says nothing then


def test_gradients_go_both_ways_where_nothing_changed_the_target() -> None:
    probs = torch.tensor([[0.25, 0.75], [0.4, 0.6]], requires_grad=True)
    said = torch.tensor([[0.25, 0.75], [0.0, 1.0]])
    decision = Decision(said, torch.ones(2), torch.zeros(()), None)
    found = learnt_both_ways(decision, probs).target
    assert torch.equal(found.detach(), said)
    (found * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert torch.equal(probs.grad, torch.tensor([[1.0, 2.0], [0.0, 0.0]]))


def test_squares_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)], [0.0, 0.0]])
    decision = Decision(
        torch.tensor([[0.5, 0.5], [1.0, 0.0]]), torch.tensor([2.0, 1.0]), torch.zeros(()), None
    )
    # Probabilities (.25, .75) and (.5, .5): mean squares 1/16 and 1/4.
    torch.testing.assert_close(weighted_squares(logits, decision), torch.tensor([0.125, 0.25]))


@pytest.mark.parametrize("labelled_on", ["weak", None])
def test_trains_with_and_without_a_view_of_its_own(labelled_on, tmp_path: Path) -> None:
    job = tiny_job(
        loop(labelled_on=labelled_on),
        tmp_path,
        labelled=tiny_split(9),
        unlabelled=tiny_split(12, labelled=False, seed=1),
        validation=tiny_split(6, seed=2),
    )
    trained = train(job)
    assert all(row["unlabelled_loss"] > 0 for row in trained.history)
    assert [row["epoch"] for row in trained.history] == [1, 2]


@pytest.mark.parametrize("both_ways", [True, False])
def test_pieces_of_a_step_may_be_without_labelled_samples(both_ways, tmp_path: Path) -> None:
    params = ConsistencyParams(epochs=1, ratio=4)
    made = ConsistencyLoop(
        "both",
        params,
        seed=3,
        learnt="weak",
        labelled_on="weak2",
        both_ways=both_ways,
        labelled_too=True,
    )
    training = TrainingSection(batch_size=2, device="cpu", accumulate=4)
    trained = train(tiny_job(made, tmp_path, training=training, labelled=tiny_split(3)))
    assert math.isfinite(trained.history[0]["train_loss"])


def test_a_weight_of_nothing_leaves_the_labelled_loss(tmp_path: Path) -> None:
    class Nothing:
        every = "step"

        def weigh(self, beliefs, targets, progress):
            return Weights(torch.zeros(len(targets)), torch.zeros(()))

    job = tiny_job(
        loop(average=None),
        tmp_path,
        labelled=tiny_split(9),
        unlabelled=tiny_split(12, labelled=False, seed=1),
        unlabelled_policies=PolicyChain((), (Nothing(),)),
    )
    for row in train(job).history:
        assert row["unlabelled_loss"] == 0
        assert row["train_loss"] == pytest.approx(row["labelled_loss"])


def test_the_average_is_what_is_kept_and_the_student_what_labels(tmp_path: Path) -> None:
    def final(average: float | None, name: str):
        job = tiny_job(
            loop(average=average, keep="last"),
            tmp_path / name,
            labelled=tiny_split(9),
            unlabelled=tiny_split(12, labelled=False, seed=1),
        )
        return train(job)

    plain, slow, quick = final(None, "none"), final(0.999, "slow"), final(1e-6, "quick")
    # The student takes the same way in all of them: only what is kept differs.
    for one, other in ((plain, slow), (plain, quick)):
        assert [r["train_loss"] for r in one.history] == [r["train_loss"] for r in other.history]
    mine, others = plain.model.head.weight, slow.model.head.weight
    assert not torch.equal(mine, others)
    torch.testing.assert_close(quick.model.head.weight, mine, rtol=0, atol=1e-4)


def test_plan_is_the_same_for_the_same_seed() -> None:
    made = loop()
    (phase,) = made.phases()
    plans = [
        made.plan_epoch(
            phase,
            SplitSizes(6, 20),
            SplitBeliefs(None, None),
            batch_size=4,
            epoch=0,
            generator=torch.Generator(),
        )
        for _ in range(2)
    ]
    for one, other in zip(plans[0].batches, plans[1].batches, strict=True):
        assert torch.equal(one.unlabelled, other.unlabelled)
