"""The loop `self_training`: plans, the order of events, the loss."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ferkit_selftraining.loss_trend import LossTrendWeighting
from ferkit_selftraining.params import SelfTrainingParams
from ferkit_selftraining.self_training import SelfTrainingLoop
from ferkit_selftraining.successive_smoothing import SuccessiveSmoothing

from ferkit.contracts.policies import Beliefs, Progress
from ferkit.contracts.training import SplitBeliefs, SplitSizes
from ferkit.data import keyed
from ferkit.testing import tiny_job, tiny_split
from ferkit.training.job import PolicyChain
from ferkit.training.trainer import train


def loop(**params) -> SelfTrainingLoop:
    given = {"initial_epochs": 2, "patience": None, "iterations": 4, "tau": 0.4} | params
    return SelfTrainingLoop(SelfTrainingParams(**given), classes=3)


def beliefs(probs: torch.Tensor) -> Beliefs:
    count = len(probs)
    nothing = torch.full((count,), -1)
    return Beliefs(torch.arange(count), nothing, probs * 0, probs, probs, torch.zeros(count))


def plan(made: SelfTrainingLoop, phase: int, probs: torch.Tensor, *, epoch: int = 0):
    said = beliefs(probs)
    return made.plan_epoch(
        made.phases()[phase],
        SplitSizes(40, len(probs)),
        SplitBeliefs(None, said),
        batch_size=8,
        epoch=epoch,
        generator=keyed.generator(0, epoch),
    )


def ids(plan, split: int) -> list[int]:
    return [i for batch in plan.batches for i in batch[split].tolist()]


def test_a2_the_first_phase_takes_labelled_samples_alone_and_only_start_policies() -> None:
    made = loop()
    first, second = made.phases()
    assert (first.initial, first.adaptive, first.start) == (True, False, "fresh")
    assert (second.beliefs, second.adaptive, second.start, second.patience) == (
        True,
        True,
        "previous",
        None,
    )
    got = plan(made, 0, torch.eye(3).repeat(10, 1))
    assert sorted(ids(got, 0)) == list(range(40))
    assert ids(got, 1) == []


def test_a5_the_length_of_the_epoch_stays_the_number_of_labelled_samples() -> None:
    got = plan(loop(fraction=0.15), 1, torch.eye(3).repeat(10, 1))
    assert len(ids(got, 1)) == 6
    assert len(ids(got, 0)) == 34
    assert got.pool.tolist() == list(range(30))


def test_a5_fewer_picked_fewer_replaced() -> None:
    probs = torch.full((30, 3), 1 / 3)
    probs[7] = torch.tensor([0.0, 1.0, 0.0])
    got = plan(loop(fraction=0.15), 1, probs)
    assert ids(got, 1) == [7]
    assert len(ids(got, 0)) == 39


def test_an_epoch_may_have_a_number_of_steps() -> None:
    made = loop(fraction=0.15, steps=12)
    first, second = (plan(made, phase, torch.eye(3).repeat(10, 1)) for phase in (0, 1))
    sizes = [[len(b.labelled) + len(b.unlabelled) for b in one.batches] for one in (first, second)]
    assert sizes == [[8] * 12] * 2
    assert ids(first, 1) == []
    assert set(ids(first, 0)) == set(range(40))
    # Those that stay away do so in all passes of the epoch.
    assert len(set(ids(second, 0))) == 34
    assert len(set(ids(second, 1))) == 6


def test_an_empty_pool_leaves_the_labelled_samples() -> None:
    got = plan(loop(tau=1.0), 1, torch.eye(3).repeat(10, 1))
    assert ids(got, 1) == []
    assert sorted(ids(got, 0)) == list(range(40))


def test_a4_a_new_pick_in_every_epoch() -> None:
    probs = torch.eye(3).repeat(10, 1)
    made = loop(fraction=0.15)
    assert sorted(ids(plan(made, 1, probs), 1)) != sorted(ids(plan(made, 1, probs, epoch=1), 1))


class Told(LossTrendWeighting):
    """Keeps what it was told."""

    def __init__(self) -> None:
        super().__init__(c=0.3, sigma=2.0, w0=1.0, window=1)
        self.told: list[tuple[Beliefs, tuple[float, ...]]] = []

    def weigh(self, beliefs, targets, progress):
        self.told.append((beliefs, progress.validation_losses))
        return super().weigh(beliefs, targets, progress)


class Smoothing(SuccessiveSmoothing):
    """Keeps what it answered."""

    def __init__(self) -> None:
        super().__init__(alpha=0.5)
        self.answered: list[torch.Tensor] = []

    def update(self, beliefs, progress):
        said = super().update(beliefs, progress)
        self.answered.append(said.target)
        return said


@pytest.mark.parametrize(
    ("losses", "told"),
    [
        ((), {"weights_moved": 0}),
        ((1.0, 2.0), {"weights_moved": 0}),
        ((1.0, 0.5, 1.0), {"weights_moved": 0, "validation_trend": 0.0}),  # no rise
        ((1.0, 0.5, 0.8), {"weights_moved": 0, "validation_trend": pytest.approx(-0.1)}),
        ((1.0, 0.5, 1.4), {"weights_moved": 1, "validation_trend": pytest.approx(0.2)}),
    ],
)
def test_a10_says_whether_weights_moved_and_why(losses, told) -> None:
    weighting = LossTrendWeighting(c=0.3, sigma=2.0, w0=1.0, window=2)
    assert weighting.scalars() == {}
    said = beliefs(torch.tensor([[0.9, 0.1], [0.2, 0.8]]))
    said = said._replace(losses=torch.tensor([0.1, 3.0]))
    progress = Progress("self_training", 0, len(losses), 9, 0, 0, losses)
    weight = weighting.weigh(said, said.targets, progress).weight
    assert weighting.scalars() == told
    assert bool((weight != 1).any()) == bool(told["weights_moved"])


def test_a6_says_how_many_labels_are_at_the_floor() -> None:
    update = SuccessiveSmoothing(alpha=0.7)
    assert update.scalars() == {}
    probs = torch.tensor([[0.9, 0.1], [0.7, 0.3], [0.9, 0.1], [0.4, 0.6]])
    said = beliefs(probs)._replace(given=torch.tensor([0, 0, 1, -1]))
    target = update.update(said, Progress("self_training", 0, 0, 9, 0, 0, ())).target
    assert update.scalars() == {"at_floor": 2}
    assert int((target.amax(-1) == 0.7).sum()) == 2


def test_order_of_events_in_an_iteration(tmp_path: Path) -> None:
    weighting, update = Told(), Smoothing()
    job = tiny_job(
        loop(fraction=0.2),
        tmp_path,
        labelled_policies=PolicyChain([update], [weighting]),
    )
    trained = train(job)
    assert len(weighting.told) == len(update.answered) == 4  # not in the first phase
    one_hot = job.labelled.given_probs
    # A9: losses of the clean prediction against the targets that the finished epoch used.
    in_force = [one_hot, *update.answered[:3]]
    for (said, _), targets in zip(weighting.told, in_force, strict=True):
        assert torch.equal(said.targets, targets)
        expected = -(targets * said.probs.log()).sum(-1)
        torch.testing.assert_close(said.losses, expected)
    # A10: validation losses of this phase alone, one per finished iteration.
    losses = [row["validation_loss"] for row in trained.history if row["phase"] == "self_training"]
    assert [told for _, told in weighting.told] == [tuple(losses[:i]) for i in range(4)]
    # A7: targets of the unlabelled samples are their predictions before the epoch.
    torch.testing.assert_close(trained.unlabelled.target.sum(-1), torch.ones(14))
    assert trained.labelled.target.equal(update.answered[-1])


def test_a_given_first_model_leaves_the_first_phase_out(tmp_path: Path) -> None:
    first = train(tiny_job(loop(), tmp_path / "first"))
    job = tiny_job(loop(), tmp_path / "second", init=tmp_path / "first" / "initial.safetensors")
    second = train(job)
    assert [row["phase"] for row in second.history] == ["self_training"] * 4
    assert "'initial' is left out" in second.notes[0]
    # The same first model and the same seed: the same self-training.
    rest = [row["validation_loss"] for row in first.history[2:]]
    assert [row["validation_loss"] for row in second.history] == rest


def test_the_first_model_may_be_trained_from_given_weights(tmp_path: Path) -> None:
    train(tiny_job(loop(), tmp_path / "first"))
    given = tmp_path / "first" / "initial.safetensors"
    trained = train(tiny_job(loop(first_from_init=False), tmp_path / "second", init=given))
    assert [phase.name for phase in trained.phases] == ["initial", "self_training"]
    before = train(tiny_job(loop(), tmp_path / "third"))
    assert trained.history[0]["validation_loss"] != before.history[0]["validation_loss"]


def test_without_unlabelled_samples_it_trains_on_the_labelled_ones(tmp_path: Path) -> None:
    trained = train(tiny_job(loop(), tmp_path, unlabelled=None))
    assert len(trained.history) == 6
    assert trained.unlabelled is None


def test_a8_a_batch_is_one_forward_and_weight_0_counts_as_a_sample(tmp_path: Path) -> None:
    from ferkit.contracts.training import Batch, Decision, Part, Prediction
    from ferkit.data.augment import clean_view

    torch.manual_seed(0)
    labelled, unlabelled = tiny_split(3), tiny_split(2, labelled=False)
    views = [
        clean_view(split.read(torch.arange(len(split)), 1)) for split in (labelled, unlabelled)
    ]
    logits = torch.randn(5, 3)
    targets = {"labelled": torch.eye(3), "unlabelled": torch.full((2, 3), 1 / 3)}
    weights = {"labelled": torch.tensor([1.0, 0.0, 0.25]), "unlabelled": torch.ones(2)}
    calls = []

    class Parts:
        classes, class_weight = 3, torch.ones(3)

        def predict(self, clips, *, network=0):
            calls.append(len(clips.frames))
            return Prediction(logits, torch.zeros(5, 1), torch.zeros(5))

        def decide(self, split, ids, *, probs, student=None):
            return Decision(targets[split], weights[split], torch.zeros(()), None)

    parts = [Part(torch.arange(len(v.frames)), {"weak": v}) for v in views]
    result = loop().step(Batch(*parts), Parts())
    log_p = logits.log_softmax(-1).tolist()
    total = 0.0
    for i in range(3):
        total += weights["labelled"].tolist()[i] * -log_p[i][i]
    for i in (3, 4):
        total += -sum(log_p[i]) / 3
    assert result.loss.item() == pytest.approx(total / 5, rel=1e-5)
    assert calls == [5]
