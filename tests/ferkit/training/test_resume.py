"""Stopped anywhere and resumed, a training gives exactly what it gives undisturbed."""

from __future__ import annotations

import copy
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ferkit.catalogue import catalogue
from ferkit.contracts.policies import Targets, Weights
from ferkit.contracts.training import Phase
from ferkit.errors import FerkitError
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.recipe_models import pick_model
from ferkit.sections import OptimiserSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model, tiny_split
from ferkit.training.job import PolicyChain, Silence
from ferkit.training.trainer import train


class Stop(Exception):
    pass


class Falling:
    """Keeps a state by sample id."""

    every = "epoch"

    def __init__(self) -> None:
        self.weight = torch.ones(10)

    def weigh(self, beliefs, targets, progress):
        self.weight = self.weight * (0.9 + 0.1 * beliefs.probs.amax(-1))
        self.told = {"lowest": float(self.weight.min()), "below_one": int((self.weight < 1).sum())}
        return Weights(self.weight, torch.zeros(()))

    def scalars(self):
        return self.told

    def state_dict(self):
        return {"weight": self.weight}

    def load_state_dict(self, state):
        self.weight = state["weight"]


class HalfWay:
    every = "epoch"

    def update(self, beliefs, progress):
        return Targets((beliefs.targets + beliefs.probs) / 2)


class StopAt(Silence):
    """Raises after so many steps in all, or epochs; or presses Ctrl-C instead."""

    def __init__(self, *, steps: int = -1, epochs: int = -1, press: bool = False) -> None:
        self.steps, self.epochs, self.press = steps, epochs, press

    def _stop(self) -> None:
        if self.press:
            signal.raise_signal(signal.SIGINT)
        else:
            raise Stop

    def step_finished(self, done, total, loss):
        self.steps -= 1
        if self.steps == 0:
            self._stop()

    def epoch_finished(self, row):
        self.epochs -= 1
        if self.epochs == 0:
            self._stop()


@pytest.fixture(scope="module")
def job(make_loop):
    def make(folder: Path, *, minutes: float = 1e-9, observer=None, teacher="ema", **changes):
        phases = (
            Phase("first", 2, patience=5, adaptive=False),
            Phase("second", 4, beliefs=True, keep="best", teacher=teacher, unlabelled_part=0.6),
        )
        fields = {
            "training": TrainingSection(
                batch_size=5,
                device="cpu",
                checkpoint_minutes=minutes,
                optimiser=OptimiserSection(lr=1e-2),
            ),
            "build_model": lambda: tiny_model(dropout=0.4),
            "labelled_policies": PolicyChain([HalfWay()], [Falling()]),
            "unlabelled": replace(
                tiny_split(14, labelled=False, seed=1), truth=torch.arange(14) % 3
            ),
            "observer": observer or Silence(),
        }
        return tiny_job(make_loop(*phases, clean=True), folder, **(fields | changes))

    return make


def everything(trained):
    """All numbers of a training but the seconds; 7 and 7.0 are not the same in metrics.csv."""
    rows = [{k: repr(v) for k, v in row.items() if "seconds" not in k} for row in trained.history]
    tables = [
        t.tolist() for split in (trained.labelled, trained.unlabelled) for t in vars_of(split)
    ]
    epochs = [(e.kind, e.epoch, e.used, e.file, weights(e.open())) for e in trained.epochs]
    return rows, tables, weights(trained.model), trained.phases, trained.histograms, epochs


def weights(model):
    return {name: tensor.tolist() for name, tensor in model.state_dict().items()}


def vars_of(table):
    return [table.target, table.weight, table.probs, table.loss]


@pytest.fixture(scope="module")
def undisturbed(job, tmp_path_factory):
    """Written once, at the end; so it also shows that saving changes nothing."""
    return everything(train(job(tmp_path_factory.mktemp("undisturbed"), minutes=60)))


def test_all_that_is_logged_is_compared(undisturbed) -> None:
    rows, _, _, _, histograms, _ = undisturbed
    logged = {"pool", "pool_sad", "pool_right", "picked", "labelled_lowest", "predicted"}
    assert logged <= set(rows[-1])
    assert not logged & set(rows[0])
    assert rows[-1]["labelled_below_one"].isdigit()
    assert [each.epoch for each in histograms] == [1, 2, 3, 4]


def test_a_damaged_checkpoint_is_told_and_training_begins_anew(
    job, undisturbed, tmp_path: Path
) -> None:
    with pytest.raises(Stop):
        train(job(tmp_path, observer=StopAt(steps=17)))
    tensors = tmp_path / "last" / "tensors.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:100])
    trained = train(job(tmp_path, minutes=60), resume=True)
    assert trained.notes[0] == "The checkpoint was damaged, so training began anew."
    assert everything(trained) == undisturbed


