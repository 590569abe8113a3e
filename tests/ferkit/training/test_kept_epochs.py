"""The last epoch and the one of the lowest validation loss are both kept, whatever is handed on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ferkit.contracts.training import Phase
from ferkit.errors import FerkitError
from ferkit.sections import OptimiserSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model
from ferkit.training.checkpoint import load_checkpoint, save_checkpoint
from ferkit.training.job import Silence
from ferkit.training.kept_epochs import may_be_final
from ferkit.training.splits import Splits
from ferkit.training.trainer import train
from ferkit.training.validation import Validation

LOSSES = [1.0, 0.7, 0.9, 0.8]
"""Of the second epoch the lowest."""


class Stopped(Exception):
    pass


class StopAfter(Silence):
    """Raises after so many steps, or after an epoch.

    Args:
        step, epoch: of all that this training does, from 1.
    """

    def __init__(self, *, step: int = 0, epoch: int = 0) -> None:
        self.step, self.epoch = step, epoch
        self.steps = self.epochs = 0

    def step_finished(self, done, total, loss):
        self.steps += 1
        if self.steps == self.step:
            raise Stopped

    def epoch_finished(self, row):
        self.epochs += 1
        if self.epochs == self.epoch:
            raise Stopped


@pytest.fixture
def run(make_loop, tmp_path: Path, monkeypatch):
    """Trains with scripted validation losses, of which `done` were used before."""
    monkeypatch.setattr("ferkit.training.trainer.SAVE_AGAIN_SECONDS", 0.0)

    def trained(*phases, losses=LOSSES, folder="run", resume=False, stop=None, minutes=1e-9, **job):
        real = Splits.validate

        def validate(self, model, *, frames):
            if real(self, model, frames=frames) is None:
                return None
            validated.append(None)
            return Validation(losses[(len(validated) - 1) % len(losses)], 0.5)

        validated = [None] * job.pop("done", 0)
        with monkeypatch.context() as patch:
            patch.setattr(Splits, "validate", validate)
            given = {
                "training": TrainingSection(
                    batch_size=10,
                    device="cpu",
                    checkpoint_minutes=minutes,
                    optimiser=OptimiserSection(lr=1e-2),
                ),
                "build_model": lambda: tiny_model(dropout=0.3),
                "observer": stop or Silence(),
                **job,
            }
            made = tiny_job(
                make_loop(*phases, networks=given.pop("networks", 1)), tmp_path / folder, **given
            )
            return train(made, resume=resume)

    return trained


def weights(model) -> dict[str, list]:
    return {name: tensor.tolist() for name, tensor in model.state_dict().items()}


def saved(path: Path) -> dict[str, list]:
    return {name: tensor.tolist() for name, tensor in load_file(path).items()}


def kept(trained) -> list:
    return [
        (one.kind, one.epoch, one.validation_loss, one.used, one.file, weights(one.open()))
        for one in trained.epochs
    ]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


@pytest.mark.parametrize("teacher", ["student", "ema"])
@pytest.mark.parametrize("keep", ["best", "last"])
def test_both_are_there(run, tmp_path: Path, keep, teacher) -> None:
    phase = Phase("only", 4, keep=keep, teacher=teacher)
    trained = run(phase)
    best, last = trained.epochs
    other = "last" if keep == "best" else "best"
    assert (best.kind, best.epoch, best.validation_loss) == ("best", 2, 0.7)
    assert (last.kind, last.epoch, last.validation_loss) == ("last", 4, 0.8)
    assert [one.kind for one in trained.epochs if one.used] == [keep]
    assert trained.final.other_file == f"only.{other}-epoch.safetensors"
    assert {best.file, last.file} == {trained.final.file, trained.final.other_file}
    used, unused = (best, last) if keep == "best" else (last, best)
    assert weights(used.open()) == weights(trained.model) != weights(unused.open())
    assert not unused.open().training
    # By hand: a training of two epochs ends with the weights of the best, one of four with the
    # last. (The learning rate does not depend on the number of epochs here.)
    short = run(Phase("only", 2, keep="last", teacher=teacher), folder="short")
    assert weights(best.open()) == weights(short.model)
    whole = run(Phase("only", 4, keep="last", teacher=teacher), folder="whole")
    assert weights(last.open()) == weights(whole.model)
    assert set(files(tmp_path / "run")) == {
        f"only.{other}-epoch.json",
        f"only.{other}-epoch.safetensors",
        "only.json",
        "only.safetensors",
    }
    said = json.loads((tmp_path / f"run/only.{other}-epoch.json").read_text())["phase"]
    assert (said["kept"], said["file"]) == (other, f"only.{other}-epoch.safetensors")
    assert said["validation_loss"] == unused.validation_loss


@pytest.mark.parametrize("keep", ["best", "last"])
def test_what_is_handed_on_is_as_without(run, monkeypatch, keep) -> None:
    whole = run(Phase("only", 4, keep=keep))
    monkeypatch.setattr("ferkit.training.session.may_be_final", lambda phases, place: False)
    without = run(Phase("only", 4, keep=keep), folder="without")
    assert [one.kind for one in without.epochs] == [keep]  # the other was not kept
    assert weights(without.model) == weights(whole.model)
    assert [{**row, "seconds": 0} for row in without.history] == [
        {**row, "seconds": 0} for row in whole.history
    ]


@pytest.mark.parametrize("keep", ["best", "last"])
def test_one_copy_where_both_are_the_same_epoch(run, tmp_path: Path, keep) -> None:
    trained = run(Phase("only", 3, keep=keep), losses=[1.0, 0.9, 0.8])
    assert [(one.kind, one.epoch, one.used) for one in trained.epochs] == [
        ("best", 3, True),
        ("last", 3, True),
    ]
    assert {one.file for one in trained.epochs} == {"only.safetensors"}
    assert files(tmp_path / "run") == ["only.json", "only.safetensors"]
    checkpoint = load_checkpoint(tmp_path / "run")
    assert not [name for name in checkpoint.tensors if name.startswith("best.")]


@pytest.mark.parametrize("keep", ["best", "last"])
def test_without_validation_there_is_only_the_last(run, tmp_path: Path, keep) -> None:
    trained = run(Phase("only", 2, keep=keep), validation=None)
    (last,) = trained.epochs
    assert (last.kind, last.epoch, last.validation_loss, last.used) == ("last", 2, None, True)
    assert files(tmp_path / "run") == ["only.json", "only.safetensors"]


def test_a_smoke_run(run) -> None:
    trained = run(Phase("only", 4, keep="last"), smoke=True)
    assert [(one.kind, one.epoch) for one in trained.epochs] == [("best", 1), ("last", 1)]


def test_of_two_networks_it_is_the_first(run) -> None:
    trained = run(Phase("only", 4, keep="best"), networks=2)
    best, last = trained.epochs
    assert weights(best.open()) == weights(trained.model) != weights(last.open())


def test_only_the_final_phase_keeps_both(run, tmp_path: Path) -> None:
    trained = run(Phase("first", 4, keep="best"), Phase("second", 4, keep="last"))
    assert trained.final.name == "second"
    assert [name for name in files(tmp_path / "run") if "-epoch" in name] == [
        "second.best-epoch.json",
        "second.best-epoch.safetensors",
    ]
    assert [phase.other_file for phase in trained.phases] == [
        None,
        "second.best-epoch.safetensors",
    ]


def test_of_rounds_it_is_the_best_one(run, tmp_path: Path) -> None:
    """The best round is known at the end only; what was kept of the others goes then."""
    rounds = [Phase(name, 2, keep="last", score="loss", start="fresh") for name in "abc"]
    losses = [0.9, 1.0, 0.5, 0.6, 0.7, 0.8]
    with pytest.raises(Stopped):
        run(*rounds, losses=losses, stop=StopAfter(epoch=5))
    assert {"a.best-epoch.safetensors", "b.best-epoch.safetensors"} <= set(files(tmp_path / "run"))
    trained = run(*rounds, losses=losses, resume=True, done=5)
    assert trained.final.name == "b"
    assert [(one.kind, one.epoch, one.validation_loss) for one in trained.epochs] == [
        ("best", 1, 0.5),
        ("last", 2, 0.6),
    ]
    assert weights(trained.epochs[1].open()) == weights(trained.model)
    assert [name for name in files(tmp_path / "run") if "-epoch" in name] == [
        "b.best-epoch.json",
        "b.best-epoch.safetensors",
    ]
    (tmp_path / "run/b.best-epoch.safetensors").unlink()
    with pytest.raises(FerkitError, match=r"b\.best-epoch"):
        trained.epochs[0].open()


def test_given_weights_have_no_epochs(run, tmp_path: Path) -> None:
    run(Phase("only", 1), folder="first")
    given = tmp_path / "first/only.safetensors"
    only = Phase("teacher", 2, initial=True, score="loss")
    assert run(only, folder="then", init=given).epochs == ()


@pytest.mark.parametrize(("keep", "teacher"), [("last", "student"), ("best", "ema")])
def test_killed_at_every_step_both_are_kept(run, tmp_path: Path, keep, teacher) -> None:
    phase = Phase("only", 3, keep=keep, teacher=teacher)
    whole = run(phase, folder="whole", minutes=60)
    steps = whole.final.steps
    per_epoch = steps // 3
    assert per_epoch > 1
    for step in range(1, steps + 1):
        folder = f"step{step}"
        with pytest.raises(Stopped):
            run(phase, folder=folder, stop=StopAfter(step=step))
        # A checkpoint follows the step; the one that was written last is of the step before.
        again = run(phase, folder=folder, resume=True, done=(step - 1) // per_epoch)
        assert kept(again) == kept(whole), step
        assert weights(again.model) == weights(whole.model), step
    for epoch in (1, 2, 3):
        folder = f"epoch{epoch}"
        with pytest.raises(Stopped):
            run(phase, folder=folder, stop=StopAfter(epoch=epoch))
        again = run(phase, folder=folder, resume=True, done=epoch - 1)
        assert kept(again) == kept(whole), epoch


def test_a_finished_training_still_has_both(run) -> None:
    phase = Phase("only", 4, keep="last")
    whole = run(phase)
    assert kept(run(phase, resume=True)) == kept(whole)


def test_killed_at_the_end(run, monkeypatch) -> None:
    """Between the last checkpoint and the deletion of what is not the final phase's."""
    phases = [Phase(name, 2, keep="last", score="loss") for name in "ab"]
    whole = run(*phases, losses=[0.5, 0.6, 0.7, 0.8], folder="whole")

    def killed(folder, summaries):
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr("ferkit.training.trainer.remove_others", killed)
        with pytest.raises(Stopped):
            run(*phases, losses=[0.5, 0.6, 0.7, 0.8])
    again = run(*phases, resume=True)
    assert kept(again) == kept(whole)
    assert again.final.name == "a"


