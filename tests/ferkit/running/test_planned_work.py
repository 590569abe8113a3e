"""What runs are going to compute, counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ferkit import plugins
from ferkit.catalogue import Catalogue, catalogue
from ferkit.plugin import Context
from ferkit.recipe import read_recipe
from ferkit.running.planned_work import RunWork, Sizes, work_of

BASE = """\
data:
  train: {use: rendered, count: 20}
  unlabelled: {use: rendered, count: 20, start: 50, labelled: false}
training: {batch_size: 16}
"""
CLASSES = ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise")
SIZES = Sizes(labelled=50, unlabelled=100, validation=10, test=30)


@pytest.fixture(scope="module")
def components() -> Catalogue:
    return catalogue(plugins.load())


@pytest.fixture
def work(tmp_path: Path, components: Catalogue) -> Callable[[str], RunWork]:
    """The work of a recipe, from the lines that say how it is trained and evaluated."""

    def count(lines: str) -> RunWork:
        path = tmp_path / "one.yaml"
        path.write_text(BASE + lines)
        recipe = read_recipe(str(path), catalogue=components).recipe
        context = Context(classes=CLASSES, image_size=48)
        return work_of(recipe, SIZES, components, context)

    return count


def test_supervised(work: Callable[[str], RunWork]) -> None:
    found = work("loop: {use: supervised, epochs: 5, patience: 2}\nevaluation: {epochs: false}\n")
    (phase,) = found.phases
    assert (phase.epochs, phase.steps, phase.batch) == (5, 4, (16, 0))  # ceil(50 / 16) steps
    assert (phase.labels, phase.validated) == (0, 5 * 10)
    assert found.sooner
    assert (found.tables, found.tested) == (50 + 100, 30 + 10)


def test_self_training_predicts_before_each_iteration(work: Callable[[str], RunWork]) -> None:
    found = work(
        "loop: {use: self_training, initial_epochs: 2, iterations: 3, predict_part: 0.5}\n"
        "labelled: {weightings: [loss_trend]}\n"
        "evaluation: {epochs: false}\n"
    )
    initial, iterations = found.phases
    assert (initial.epochs, initial.labels) == (2, 0)
    # Half of the unlabelled samples, and the labelled ones, before each of three epochs.
    assert (iterations.epochs, iterations.labels) == (3, 3 * (50 + 50))
    assert sum(iterations.batch) == 16


def test_noisy_student_predicts_once_in_a_round(work: Callable[[str], RunWork]) -> None:
    found = work(
        "loop: {use: noisy_student, teacher_epochs: 2, student_epochs: 4, rounds: 2, ratio: 3, "
        "rounds_patience: null, patience: null}\n"
        "evaluation: {stability: true, epochs: false}\n"
    )
    teacher, *students = found.phases
    assert (teacher.batch, teacher.labels) == ((16, 0), 0)
    for student in students:
        assert (student.steps, student.batch) == (4, (16, 48))
        assert student.labels == 50 + 100
    assert not found.sooner


def test_a_first_model_of_the_recipe_leaves_its_phase_out(
    work: Callable[[str], RunWork], tmp_path: Path
) -> None:
    weights = tmp_path / "first.safetensors"
    weights.write_bytes(b"")
    lines = "loop: {use: self_training, iterations: 3, first_from_init: true}\n"
    found = work(f"{lines}init: {weights}\n")
    assert [one.phase.name for one in found.phases] == ["self_training"]
