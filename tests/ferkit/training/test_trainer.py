"""Phases, rows, early stopping, accumulation, errors."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from ferkit.contracts.training import Phase
from ferkit.errors import FerkitError, RunError
from ferkit.sections import ModelSection, OptimiserSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model, tiny_split
from ferkit.training.job import PolicyChain, Silence
from ferkit.training.optimiser import learning_rate
from ferkit.training.trainer import train


def section(**changes) -> TrainingSection:
    given = {"batch_size": 4, "device": "cpu", "optimiser": OptimiserSection(lr=1e-2)}
    return TrainingSection(**(given | changes))


def weights(trained) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trained.model.parameters()])


class Events(Silence):
    def __init__(self) -> None:
        self.phases, self.rows, self.steps, self.notes = [], [], [], []

    def phase_started(self, phase, epochs):
        self.phases.append((phase, epochs))

    def epoch_finished(self, row):
        self.rows.append(row)

    def step_finished(self, done, total, loss):
        self.steps.append((done, total, loss))

    def note(self, text):
        self.notes.append(text)


def test_rows_tables_and_events(make_loop, tmp_path: Path) -> None:
    seen = Events()
    trained = train(tiny_job(make_loop(), tmp_path, observer=seen))
    assert seen.phases == [("only", 3)]
    assert tuple(seen.rows) == trained.history
    assert [(row["epoch"], row["step"]) for row in trained.history] == [(1, 6), (2, 12), (3, 18)]
    assert seen.steps[:2] == [(1, 6, seen.steps[0][2]), (2, 6, seen.steps[1][2])]
    last = trained.history[-1]
    assert last["chosen"] == 14
    assert last["train_loss"] == pytest.approx(last["step_loss"], rel=1e-5)
    mean = sum(loss for _, _, loss in seen.steps[12:]) / 6  # 24 samples in 6 full batches
    assert last["train_loss"] == pytest.approx(mean, rel=1e-5)
    assert 0 <= last["validation_accuracy"] <= 1
    assert trained.labelled.target.tolist() == tiny_split(10).given_probs.tolist()
    assert trained.unlabelled.weight.tolist() == [1] * 14
    assert not trained.model.training
    assert (tmp_path / "only.safetensors").is_file()
    assert trained.phases[0].as_dict()["steps"] == 18


def test_it_learns(make_loop, tmp_path: Path) -> None:
    job = tiny_job(
        make_loop(Phase("only", 30)),
        tmp_path,
        labelled=tiny_split(30),
        unlabelled=None,
        validation=tiny_split(15, seed=5),
        training=section(optimiser=OptimiserSection(lr=3e-2), augmentation=None),
    )
    trained = train(job)
    assert trained.history[-1]["validation_accuracy"] == 1.0


def test_normalisation_is_that_of_the_labelled_training_pixels(make_loop, tmp_path: Path) -> None:
    job = tiny_job(make_loop(), tmp_path)
    pixels = job.labelled.read(torch.arange(10), 2).frames.double() / 255
    trained = train(job)
    mean = pixels.mean((0, 1, 2, 4, 5))
    std = (pixels - mean[:, None, None]).square().mean((0, 1, 2, 4, 5)).sqrt()
    assert trained.model.mean.tolist() == pytest.approx(mean.tolist(), abs=1e-5)
    assert trained.model.std.tolist() == pytest.approx(std.tolist(), abs=1e-5)


def test_the_same_seed_gives_the_same_weights_and_another_does_not(make_loop, tmp_path) -> None:
    before = torch.random.get_rng_state()
    jobs = [
        tiny_job(
            make_loop(), tmp_path / str(i), seed=seed, build_model=lambda: tiny_model(dropout=0.3)
        )
        for i, seed in enumerate((3, 3, 4))
    ]
    first, second, other = (weights(train(job)) for job in jobs)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("accumulate", [2, 3, 8])
def test_accumulated_pieces_are_the_whole_batch(make_loop, tmp_path: Path, accumulate) -> None:
    whole, pieces = (
        train(
            tiny_job(
                make_loop(Phase("only", 1, keep="last")),
                tmp_path / str(number),
                training=section(
                    batch_size=7, accumulate=number, optimiser=OptimiserSection(name="sgd", lr=0.1)
                ),
                model=ModelSection(frames=2, penalty=0.5),
            )
        )
        for number in (1, accumulate)
    )
    torch.testing.assert_close(weights(whole), weights(pieces), rtol=0, atol=1e-5)
    assert whole.history[0]["train_loss"] == pytest.approx(pieces.history[0]["train_loss"])


def test_clipping_bounds_the_step(make_loop, tmp_path: Path) -> None:
    def moved(clip: float | None) -> float:
        job = tiny_job(
            make_loop(Phase("only", 1, keep="last")),
            tmp_path / str(clip),
            training=section(
                batch_size=100,
                clip_norm=clip,
                optimiser=OptimiserSection(name="sgd", lr=1.0, momentum=0.0),
            ),
        )
        start = train(tiny_job(make_loop(), tmp_path / "x", smoke=True, training=section(
            batch_size=100, optimiser=OptimiserSection(name="sgd", lr=1e-12))))  # fmt: skip
        return float((weights(train(job)) - weights(start)).norm())

    assert moved(None) > 0.02
    assert moved(0.01) == pytest.approx(0.01, rel=1e-3)


def test_patience_stops_and_best_weights_are_kept(make_loop, tmp_path: Path) -> None:
    job = tiny_job(
        make_loop(Phase("only", 50, patience=2, keep="best")),
        tmp_path,
        training=section(optimiser=OptimiserSection(lr=0.5)),
    )
    trained = train(job)
    losses = [row["validation_loss"] for row in trained.history]
    best = min(range(len(losses)), key=losses.__getitem__)
    assert len(losses) == best + 3 < 50
    summary = trained.phases[0]
    assert (summary.best_epoch, summary.kept) == (best + 1, "best")
    probs = torch.stack([*trained.labelled.probs])
    assert bool(torch.isfinite(probs).all())
    from ferkit.training.predict import predict

    said = predict(trained.model, job.validation, frames=2, batch_size=4, device="cpu")
    loss = -(job.validation.given_probs * said.log()).sum(-1).mean().item()
    assert loss == pytest.approx(min(losses), rel=1e-5)


def test_phases_hand_their_weights_on(make_loop, tmp_path: Path) -> None:
    rates = OptimiserSection(name="sgd", lr=1e-9)
    job = tiny_job(
        make_loop(
            Phase("first", 2, keep="last", start="fresh"),
            Phase("second", 1, keep="last", start="previous"),
            Phase("third", 1, keep="last", start="fresh", round=1),
        ),
        tmp_path,
        training=section(optimiser=rates),
    )
    train(job)
    from safetensors.torch import load_file

    first, second, third = (
        load_file(tmp_path / f"{name}.safetensors")["head.weight"]
        for name in ("first", "second", "third")
    )
    torch.testing.assert_close(first, second, rtol=0, atol=1e-6)
    assert (second - third).abs().max() > 1e-2


@pytest.mark.parametrize("teacher", ["ema", "previous"])
def test_teachers_label(make_loop, tmp_path: Path, teacher) -> None:
    phases = (Phase("first", 1, keep="last"), Phase("second", 2, keep="last", teacher=teacher))
    trained = train(tiny_job(make_loop(*phases, clean=True), tmp_path))
    assert len(trained.history) == 3
    assert all(math.isfinite(row["train_loss"]) for row in trained.history)


def test_several_networks_train_side_by_side(make_loop, tmp_path: Path) -> None:
    trained = train(tiny_job(make_loop(networks=2, clean=True), tmp_path))
    assert len(trained.history) == 3


def test_smoke_trains_one_batch_of_every_phase(make_loop, tmp_path: Path) -> None:
    job = tiny_job(make_loop(Phase("a", 9), Phase("b", 9)), tmp_path, smoke=True)
    trained = train(job)
    assert [(row["phase"], row["epoch"], row["step"]) for row in trained.history] == [
        ("a", 1, 1),
        ("b", 1, 1),
    ]
    assert trained.unlabelled.probs[-1].tolist() == pytest.approx([1 / 3] * 3)


def test_a_loss_that_is_not_finite_names_the_place(make_loop, tmp_path: Path) -> None:
    class Broken:
        every = "start"

        def weigh(self, beliefs, targets, progress):
            from ferkit.contracts.policies import Weights

            return Weights(torch.full((len(targets),), 3e38), torch.zeros(()))

    job = tiny_job(make_loop(), tmp_path, labelled_policies=PolicyChain((), [Broken(), Broken()]))
    with pytest.raises(RunError, match=r"loss is inf in phase 'only', epoch 1, step 1.*lr.*kept"):
        train(job)
    assert not (tmp_path / "last").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labelled": tiny_split(0)}, r"data\.train: there is no labelled training sample"),
        ({"training": section(device="cuda:99")}, r"training\.device: 'cuda:99' asks for a CUDA"),
        (
            {"training": section().model_copy(update={"device": "tpu"})},
            r"no device 'tpu'.*auto, cpu, cuda",
        ),
        ({"training": section(precision="16-mixed")}, r"training\.precision: '16-mixed' needs"),
    ],
)
def test_jobs_that_cannot_be_trained(make_loop, tmp_path: Path, changes, message) -> None:
    with pytest.raises(FerkitError, match=message):
        train(tiny_job(make_loop(), tmp_path, **changes))


def test_policies_of_a_split_that_is_not_there(make_loop, tmp_path: Path) -> None:
    chain = PolicyChain((), [object()])
    with pytest.raises(FerkitError, match="unlabelled: there are policies for unlabelled"):
        train(tiny_job(make_loop(), tmp_path, unlabelled=None, unlabelled_policies=chain))


def test_patience_needs_validation(make_loop, tmp_path: Path) -> None:
    with pytest.raises(FerkitError, match=r"loop\.patience: phase 'a' stops by the validation"):
        train(tiny_job(make_loop(Phase("a", 2, patience=1)), tmp_path, validation=None))
    trained = train(tiny_job(make_loop(Phase("a", 2)), tmp_path, validation=None))
    assert trained.history[0]["validation_loss"] is None
    assert trained.phases[0].kept == "last"
    assert "weights of the last epoch are kept" in trained.notes[0]


def test_phases_must_be_told_apart(make_loop, tmp_path: Path) -> None:
    with pytest.raises(FerkitError, match="several phases named a"):
        train(tiny_job(make_loop(Phase("a", 1), Phase("a", 1)), tmp_path))


def test_bf16_on_the_cpu(make_loop, tmp_path: Path) -> None:
    trained = train(tiny_job(make_loop(), tmp_path, training=section(precision="bf16-mixed")))
    assert math.isfinite(trained.history[-1]["train_loss"])
    assert trained.labelled.probs.dtype == torch.float32


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.1, 0.1, 0.1]),
        ("cosine", [0.1, 0.075, 0.025]),
        ("step", [0.1, 0.1, 0.05]),
    ],
)
def test_learning_rates(make_loop, tmp_path: Path, schedule, expected) -> None:
    optimiser = OptimiserSection(
        name="adamw", lr=0.1, schedule=schedule, step_epochs=2, step_factor=0.5
    )
    trained = train(tiny_job(make_loop(), tmp_path, training=section(optimiser=optimiser)))
    assert [row["lr"] for row in trained.history] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("epochs", "steps_at"),
    [(1, []), (3, [1, 2]), (8, [2, 4, 6]), (10, [3, 6, 9]), (60, [15, 30, 45])],
)
def test_steps_may_be_a_quarter_of_the_phase(epochs: int, steps_at: list[int]) -> None:
    section = OptimiserSection(lr=1.0, schedule="step", step_epochs=None, step_factor=0.5)
    rates = [learning_rate(section, epoch=epoch, epochs=epochs) for epoch in range(epochs)]
    assert [n for n in range(1, epochs) if rates[n] < rates[n - 1]] == steps_at
    assert rates[-1] == 0.5 ** len(steps_at)