def old_checkpoint(folder: Path) -> None:
    """As earlier versions wrote them: of a phase with `keep: last` without the best weights."""
    tensors, state = load_checkpoint(folder)
    for summary in state["position"]["summaries"]:
        del summary["other_file"]
    plain = {name: tensor for name, tensor in tensors.items() if not name.startswith("best.")}
    save_checkpoint(folder, plain, state)


@pytest.mark.parametrize(
    ("epoch", "best"),
    [(1, ["best", "last"]), (2, ["last"])],  # finished ones: after two the best one is over
)
def test_a_checkpoint_of_before(run, tmp_path: Path, epoch, best) -> None:
    phase = Phase("only", 4, keep="last")
    whole = run(phase, folder="whole", minutes=60)
    per_epoch = whole.final.steps // 4
    step = epoch * per_epoch + 2
    with pytest.raises(Stopped):
        run(phase, stop=StopAfter(step=step))
    old_checkpoint(tmp_path / "run")
    again = run(phase, resume=True, done=(step - 1) // per_epoch)
    assert [one.kind for one in again.epochs] == best
    assert weights(again.model) == weights(whole.model)
    assert kept(again)[-1] == kept(whole)[-1]


def test_a_finished_checkpoint_of_before(run, tmp_path: Path) -> None:
    phases = [Phase("first", 2), Phase("only", 4, keep="best")]
    before = kept(run(*phases, losses=[1.0, 0.9, *LOSSES]))
    old_checkpoint(tmp_path / "run")
    again = run(*phases, resume=True)
    assert kept(again) == before[:1]


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ([Phase("a", 1)], [True]),
        ([Phase("a", 1), Phase("b", 1)], [False, True]),
        ([Phase("a", 1, score="loss"), Phase("b", 1, score="loss")], [True, True]),
        ([Phase("a", 1, score="loss"), Phase("b", 1)], [False, True]),
        (
            [Phase("a", 1), Phase("b", 1, score="loss"), Phase("c", 1, score="loss")],
            [False, True, True],
        ),
        (
            [Phase("a", 1, score="loss"), Phase("b", 1, score="loss", rounds_patience=1)],
            [True, True],
        ),
    ],
    ids=str,
)
def test_which_phases_may_be_the_final_one(phases, expected) -> None:
    assert [may_be_final(phases, place) for place in range(len(phases))] == expected


def test_no_number_depends_on_it(run) -> None:
    """Opening the networks again changes nothing of the training's own."""
    trained = run(Phase("only", 4, keep="last"))
    before = weights(trained.model)
    trained.epochs[0].open()
    assert weights(trained.model) == before
    assert torch.is_grad_enabled()
