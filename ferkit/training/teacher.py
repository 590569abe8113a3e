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
    """

    def __init__(
        self, kind: TeacherKind, students: Sequence[FaceModel], previous: Sequence[FaceModel]
    ) -> None:
        self.kind = kind
        self._students = students
        self.copies: list[FaceModel] = []
        if kind != "student":
            models = previous if kind == "previous" else students
            trained = {id(student) for student in students}
            self.copies = [copy.deepcopy(m) if id(m) in trained else m for m in models]
            for made in self.copies:
                made.eval().requires_grad_(False)

    @property
    def networks(self) -> Sequence[FaceModel]:
        """Those that label."""
        return self.copies or self._students

    @property
    def validated(self) -> FaceModel:
        """The network that is validated and handed on: the average where there is one."""
        return self.copies[0] if self.kind == "ema" else self._students[0]

    def follow(self, step: int) -> None:
        """After optimiser step number `step` (from 0) of the phase: move the averages.

        In the first steps the share is (1 + step) / (10 + step), so that the average does not
        stay at the weights it started from.
        """
        if self.kind != "ema":
            return
        decay = min(EMA_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            for average, student in zip(self.copies, self._students, strict=True):
                for mine, theirs in zip(average.parameters(), student.parameters(), strict=True):
                    mine.lerp_(theirs, 1 - decay)
                for held, current in zip(average.buffers(), student.buffers(), strict=True):
                    held.copy_(current)
