"""What a phase starts from, who teaches it, and a student that is another network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ferkit.contracts.training import Phase
from ferkit.errors import FerkitError
from ferkit.sections import ModelSection, OptimiserSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model, tiny_split
from ferkit.testing.tiny import TinyBackbone
from ferkit.training.job import Blueprint
from ferkit.training.trainer import train

STILL = TrainingSection(
    batch_size=100, device="cpu", optimiser=OptimiserSection(name="sgd", lr=1e-12)
)
"""Changes weights by next to nothing, so that what a phase hands on is what it started from."""

TEACHER = Phase("teacher", 1, start="initial", keep="last")
STUDENT = Phase("student1", 1, start="initial", keep="last", teacher="previous", round=1)


def larger():
    return tiny_model(backbone=TinyBackbone(12))


def handed_on(folder: Path, phase: str) -> torch.Tensor:
    return load_file(folder / f"{phase}.safetensors")["head.weight"]


@pytest.fixture
def first_model(make_loop, tmp_path: Path) -> Path:
    """Weights of another training, for `init`."""
    train(tiny_job(make_loop(Phase("only", 2)), tmp_path / "init", seed=77))
    return tmp_path / "init" / "only.safetensors"


def test_initial_is_the_given_weights_and_fresh_is_not(make_loop, tmp_path, first_model) -> None:
    loop = make_loop(
        TEACHER,
        STUDENT,
        STUDENT._replace(name="student2", round=2),
        STUDENT._replace(name="fresh", start="fresh", round=3),
    )
    train(tiny_job(loop, tmp_path / "run", init=first_model, training=STILL))
    given = load_file(first_model)["head.weight"]
    for name in ("teacher", "student1", "student2"):
        torch.testing.assert_close(handed_on(tmp_path / "run", name), given, rtol=0, atol=1e-7)
    assert (handed_on(tmp_path / "run", "fresh") - given).abs().max() > 1e-2


def test_without_given_weights_initial_is_fresh_in_every_round(make_loop, tmp_path) -> None:
    train(tiny_job(make_loop(TEACHER, STUDENT), tmp_path, training=STILL))
    first, second = (handed_on(tmp_path, name) for name in ("teacher", "student1"))
    assert (first - second).abs().max() > 1e-2


class Watching:
    """A loop that notes what `parts.label` answers."""

    def __init__(self, made, views) -> None:
        self.made, self.views, self.networks = made, views, 1
        self.told: dict[str, list[torch.Tensor]] = {}

    def phases(self):
        return self.made.phases()

    def plan_epoch(self, *given, **named):
        return self.made.plan_epoch(*given, **named)

    def step(self, batch, parts):
        for part in batch:
            if "clean" in part.views and len(part.ids):
                probs = parts.label(part.views["clean"])
                rows = torch.full((14, 3), torch.nan)
                rows[part.ids] = probs
                self.told.setdefault(parts.progress.phase, []).append(rows)
        return self.made.step(batch, parts)


@pytest.mark.parametrize(
    ("start", "student"),
    [
        ("fresh", None),
        ("initial", None),
        ("previous", None),
        ("fresh", larger),
        ("initial", larger),
    ],
)
def test_the_teacher_is_what_the_phase_before_handed_on(
    make_loop, tmp_path: Path, start, student
) -> None:
    """Also where the students start anew, or are another network than it."""
    second = STUDENT._replace(start=start, epochs=3, network="student")
    loop = Watching(
        make_loop(TEACHER, second), {"labelled": ("weak",), "unlabelled": ("clean", "weak")}
    )
    job = tiny_job(
        loop,
        tmp_path,
        labelled=tiny_split(10, frames=2),
        unlabelled=tiny_split(14, labelled=False, seed=1, frames=2),
        student=None if student is None else Blueprint(ModelSection(frames=2), student),
    )
    train(job)
    teacher = tiny_model()
    teacher.load_state_dict(load_file(tmp_path / "teacher.safetensors"))
    clips = job.unlabelled.read(torch.arange(14), 2)
    with torch.no_grad():
        expected = teacher.eval()(clips.frames / 255, clips.valid).logits.softmax(-1)
    for rows in loop.told["student1"]:
        there = ~rows.isnan().any(-1)
        torch.testing.assert_close(rows[there], expected[there], rtol=0, atol=1e-5)


def test_a_student_of_another_kind(make_loop, tmp_path: Path) -> None:
    loop = make_loop(TEACHER, STUDENT._replace(network="student"))
    job = tiny_job(loop, tmp_path, student=Blueprint(ModelSection(frames=1), larger))
    trained = train(job)
    assert trained.model.feature_dim == 12
    assert trained.final.network == "student"
    assert trained.model.mean.tolist() == pytest.approx(
        load_file(tmp_path / "teacher.safetensors")["mean"].tolist()
    )


def test_a_student_can_start_from_weights_of_its_own(make_loop, tmp_path: Path) -> None:
    other = tiny_job(make_loop(Phase("only", 1)), tmp_path / "own", build_model=larger)
    train(other)
    own = tmp_path / "own" / "only.safetensors"
    blueprint = Blueprint(ModelSection(frames=2), larger, own)
    loop = make_loop(TEACHER, STUDENT._replace(network="student"))
    train(tiny_job(loop, tmp_path / "run", student=blueprint, training=STILL))
    given = load_file(own)["head.weight"]
    torch.testing.assert_close(handed_on(tmp_path / "run", "student1"), given, rtol=0, atol=1e-7)


def test_another_network_cannot_go_on_from_the_phase_before(make_loop, tmp_path: Path) -> None:
    loop = make_loop(TEACHER, STUDENT._replace(network="student", start="previous"))
    job = tiny_job(loop, tmp_path, student=Blueprint(ModelSection(frames=2), larger))
    with pytest.raises(FerkitError, match=r"student\.model: phase 'student1' starts from.*head\.w"):
        train(job)


def test_a_student_alike_can(make_loop, tmp_path: Path) -> None:
    loop = make_loop(TEACHER, STUDENT._replace(network="student", start="previous"))
    blueprint = Blueprint(ModelSection(frames=2), lambda: tiny_model(dropout=0.5))
    trained = train(tiny_job(loop, tmp_path, student=blueprint, training=STILL))
    torch.testing.assert_close(
        handed_on(tmp_path, "student1"), handed_on(tmp_path, "teacher"), rtol=0, atol=1e-7
    )
    assert trained.model.dropout.p == 0.5


def test_an_own_normalisation_is_not_handed_to_another_network(make_loop, tmp_path: Path) -> None:
    def own():
        backbone = TinyBackbone()
        backbone.normalisation = ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
        return tiny_model(backbone=backbone)

    loop = make_loop(TEACHER, STUDENT._replace(network="student"))
    blueprint = Blueprint(ModelSection(frames=2), larger)
    trained = train(tiny_job(loop, tmp_path, build_model=own, student=blueprint))
    plain = train(tiny_job(make_loop(TEACHER), tmp_path / "plain"))
    assert load_file(tmp_path / "teacher.safetensors")["mean"].tolist() == pytest.approx(
        [0.1, 0.2, 0.3]
    )
    assert trained.model.mean.tolist() == pytest.approx(plain.model.mean.tolist())


def test_a_section_that_no_phase_uses_is_said(make_loop, tmp_path: Path) -> None:
    job = tiny_job(make_loop(), tmp_path, student=Blueprint(ModelSection(), larger))
    assert train(job).notes == (
        "The recipe's section 'student' is not used: this loop trains no student.",
    )


def test_given_weights_of_other_classes_are_no_first_model(make_loop, tmp_path: Path) -> None:
    other = {
        "classes": ("contempt", "happy", "sad"),
        "labelled": tiny_split(10),
    }
    train(tiny_job(make_loop(Phase("only", 1)), tmp_path / "other", **other))
    init = tmp_path / "other" / "only.safetensors"
    first = TEACHER._replace(initial=True)
    with pytest.raises(FerkitError, match=r"init: these weights would stand for phase 'teacher'"):
        train(tiny_job(make_loop(first, STUDENT), tmp_path / "run", init=init))
    trained = train(tiny_job(make_loop(TEACHER, STUDENT), tmp_path / "trained", init=init))
    assert "the last layer starts anew" in trained.notes[0]


def test_given_weights_that_stand_for_a_round_have_a_score(
    make_loop, tmp_path: Path, first_model
) -> None:
    first = TEACHER._replace(initial=True, score="accuracy")
    loop = make_loop(first, STUDENT._replace(score="accuracy"))
    trained = train(tiny_job(loop, tmp_path / "run", init=first_model))
    assert trained.phases[0].validation_accuracy == 1.0  # so a student can't be better
    summary = trained.phases[0]
    assert (summary.name, summary.kept, summary.epochs) == ("teacher", "init", 0)
    assert trained.final.name == "teacher"
    given = load_file(first_model)
    assert all(
        torch.equal(value, given[name]) for name, value in trained.model.state_dict().items()
    )
    assert (tmp_path / "run" / "teacher.safetensors").is_file()


def test_students_do_not_start_from_given_weights_that_are_their_teacher(
    make_loop, tmp_path: Path, first_model
) -> None:
    loop = make_loop(TEACHER._replace(initial="only"), STUDENT._replace(network="student"))
    trained = train(tiny_job(loop, tmp_path / "run", init=first_model, training=STILL))
    given = load_file(first_model)["head.weight"]
    assert (handed_on(tmp_path / "run", "student1") - given).abs().max() > 1e-2
    assert any("'init', which stands for its teacher" in note for note in trained.notes)
    with pytest.raises(FerkitError, match=r"init: phase 'teacher' is left to the recipe's first"):
        train(tiny_job(loop, tmp_path / "without"))


def test_a_student_of_another_network_says_that_it_starts_anew(
    make_loop, tmp_path: Path, first_model
) -> None:
    loop = make_loop(TEACHER, STUDENT._replace(network="student"))
    blueprint = Blueprint(ModelSection(frames=2), larger)
    trained = train(tiny_job(loop, tmp_path / "run", init=first_model, student=blueprint))
    assert any("'init', which is of another network" in note for note in trained.notes)
