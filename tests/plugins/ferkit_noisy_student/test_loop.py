"""The loop `noisy_student`: phases, plans, who is noised when, the loss, each switch."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from ferkit_noisy_student.noisy_student import NoisyStudentLoop
from ferkit_noisy_student.params import NoisyStudentParams

from ferkit.contracts.policies import Beliefs, Progress, Weights
from ferkit.contracts.training import Batch, Decision, Part, Prediction, SplitBeliefs, SplitSizes
from ferkit.data import keyed
from ferkit.data.augment import clean_view
from ferkit.errors import FerkitError
from ferkit.sections import ModelSection, OptimiserSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model, tiny_split
from ferkit.testing.tiny import TinyBackbone
from ferkit.training.job import Blueprint, PolicyChain
from ferkit.training.trainer import train


def loop(**params) -> NoisyStudentLoop:
    given = {"rounds": 2, "teacher_epochs": 2, "student_epochs": 2, "input_noise": "weak"}
    return NoisyStudentLoop(NoisyStudentParams(**(given | params)), seed=3)


def beliefs(probs: torch.Tensor, given: torch.Tensor | None = None) -> Beliefs:
    count = len(probs)
    label = torch.full((count,), -1) if given is None else given
    known = torch.eye(probs.shape[1])[label.clamp(min=0)] * (label >= 0)[:, None]
    return Beliefs(torch.arange(count), label, known, probs, probs, torch.zeros(count))


def plan(made: NoisyStudentLoop, probs: torch.Tensor, given, *, epoch: int = 0, batch_size=8):
    labelled = beliefs(torch.eye(3)[given], given)
    return made.plan_epoch(
        made.phases()[1],
        SplitSizes(len(given), len(probs)),
        SplitBeliefs(labelled, beliefs(probs)),
        batch_size=batch_size,
        epoch=epoch,
        generator=keyed.generator(0, epoch),
    )


def ids(made, split: int) -> list[int]:
    return [i for batch in made.batches for i in batch[split].tolist()]


EVEN = torch.arange(30) % 3
SURE = torch.eye(3)[torch.arange(60) % 3]


def test_b16_phases_of_a_teacher_and_its_students() -> None:
    teacher, first, second = loop().phases()
    assert [p.name for p in (teacher, first, second)] == ["teacher", "student1", "student2"]
    assert {p.start for p in (teacher, first, second)} == {"initial"}
    assert (teacher.network, teacher.beliefs, teacher.initial) == ("model", False, False)
    for number, phase in enumerate((first, second), start=1):
        assert (phase.network, phase.teacher, phase.round) == ("student", "previous", number)
        assert (phase.label_view, phase.label_dropout) == ("clean", False)
        assert (phase.predictions, phase.rounds_patience, phase.score) == ("phase", 2, "accuracy")
    assert loop(teacher_from_init=True).phases()[0].initial
    assert [phase.name for phase in loop(rounds=0).phases()] == ["teacher"]


@pytest.mark.parametrize(
    ("params", "labelled", "unlabelled", "label"),
    [
        ({}, "strong", "strong", "clean"),
        ({"input_noise": "weak"}, "weak", "weak", "clean"),
        ({"input_noise": "none"}, "clean", "clean", "clean"),
        ({"noise_labelled": False}, "weak", "strong", "clean"),
        ({"teacher_noise": True}, "strong", "strong", "strong"),
    ],
)
def test_b17_b26_where_the_noise_is(params, labelled, unlabelled, label) -> None:
    phase = loop(**{"input_noise": "strong", **params}).phases()[1]
    assert phase.views == {"labelled": (labelled,), "unlabelled": (unlabelled,)}
    assert phase.label_view == label
    assert phase.label_dropout == bool(params.get("teacher_noise"))


def test_an_epoch_may_have_a_number_of_steps() -> None:
    made = loop(steps=7, ratio=2)
    teacher = made.plan_epoch(
        made.phases()[0],
        SplitSizes(30, 60),
        SplitBeliefs(None, None),
        batch_size=8,
        epoch=0,
        generator=keyed.generator(0),
    )
    assert [(len(b.labelled), len(b.unlabelled)) for b in teacher.batches] == [(8, 0)] * 7
    student = plan(made, SURE, EVEN)
    assert [(len(b.labelled), len(b.unlabelled)) for b in student.batches] == [(8, 16)] * 7


@pytest.mark.parametrize("ratio", [1, 2, 3, 5])
def test_b20_so_many_unlabelled_samples_for_each_labelled_one(ratio) -> None:
    got = plan(loop(ratio=ratio), SURE, EVEN)
    assert [len(batch.labelled) for batch in got.batches] == [8] * 4  # 30 of them, and 2 again
    assert [len(batch.unlabelled) for batch in got.batches] == [8 * ratio] * 4
    assert set(ids(got, 0)) == set(range(30))
    if ratio == 5:  # endless: each twice before one comes a third time
        times = torch.bincount(torch.tensor(ids(got, 1)), minlength=60)
        assert times.min() == 2
        assert times.max() == 3


def test_b20_reshuffled_in_every_epoch() -> None:
    first, second = (plan(loop(), SURE, EVEN, epoch=epoch) for epoch in (0, 1))
    assert ids(first, 0) != ids(second, 0)
    assert ids(first, 1) != ids(second, 1)


def test_a_batch_is_no_larger_than_the_labelled_split() -> None:
    got = plan(loop(ratio=2), SURE, EVEN[:6], batch_size=100)
    assert [(len(b.labelled), len(b.unlabelled)) for b in got.batches] == [(6, 12)]
    assert sorted(ids(got, 0)) == list(range(6))


def test_b19_the_pool_has_the_distribution_of_the_labelled_samples() -> None:
    given = torch.tensor([0] * 20 + [1] * 10)
    probs = torch.eye(3)[torch.tensor([0] * 6 + [1] * 24)]
    got = plan(loop(ratio=30), probs, given, batch_size=1)
    seen = torch.tensor(ids(got, 1))
    assert got.scalars == {"pool_with_repeats": 30}
    assert got.pool.tolist() == sorted(set(seen.tolist()))
    assert [int((seen < 6).sum()), int((seen >= 6).sum())] == [600, 300]
    plain = plan(loop(balance=False), probs, given)
    assert plain.pool.tolist() == list(range(30))


@pytest.mark.parametrize("fraction_of", ["class", "all"])
def test_b26_a_part_is_fixed_and_grows(fraction_of) -> None:
    pools = [
        [
            plan(
                loop(fraction=fraction, fraction_of=fraction_of, balance=False),
                SURE,
                EVEN,
                epoch=epoch,
            ).pool.tolist()
            for epoch in (0, 1)
        ]
        for fraction in (0.1, 0.3, 1.0)
    ]
    assert [len(pool[0]) for pool in pools] == [6, 18, 60]
    assert all(first == second for first, second in pools)
    assert set(pools[0][0]) < set(pools[1][0])
    if fraction_of == "class":
        assert torch.bincount(torch.tensor(pools[0][0]) % 3).tolist() == [2, 2, 2]


def test_without_a_usable_sample_the_labelled_ones_remain() -> None:
    got = plan(loop(), torch.eye(3)[torch.full((9,), 2)], EVEN % 2)
    assert ids(got, 1) == []
    assert set(ids(got, 0)) == set(range(30))
    assert got.pool.tolist() == []


def test_b16_the_loss_is_the_mean_over_the_joint_batch() -> None:
    torch.manual_seed(0)
    logits = torch.randn(5, 3)
    targets = {"labelled": torch.eye(3)[:2], "unlabelled": torch.tensor([[0.2, 0.3, 0.5]] * 3)}
    weights = {"labelled": torch.tensor([0.5, 1.0]), "unlabelled": torch.tensor([1.0, 0.0, 1.0])}
    calls, given = [], []

    class Parts:
        classes, class_weight = 3, torch.tensor([1.0, 2.0, 0.5])
        progress = Progress("student1", 1, 0, 1, 0, 1, ())

        def predict(self, clips, *, network=0):
            calls.append(len(clips.frames))
            return Prediction(logits, torch.zeros(5, 1), torch.zeros(5))

        def decide(self, split, ids, *, probs, student=None):
            given.append(probs)
            return Decision(targets[split], weights[split], torch.zeros(()), None)

    views = [
        clean_view(split.read(torch.arange(len(split)), 1))
        for split in (tiny_split(2), tiny_split(3))
    ]
    parts = [Part(torch.arange(len(v.frames)), {"strong": v}) for v in views]
    result = loop().step(Batch(*parts), Parts())
    log_p = logits.log_softmax(-1)
    total = 0.0
    for row in range(5):
        split, place = ("labelled", row) if row < 2 else ("unlabelled", row - 2)
        for k in range(3):
            factor = float(weights[split][place] * Parts.class_weight[k])
            total -= factor * float(targets[split][place][k] * log_p[row][k])
    assert result.loss.item() == pytest.approx(total / 5, rel=1e-5)
    assert calls == [5]  # one forward
    assert given == [None, None]  # no forward of the teacher either


class Watched(NoisyStudentLoop):
    """Notes what it was told."""

    def __init__(self, params) -> None:
        super().__init__(params, seed=3)
        self.believed: dict[str, list[torch.Tensor]] = {}
        self.seen: list[tuple[str, torch.Tensor, torch.Tensor]] = []
        self.dropout: set[tuple[str, bool, float]] = set()

    def plan_epoch(self, phase, sizes, beliefs, **named):
        if beliefs.unlabelled is not None:
            self.believed.setdefault(phase.name, []).append(beliefs.unlabelled.probs)
        return super().plan_epoch(phase, sizes, beliefs, **named)

    def step(self, batch, parts):
        phase = parts.progress.phase
        layer = parts._students[0].dropout
        self.dropout.add((phase, layer.training, layer.p))
        if len(batch.unlabelled.ids):
            decided = parts.decide("unlabelled", batch.unlabelled.ids, probs=None)
            self.seen.append((phase, batch.unlabelled.ids, decided.target))
        return super().step(batch, parts)


def job(made, folder: Path, **changes):
    fields = {
        "training": TrainingSection(
            batch_size=4, device="cpu", optimiser=OptimiserSection(lr=1e-2)
        ),
        "build_model": lambda: tiny_model(dropout=0.5),
        "unlabelled": replace(tiny_split(14, labelled=False, seed=1), truth=torch.arange(14) % 3),
    }
    return tiny_job(made, folder, **(fields | changes))


def predicted(weights: Path, split) -> torch.Tensor:
    """Clean predictions by saved weights."""
    from safetensors.torch import load_file

    model = tiny_model()
    model.load_state_dict(load_file(weights))
    clips = split.read(torch.arange(len(split)), 2)
    with torch.no_grad():
        return model.eval()(clips.frames / 255, clips.valid).logits.softmax(-1)


def test_b16_the_student_before_labels_cleanly_once_a_round(tmp_path: Path) -> None:
    made = Watched(loop(rounds_patience=None, balance=False).params)
    given = job(made, tmp_path)
    trained = train(given)
    for phase, before in (("student1", "teacher"), ("student2", "student1")):
        expected = predicted(tmp_path / f"{before}.safetensors", given.unlabelled)
        assert len(made.believed[phase]) == 2
        for probs in made.believed[phase]:
            torch.testing.assert_close(probs, expected, rtol=0, atol=1e-5)
        mine = [(ids, target) for name, ids, target in made.seen if name == phase]
        for ids, target in mine:  # soft pseudo-labels
            torch.testing.assert_close(target, expected[ids], rtol=0, atol=1e-5)
    # B18: these predictions are without dropout, and the students learn with it.
    assert made.dropout == {(name, True, 0.5) for name in ("teacher", "student1", "student2")}
    by_epoch = [row.get("predicted") for row in trained.history]
    assert by_epoch == [None, None, 24, None, 24, None]
    rows = [row for row in trained.history if row["round"]]
    assert all(row["pool"] == 14 and 0 <= row["pool_right"] <= 1 for row in rows)


def test_b26_a_noisy_teacher_labels_otherwise_and_still_once(tmp_path: Path) -> None:
    made = Watched(loop(teacher_noise=True, rounds=1).params)
    given = job(made, tmp_path)
    train(given)
    clean = predicted(tmp_path / "teacher.safetensors", given.unlabelled)
    first, second = made.believed["student1"]
    assert torch.equal(first, second)
    assert (first - clean).abs().max() > 1e-3
    torch.testing.assert_close(first.sum(-1), torch.ones(14))
    again = Watched(made.params)
    train(job(again, tmp_path / "again"))
    assert torch.equal(again.believed["student1"][0], first)


def test_b26_the_teacher_labels_under_the_students_dropout(tmp_path: Path) -> None:
    """Also the first one, which was trained without."""
    params = loop(teacher_noise=True, input_noise="none", rounds=1).params
    found = []
    for dropout in (0.0, 0.5):
        made = Watched(params)
        student = Blueprint(
            ModelSection(frames=2, dropout=dropout), lambda: tiny_model(dropout=0.5)
        )
        given = job(made, tmp_path / str(dropout), build_model=tiny_model, student=student)
        train(given)
        clean = predicted(tmp_path / str(dropout) / "teacher.safetensors", given.unlabelled)
        found.append((made.believed["student1"][0] - clean).abs().max())
    assert found[0] < 1e-5
    assert found[1] > 1e-2


class Losses:
    """A weighting that notes the losses it is given."""

    every = "epoch"

    def __init__(self) -> None:
        self.seen: dict[str, list[torch.Tensor]] = {}

    def weigh(self, beliefs, targets, progress):
        loss = -(targets * beliefs.probs.clamp(min=1e-9).log()).sum(-1)
        self.seen.setdefault(progress.phase, []).append(loss)
        return Weights(torch.ones(len(loss)), torch.zeros(()))


def test_weightings_of_the_labelled_samples_get_the_losses_of_who_is_trained(
    tmp_path: Path,
) -> None:
    """A9: not those of the teacher, which stay what they are."""
    watched = Losses()
    made = Watched(loop(rounds=1, student_epochs=4).params)
    trained = train(job(made, tmp_path, labelled_policies=PolicyChain(weightings=[watched])))
    first, *_, last = watched.seen["student1"]
    assert len(watched.seen["student1"]) == 4
    assert len({tuple(loss.tolist()) for loss in watched.seen["student1"]}) == 4
    assert last.mean() < first.mean()
    # Its labels stay the teacher's, made once.
    assert all(torch.equal(p, made.believed["student1"][0]) for p in made.believed["student1"])
    by_epoch = [row["predicted"] for row in trained.history if row["round"] == 1]
    assert by_epoch == [10 + 14 + 10, 10, 10, 10]


def test_b18_without_dropout_of_the_student_alone(tmp_path: Path) -> None:
    made = Watched(loop(rounds=1).params)
    train(job(made, tmp_path, student=Blueprint(ModelSection(frames=2), tiny_model)))
    assert made.dropout == {("teacher", True, 0.5), ("student1", True, 0.0)}


@pytest.mark.parametrize(
    "switch",
    [
        {"balance": False},
        {"input_noise": "strong"},
        {"input_noise": "none"},
        {"noise_labelled": False},
        {"teacher_noise": True, "input_noise": "strong"},
        {"fraction": 0.3, "fraction_of": "all"},
        {"ratio": 1},
        {"keep": "last", "score": "loss"},
        {"patience": 1, "rounds_patience": None},
        {"rounds": 0},
    ],
    ids=str,
)
def test_each_switch_alone(tmp_path: Path, switch) -> None:
    larger = Blueprint(ModelSection(frames=1), lambda: tiny_model(backbone=TinyBackbone(12)))
    trained = train(
        job(
            loop(**{"rounds": 1, "student_epochs": 1, **switch}),
            tmp_path,
            student=larger,
            labelled=tiny_split(10, frames=2),
            unlabelled=tiny_split(14, labelled=False, frames=2, seed=1),
            unlabelled_policies=PolicyChain(),
        )
    )
    names = ["teacher"] + ["student1"] * (switch.get("rounds", 1))
    assert [phase.name for phase in trained.phases] == names
    assert trained.final is not None


def test_the_unlabelled_samples_help(tmp_path: Path) -> None:
    """Few labels, an easy task: a student learns more from many pseudo-labels than from one."""

    def losses(count: int) -> list[float]:
        params = {"teacher_epochs": 15, "student_epochs": 5, "rounds": 1, "balance": False}
        trained = train(
            job(
                loop(rounds_patience=None, score="loss", **params),
                tmp_path / str(count),
                build_model=tiny_model,
                labelled=tiny_split(6),
                unlabelled=tiny_split(count, labelled=False, seed=1),
                validation=tiny_split(60, seed=2),
            )
        )
        found = [phase.validation_loss for phase in trained.phases]
        assert trained.final.validation_loss == min(found)
        return found

    few, many = losses(1), losses(60)
    assert few[0] == many[0]  # one teacher
    assert many[1] < 0.9 * few[1]


def test_strong_views_that_are_switched_off_are_refused_at_once(tmp_path: Path) -> None:
    section = TrainingSection(batch_size=4, device="cpu", strong=None)
    for params in ({}, {"rounds_patience": None, "noise_labelled": False}):
        made = loop(input_noise="strong", **params)
        with pytest.raises(FerkitError, match=r"training\.strong: it is null, and the loop asks"):
            train(job(made, tmp_path, training=section))
    assert not list(tmp_path.iterdir())
    trained = train(job(loop(input_noise="weak", rounds=1), tmp_path, training=section))
    assert len(trained.phases) == 2


def test_patience_without_validation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FerkitError, match=r"loop\.rounds_patience: .*rounds_patience: null"):
        train(job(loop(), tmp_path, validation=None))
    trained = train(job(loop(rounds_patience=None), tmp_path, validation=None))
    assert trained.final.name == "student2"


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_on_a_gpu(tmp_path: Path, precision) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA")
    section = TrainingSection(batch_size=4, device="cuda", precision=precision)
    made = Watched(loop(teacher_noise=True, input_noise="strong").params)
    trained = train(job(made, tmp_path, training=section))
    assert [len(each) for each in made.believed.values()] == [2, 2]
    assert all(math.isfinite(row["train_loss"]) for row in trained.history)
    assert trained.device == "cuda:0"


def test_without_unlabelled_samples_students_learn_from_the_labelled(tmp_path: Path) -> None:
    trained = train(job(loop(rounds=1), tmp_path, unlabelled=None))
    assert [phase.name for phase in trained.phases] == ["teacher", "student1"]
