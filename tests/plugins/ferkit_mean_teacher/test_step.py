"""The mean teacher's step on given outputs, and that its teacher is the moving average."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from ferkit_mean_teacher.loop import make_mean_teacher
from ferkit_mean_teacher.params import MeanTeacherParams

from ferkit.contracts.policies import Progress, Weights
from ferkit.plugin import Context
from ferkit.testing import tiny_split
from ferkit.testing.given_step import given_step
from ferkit.testing.tiny import tiny_job
from ferkit.training.job import PolicyChain
from ferkit.training.trainer import train


def draw(seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    sizes = {"labelled.weak": 2, "labelled.weak2": 2, "unlabelled.weak2": 5, "unlabelled.weak": 5}
    return {name: torch.randn(n, 3, generator=generator) * 2 for name, n in sizes.items()}


def step(logits, teacher, *, at: int = 99, **params):
    return given_step(
        make_mean_teacher(MeanTeacherParams(**params), Context(seed=0)),
        given=torch.tensor([2, 0]),
        logits=logits,
        teacher=teacher,
        progress=Progress("mean_teacher", 0, 0, 1, at, 100, ()),
    )


@pytest.mark.parametrize("labelled_too", [True, False])
@pytest.mark.parametrize(("at", "factor"), [(0, math.exp(-5)), (25, math.exp(-1.25)), (60, 1.0)])
def test_equals_the_paper(labelled_too: bool, at: int, factor: float) -> None:
    logits, teacher = draw(1), draw(2)
    found = step(logits, teacher, at=at, weight=7.0, labelled_too=labelled_too, ramp_share=0.5)
    supervised = 0.0
    for one, label in zip(logits["labelled.weak"], (2, 0), strict=True):
        supervised -= one.log_softmax(-1)[label].item() / 2
    splits = ("labelled", "unlabelled") if labelled_too else ("unlabelled",)
    distances = []
    for split in splits:
        mine, others = logits[f"{split}.weak"], teacher[f"{split}.weak2"]
        for one, other in zip(mine.softmax(-1), others.softmax(-1), strict=True):
            distances.append(sum((one[k] - other[k]).item() ** 2 for k in range(3)) / 3)
    expected = supervised + 7.0 * factor * sum(distances) / len(distances)
    assert abs(found.loss.item() - expected) < 1e-6


def test_the_student_learns_and_the_teachers_views_do_not() -> None:
    found = step(draw(1), draw(2), weight=1.0)
    found.loss.backward()
    gradient = found.logits.grad
    assert gradient[found.rows["unlabelled.weak"]].any(-1).all()
    assert not gradient[found.rows["unlabelled.weak2"]].any()
    assert not gradient[found.rows["labelled.weak2"]].any()


def test_the_same_answer_costs_nothing() -> None:
    logits = draw(1)
    same = dict(logits, **{"unlabelled.weak2": logits["unlabelled.weak"]})
    found = step(logits, same, labelled_too=False)
    assert found.scalars["unlabelled_loss"].item() == 0


@pytest.mark.parametrize("average", [1e-6, 0.999])
def test_what_labels_is_the_moving_average(average: float, tmp_path: Path) -> None:
    """An average that forgets at once says what the student does; a slow one does not."""

    class Spy:
        every = "step"

        def __init__(self) -> None:
            self.apart: list[float] = []

        def weigh(self, beliefs, targets, progress):
            self.apart.append((beliefs.probs - beliefs.student_probs).abs().max().item())
            return Weights(torch.ones(len(targets)), torch.zeros(()))

    spy = Spy()
    params = MeanTeacherParams(epochs=2, average=average)
    job = tiny_job(
        make_mean_teacher(params, Context(seed=3)),
        tmp_path,
        training=tiny_job(None, tmp_path).training.model_copy(update={"augmentation": None}),
        unlabelled=tiny_split(14, labelled=False, seed=1),
        unlabelled_policies=PolicyChain((), (spy,)),
    )
    trained = train(job)
    assert all(math.isfinite(row["train_loss"]) for row in trained.history)
    assert spy.apart[0] < 1e-6  # the teacher starts where the student does
    assert (max(spy.apart) < 1e-4) == (average < 0.5)


def test_it_needs_an_average() -> None:
    with pytest.raises(ValueError, match="average"):
        MeanTeacherParams(average=None)
