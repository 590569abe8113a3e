"""Watches trainings: which parameters have a gradient and move, how many rows are learnt from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ferkit.contracts.model import Pooled
from ferkit.training.learner import Learner


@dataclass
class PhaseSeen:
    """What a phase has shown.

    steps: of the optimiser. gradient, moved: by the parameter's name, whether any step had a
    gradient that is not all zeros, and whether any step changed it. places: of the feature maps
    that the space aggregation attends to, by map. rows: for each step, of each pass up to that
    aggregation that has part in the loss, its images and those of them that the loss depends on.
    """

    name: str
    steps: int = 0
    gradient: dict[str, bool] = field(default_factory=dict)
    moved: dict[str, bool] = field(default_factory=dict)
    places: tuple[int, ...] = ()
    rows: list[list[tuple[int, int]]] = field(default_factory=lambda: [[]])


@contextmanager
def watched() -> Iterator[list[PhaseSeen]]:
    """The phases of the trainings within, in their order; a resumed one counts as another."""
    phases: list[PhaseSeen] = []
    hooks: list[RemovableHandle] = []
    begin, finish = Learner.__init__, Learner.finish_step

    def begun(self: Learner, fabric: Any, loop: Any, phase: Any, *rest: Any, **named: Any) -> None:
        begin(self, fabric, loop, phase, *rest, **named)
        seen = PhaseSeen(phase.name)
        phases.append(seen)
        while hooks:
            hooks.pop().remove()
        for student in self.students:
            hooks.append(student.space.register_forward_hook(lambda *call: _note(seen, call[-1])))

    def finished(self: Learner, number: int) -> None:
        seen = phases[-1]
        seen.steps += 1
        before = {}
        for name, parameter in _learning(self):
            has = parameter.grad is not None and bool(parameter.grad.count_nonzero())
            seen.gradient[name] = seen.gradient.get(name, False) or has
            if not seen.moved.get(name):
                before[name] = parameter.detach().clone()
        finish(self, number)
        seen.rows.append([])
        for name, parameter in _learning(self):
            if name in before:
                seen.moved[name] = not torch.equal(before[name], parameter)

    with (
        mock.patch.object(Learner, "__init__", begun),
        mock.patch.object(Learner, "finish_step", finished),
    ):
        yield phases


def _learning(learner: Learner) -> Iterator[tuple[str, nn.Parameter]]:
    parts: Mapping[str, nn.Module] = {
        **{f"student{place}": student for place, student in enumerate(learner.students)},
        **learner.modules,
    }
    for part, module in parts.items():
        for name, parameter in module.named_parameters():
            if parameter.requires_grad:
                yield f"{part}.{name}", parameter


def _note(seen: PhaseSeen, pooled: Pooled) -> None:
    seen.places = tuple(weight.shape[-2] * weight.shape[-1] for weight in pooled.weights)
    if not pooled.features.requires_grad:
        return

    def note(gradient: Tensor) -> None:
        seen.rows[-1].append((len(gradient), int(gradient.flatten(1).ne(0).any(1).sum())))

    pooled.features.register_hook(note)  # type: ignore[no-untyped-call]
