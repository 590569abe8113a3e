"""The labelling network of a phase: the student itself, its moving average, or the one before."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Literal

import torch

from ferkit.model.face_model import FaceModel

EMA_DECAY = 0.999
"""Share that a step leaves of the average (Tarvainen and Valpola, arXiv:1703.01780)."""

TeacherKind = Literal["student", "ema", "previous"]


class Teacher:
    """Networks that predict in `parts.label` and in the passes over whole splits.

    Args:
        kind: see `ferkit.contracts.training.Phase`.
        students: the networks under training, with the weights that the phase starts from.
        previous: what the phase before handed on: the students themselves, or networks that no
            one else needs; they may be of another kind.
        average: see `ferkit.contracts.training.Phase`.

    `copies` are those that label, () where the students do; `averages` are moving averages, ()
    where there are none.
    """

    def __init__(
        self,
        kind: TeacherKind,
        students: Sequence[FaceModel],
        previous: Sequence[FaceModel],
        *,
        average: float | None = None,
    ) -> None:
        self.decay = EMA_DECAY if average is None else average
        self._students = students
        averaged = kind == "ema" or average is not None
        self.averages = _copied(students, students) if averaged else []
        self.copies = self.averages if kind == "ema" else []
        if kind == "previous":
            self.copies = _copied(previous, students)

    @property
    def networks(self) -> Sequence[FaceModel]:
        """Those that label."""
        return self.copies or self._students

    @property
    def validated(self) -> FaceModel:
        """The network that is validated and handed on: the average where there is one."""
        return (self.averages or self._students)[0]

    @property
    def kept(self) -> dict[str, list[FaceModel]]:
        """All that a resumption needs, by a name for each."""
        apart = self.averages if self.averages is not self.copies else []
        return {"teacher": self.copies, "average": apart}

    def follow(self, step: int) -> None:
        """After optimiser step number `step` (from 0) of the phase: move the averages.

        In the first steps the share is (1 + step) / (10 + step), so that the average does not
        stay at the weights it started from.
        """
        if not self.averages:
            return
        decay = min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for average, student in zip(self.averages, self._students, strict=True):
                for mine, theirs in zip(average.parameters(), student.parameters(), strict=True):
                    mine.lerp_(theirs, 1 - decay)
                for held, current in zip(average.buffers(), student.buffers(), strict=True):
                    held.copy_(current)


def _copied(models: Sequence[FaceModel], students: Sequence[FaceModel]) -> list[FaceModel]:
    """Networks that are not trained: copies of those that are, the others themselves."""
    trained = {id(student) for student in students}
    made = [copy.deepcopy(model) if id(model) in trained else model for model in models]
    for one in made:
        one.eval().requires_grad_(False)
    return made