@pytest.mark.parametrize(
    ("stop", "press"),
    [
        ({"steps": 5}, False),  # the last step of an epoch: validation is still to come
        ({"steps": 5}, True),
        ({"steps": 17}, False),
        ({"steps": 17}, True),
        ({"epochs": 1}, True),
        ({"epochs": 2}, False),  # between the phases
        ({"epochs": 4}, True),
        ({"epochs": 6}, False),
    ],
    ids=str,
)
def test_resumed_is_undisturbed(job, tmp_path: Path, undisturbed, stop, press) -> None:
    folder = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt if press else Stop):
        train(job(folder, observer=StopAt(**stop, press=press)))
    assert everything(train(job(folder), resume=True)) == undisturbed


def test_stopped_again_and_again(job, tmp_path: Path, undisturbed) -> None:
    folder = tmp_path / "stopped"
    for _ in range(4):
        with pytest.raises(Stop):
            train(job(folder, observer=StopAt(steps=6)), resume=True)
    assert everything(train(job(folder), resume=True)) == undisturbed


def test_without_a_checkpoint_within_the_epoch_it_starts_that_epoch_again(
    job, tmp_path: Path, undisturbed, monkeypatch
) -> None:
    monkeypatch.setattr("ferkit.training.trainer.SAVE_AGAIN_SECONDS", 0.0)
    folder = tmp_path / "stopped"
    with pytest.raises(Stop):
        train(job(folder, minutes=60, observer=StopAt(steps=17)))
    assert everything(train(job(folder, minutes=60), resume=True)) == undisturbed


def test_without_any_checkpoint_it_starts_anew(job, tmp_path: Path, undisturbed) -> None:
    with pytest.raises(Stop):
        train(job(tmp_path / "stopped", minutes=60, observer=StopAt(steps=2)))
    assert not (tmp_path / "stopped" / "last").exists()
    assert everything(train(job(tmp_path / "stopped"), resume=True)) == undisturbed


def test_a_finished_training_is_not_trained_again(job, tmp_path: Path, undisturbed) -> None:
    train(job(tmp_path / "done", minutes=60))

    class NoMore(Silence):
        def phase_started(self, phase, epochs):
            raise AssertionError

    again = train(job(tmp_path / "done", observer=NoMore()), resume=True)
    assert everything(again) == undisturbed


@pytest.mark.parametrize("teacher", ["student", "previous"])
def test_other_teachers(job, tmp_path: Path, teacher) -> None:
    whole = everything(train(job(tmp_path / "whole", minutes=60, teacher=teacher)))
    with pytest.raises(Stop):
        train(job(tmp_path / "cut", teacher=teacher, observer=StopAt(steps=14)))
    assert everything(train(job(tmp_path / "cut", teacher=teacher), resume=True)) == whole


def test_ctrl_c_while_predicting_saves(job, tmp_path: Path, undisturbed) -> None:
    class PressInPolicy(Falling):
        def weigh(self, beliefs, targets, progress):
            if progress.epoch == 2:
                signal.raise_signal(signal.SIGINT)
            return super().weigh(beliefs, targets, progress)

    folder = tmp_path / "stopped"
    policies = PolicyChain([HalfWay()], [PressInPolicy()])
    with pytest.raises(KeyboardInterrupt):
        train(job(folder, labelled_policies=policies))
    assert everything(train(job(folder), resume=True)) == undisturbed


def test_another_job_cannot_go_on_from_it(job, tmp_path: Path) -> None:
    with pytest.raises(Stop):
        train(job(tmp_path, observer=StopAt(steps=3)))
    with pytest.raises(FerkitError, match=r"of another training: seed differ.*own recipe"):
        train(job(tmp_path, seed=9), resume=True)


def test_signals_are_as_before_afterwards(job, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    train(job(tmp_path, minutes=60))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_convolution_network_goes_on_exactly(make_loop, tmp_path: Path) -> None:
    """Batch statistics and memory layout (channels last) come back too."""
    known = catalogue(load())
    chosen = pick_model(known, Kind.BACKBONE, "small_cnn")(use="small_cnn", width=4)
    small_cnn = known.build(Kind.BACKBONE, chosen, Context())

    def job(folder: Path, observer=None):
        return tiny_job(
            make_loop(Phase("only", 2, teacher="ema")),
            folder,
            training=TrainingSection(batch_size=6, device="cpu", checkpoint_minutes=1e-9),
            labelled=tiny_split(12, size=32),
            unlabelled=tiny_split(6, size=32, labelled=False),
            validation=tiny_split(6, size=32, seed=2),
            build_model=lambda: tiny_model(backbone=copy.deepcopy(small_cnn)),
            observer=observer or Silence(),
        )

    whole = everything(train(job(tmp_path / "whole")))
    with pytest.raises(Stop):
        train(job(tmp_path / "cut", StopAt(steps=5)))
    assert everything(train(job(tmp_path / "cut"), resume=True)) == whole
