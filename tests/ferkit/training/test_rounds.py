"""Rounds of which the best counts: scores, saturation, and what becomes of the weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ferkit.contracts.training import Phase
from ferkit.errors import FerkitError
from ferkit.sections import ModelSection, OptimiserSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model, tiny_split
from ferkit.testing.tiny import TinyBackbone
from ferkit.training.job import Blueprint, Silence
from ferkit.training.rounds import best_round, best_so_far, rounds_since_best, rounds_so_far, told
from ferkit.training.splits import Splits
from ferkit.training.trainer import train
from ferkit.training.validation import Validation

SUMMARY = {"validation_accuracy": None, "validation_loss": None}


def of(*scores: float | None, kind: str = "accuracy"):
    """Rounds with these scores."""
    phases = [Phase(f"r{i}", 1, score=kind) for i in range(len(scores))]
    summaries = [
        {**SUMMARY, "name": f"r{i}", f"validation_{kind}": s} for i, s in enumerate(scores)
    ]
    return rounds_so_far(summaries, phases)


@pytest.mark.parametrize(
    ("scores", "best", "since"),
    [
        ((0.5,), 0, 0),
        ((0.5, 0.6), 1, 0),
        ((0.5, 0.5, 0.5), 0, 2),  # as good is not better
        ((0.5, 0.6, 0.6, 0.55), 1, 2),
        ((0.5, 0.4, 0.6), 2, 0),
        ((None, None), 1, 0),  # without validation the last
        ((None, 0.1), 1, 0),
    ],
)
def test_the_best_round_and_how_long_ago_it_was(scores, best, since) -> None:
    assert best_round(of(*scores)) == best
    assert best_so_far(of(*scores))[-1] == best
    assert rounds_since_best(of(*scores)) == since


def test_the_best_by_then() -> None:
    assert best_so_far(of(0.5, 0.4, 0.6, 0.6)) == [0, 0, 2, 2]
    assert best_so_far([]) == []


def test_a_lower_loss_is_better() -> None:
    assert best_round(of(0.9, 0.4, 0.7, kind="loss")) == 1
    assert told(of(0.9, 0.45, kind="loss"), "loss") == "r0 0.9000, r1 0.4500"
    assert told(of(0.61, None), "accuracy") == "r0 61.0%, r1 not known"


def test_nothing_is_no_round() -> None:
    assert rounds_so_far([], []) == []
    assert best_round([]) is None
    assert rounds_since_best([]) == 0


def test_only_the_rounds_that_were_run_last_are_compared() -> None:
    phases = [Phase("a", 1, score="loss"), Phase("b", 1), Phase("c", 1, score="loss")]
    summaries = [{**SUMMARY, "name": name, "validation_loss": 1.0} for name in "abc"]
    assert [each.summary["name"] for each in rounds_so_far(summaries, phases)] == ["c"]
    assert rounds_so_far(summaries[:2], phases) == []


class Scripted(Silence):
    """Sets the validation accuracy by phase, and may stop the training.

    Args:
        scores: accuracy by the name of the phase.
        stop: phase and how many steps or epochs of it are done, then the training is stopped.
    """

    def __init__(self, scores, *, stop=None) -> None:
        self.scores, self.stop = scores, stop
        self.phase, self.notes = "", []
        self.steps = self.epochs = 0

    def phase_started(self, phase, epochs):
        self.phase, self.steps, self.epochs = phase, 0, 0

    def step_finished(self, done, total, loss):
        self.steps += 1
        if self.stop == (self.phase, "step", self.steps):
            raise InterruptedError

    def epoch_finished(self, row):
        self.epochs += 1
        if self.stop == (self.phase, "epoch", self.epochs):
            raise InterruptedError

    def note(self, text):
        self.notes.append(text)


def larger():
    return tiny_model(backbone=TinyBackbone(12), dropout=0.3)


STUDENT = Blueprint(ModelSection(frames=1, dropout=0.3), larger)


@pytest.fixture
def run(make_loop, tmp_path: Path, monkeypatch):
    """Trains a teacher and students with scripted validation scores."""
    monkeypatch.setattr("ferkit.training.trainer.SAVE_AGAIN_SECONDS", 0.0)

    def phases(count: int, patience: int | None, **changes):
        first = Phase("teacher", 2, start="initial", score="accuracy", keep="last")
        students = [
            first._replace(
                name=f"student{i}",
                network="student",
                round=i,
                teacher="previous",
                beliefs=True,
                predictions="phase",
                rounds_patience=patience,
                **changes,
            )
            for i in range(1, count + 1)
        ]
        return [first, *students]

    def trained(scores, *, patience=1, folder="run", stop=None, resume=False, minutes=1e-9, **more):
        script = Scripted(scores, stop=stop)

        def validate(self, model, *, frames):
            return Validation(1.0, script.scores[script.phase])

        monkeypatch.setattr(Splits, "validate", validate)
        job = tiny_job(
            make_loop(*phases(len(scores) - 1, patience, **more)),
            tmp_path / folder,
            build_model=lambda: tiny_model(dropout=0.2),
            training=TrainingSection(
                batch_size=5,
                device="cpu",
                checkpoint_minutes=minutes,
                optimiser=OptimiserSection(lr=1e-2),
            ),
            labelled=tiny_split(10, frames=3),
            unlabelled=replace(
                tiny_split(14, labelled=False, seed=1, frames=3), truth=torch.arange(14) % 3
            ),
            student=STUDENT,
            observer=script,
        )
        return train(job, resume=resume), script

    return trained


def weights(model) -> dict:
    return {name: tensor.tolist() for name, tensor in model.state_dict().items()}


def test_rounds_end_when_they_bring_nothing(run, tmp_path: Path) -> None:
    scores = {"teacher": 0.5, "student1": 0.6, "student2": 0.6, "student3": 0.9}
    trained, script = run(scores, minutes=60)
    assert [phase.name for phase in trained.phases] == ["teacher", "student1", "student2"]
    assert [phase.validation_accuracy for phase in trained.phases] == [0.5, 0.6, 0.6]
    assert [phase.network for phase in trained.phases] == ["model", "student", "student"]
    assert trained.final is not None
    assert trained.final.name == "student1"
    saved = load_file(tmp_path / "run/student1.safetensors")
    assert weights(trained.model) == {name: each.tolist() for name, each in saved.items()}
    assert trained.notes == tuple(script.notes)
    assert (
        "Phase 'student3' is left out: the last round brought no better validation accuracy."
        in (trained.notes)
    )
    assert trained.notes[-1] == (
        "Rounds by validation accuracy: teacher 50.0%, student1 60.0%, student2 60.0%. The weights "
        "are those of 'student1'."
    )


def test_the_teacher_may_be_the_best(run, tmp_path: Path) -> None:
    scores = {"teacher": 0.7, "student1": 0.6, "student2": 0.65, "student3": 0.9}
    trained, _ = run(scores, patience=2, minutes=60)
    assert [phase.name for phase in trained.phases] == ["teacher", "student1", "student2"]
    assert trained.final.name == "teacher"
    assert trained.final.network == "model"
    assert trained.model.feature_dim == 8  # not the student's 12
    # The tables of the samples are of this network, which sees more frames.
    assert trained.labelled.probs.shape == (10, 3)


def test_every_round_can_be_opened_again(run, tmp_path: Path) -> None:
    scores = {"teacher": 0.5, "student1": 0.7, "student2": 0.6}
    trained, _ = run(scores, patience=None, minutes=60)
    assert [each.summary.name for each in trained.rounds] == list(scores)
    assert [each.best_so_far for each in trained.rounds] == [0, 1, 1]
    for each in trained.rounds:
        model = each.open()
        saved = load_file(tmp_path / "run" / each.summary.file)
        assert weights(model) == {name: tensor.tolist() for name, tensor in saved.items()}
        assert not model.training
    assert weights(trained.rounds[1].open()) == weights(trained.model)
    (tmp_path / "run/student2.safetensors").unlink()
    with pytest.raises(FerkitError, match="student2"):
        trained.rounds[2].open()


def test_without_patience_all_rounds_are_run(run) -> None:
    scores = {"teacher": 0.7, "student1": 0.6, "student2": 0.5, "student3": 0.9}
    trained, _ = run(scores, patience=None, minutes=60)
    assert len(trained.phases) == 4
    assert trained.final.name == "student3"


def test_weight_files_say_what_network_they_hold(run, tmp_path: Path) -> None:
    run({"teacher": 0.5, "student1": 0.6})
    said = {
        name: json.loads((tmp_path / f"run/{name}.json").read_text())
        for name in ("teacher", "student1")
    }
    assert said["teacher"]["model"]["frames"] == 2
    assert said["student1"]["model"]["frames"] == 1
    assert said["student1"]["model"]["dropout"] == 0.3
    assert said["student1"]["phase"]["round"] == 1


def everything(trained):
    rows = [{k: repr(v) for k, v in row.items() if "seconds" not in k} for row in trained.history]
    tables = [
        getattr(table, name).tolist()
        for table in (trained.labelled, trained.unlabelled)
        for name in ("target", "weight", "probs", "loss")
    ]
    epochs = [
        (one.kind, one.epoch, one.validation_loss, one.used, one.file, weights(one.open()))
        for one in trained.epochs
    ]
    final = trained.final
    return rows, tables, weights(trained.model), trained.phases, trained.notes, final, epochs


NOISY = {"label_view": "weak", "label_dropout": True}
KILLED = {"teacher": 0.5, "student1": 0.6, "student2": 0.55, "student3": 0.7}


@pytest.mark.parametrize(
    ("stop", "noise"),
    [
        (("teacher", "epoch", 2), {}),
        (("student1", "step", 1), {}),  # before the first checkpoint of a phase, after its pass
        (("student1", "step", 5), NOISY),
        (("student1", "epoch", 2), {}),
        (("student2", "step", 6), NOISY),
        (("student2", "epoch", 2), {}),
    ],
    ids=str,
)
def test_killed_anywhere_it_goes_on_to_the_same_numbers(run, stop, noise) -> None:
    whole, _ = run(KILLED, folder="whole", minutes=60, **noise)
    assert whole.final.name == "student1"
    assert [phase.name for phase in whole.phases] == ["teacher", "student1", "student2"]
    with pytest.raises(InterruptedError):
        run(KILLED, stop=stop, **noise)
    again, _ = run(KILLED, resume=True, minutes=60, **noise)
    assert everything(again) == everything(whole)


def test_killed_at_every_phase_in_turn(run) -> None:
    whole, _ = run(KILLED, folder="whole", minutes=60)
    for stop in (("teacher", "step", 3), ("student1", "epoch", 1), ("student2", "step", 2)):
        with pytest.raises(InterruptedError):
            run(KILLED, stop=stop, resume=True)
    again, _ = run(KILLED, resume=True)
    assert everything(again) == everything(whole)


@pytest.mark.parametrize(
    ("where", "call"),
    [("save_weights", 3), ("save_weights", 4), ("read_weights", 1), ("Session.save", 0)],
)
def test_killed_between_phases(run, monkeypatch, where, call) -> None:
    """After the weights are written and before the checkpoint, those of the epoch that is not
    handed on first; while going back to the best."""
    whole, _ = run(KILLED, folder="whole", minutes=60)
    from ferkit.training import phase_end, result, trainer

    owners = {"save_weights": phase_end, "read_weights": result}
    owner, name = (trainer.Session, "save") if "." in where else (owners[where], where)
    real, calls = getattr(owner, name), []

    def stopping(*given, **named):
        made = real(*given, **named)
        # save: after the first student's weights, the position already at the next phase.
        if "." in where:
            ended = given[0].position.phase == 2 and not given[0].position.entered
        else:
            calls.append(given)
            ended = len(calls) == call
        if ended:
            raise InterruptedError
        return made

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, stopping)
        with pytest.raises(InterruptedError):
            run(KILLED)
    again, _ = run(KILLED, resume=True)
    assert everything(again) == everything(whole)


def test_a_finished_training_is_not_trained_again(run) -> None:
    whole, _ = run(KILLED)
    again, script = run(KILLED, resume=True)
    assert everything(again) == everything(whole)
    assert script.phase == ""


def test_a_later_phase_starts_from_the_best_round(make_loop, tmp_path: Path, monkeypatch) -> None:
    script = Scripted({"a": 0.7, "b": 0.6, "tune": 0.1})
    monkeypatch.setattr(
        Splits,
        "validate",
        lambda self, model, *, frames: Validation(1.0, script.scores[script.phase]),
    )
    scored = Phase("a", 1, score="accuracy", keep="last")
    loop = make_loop(
        scored, scored._replace(name="b", start="fresh"), Phase("tune", 1, keep="last")
    )
    tiny = TrainingSection(
        batch_size=50, device="cpu", optimiser=OptimiserSection(name="sgd", lr=1e-12)
    )
    trained = train(tiny_job(loop, tmp_path, training=tiny, observer=script))
    assert trained.final.name == "tune"
    best = load_file(tmp_path / "a.safetensors")
    for name, tensor in trained.model.state_dict().items():
        torch.testing.assert_close(tensor, best[name], rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ([Phase("a", 1, rounds_patience=1)], "waits for a better score, and has none"),
        (
            [Phase("a", 1, score="loss"), Phase("b", 1, score="accuracy")],
            "scores its rounds in two ways",
        ),
        ([Phase("a", 1, predictions="phase")], "predicts once, and its teacher changes"),
        ([Phase("a", 1, views={"labelled": ("odd",)})], "no view 'odd'"),
        ([Phase("a", 1, label_view="odd")], "no view 'odd'"),
    ],
)
def test_phases_that_contradict_themselves(make_loop, tmp_path, phases, message) -> None:
    with pytest.raises(FerkitError, match=message):
        train(tiny_job(make_loop(*phases), tmp_path))


def test_several_networks_have_no_rounds(make_loop, tmp_path: Path) -> None:
    with pytest.raises(FerkitError, match="several networks and scores its rounds"):
        train(tiny_job(make_loop(Phase("a", 1, score="loss"), networks=2), tmp_path))


def test_rounds_without_validation(make_loop, tmp_path: Path) -> None:
    first = Phase("a", 1, score="loss")
    waiting = make_loop(first, Phase("b", 1, score="loss", rounds_patience=1))
    with pytest.raises(FerkitError, match=r"loop\.rounds_patience: phase 'b' is left out where"):
        train(tiny_job(waiting, tmp_path, validation=None))
    trained = train(
        tiny_job(make_loop(first, Phase("b", 1, score="loss")), tmp_path, validation=None)
    )
    assert trained.final.name == "b"
    assert "weights of the last round are the final" in trained.notes[1]
