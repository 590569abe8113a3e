"""What an optimiser step changes: networks, optimiser and teacher of one phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightning_fabric import Fabric
from torch import Tensor, nn

from ferkit.contracts.training import Batch, Phase, SSLLoop
from ferkit.model.face_model import FaceModel
from ferkit.sections import TrainingSection
from ferkit.training.optimiser import (
    freeze,
    load_optimiser_tensors,
    make_optimiser,
    optimiser_tensors,
    set_learning_rate,
)
from ferkit.training.parts import StepParts, TrainingStep
from ferkit.training.teacher import Teacher


class Learner:
    """The students of a phase, set up for training.

    Args:
        fabric: device, precision, strategy.
        loop: decides what a step is.
        phase: that begins.
        students: with the weights that it starts from.
        previous: what the phase before handed on; may be the students.
        section: `training` of the recipe.
        modules: what policies and the loop learn besides, by name.
    """

    def __init__(
        self,
        fabric: Fabric,
        loop: SSLLoop,
        phase: Phase,
        students: list[FaceModel],
        previous: list[FaceModel],
        section: TrainingSection,
        modules: Mapping[str, nn.Module],
    ) -> None:
        self._fabric, self._clip = fabric, section.clip_norm
        self.students = students
        for student in students:
            student.to(fabric.device)
            student.train()
        for model in previous:
            model.to(fabric.device)
        self.modules = modules
        for module in modules.values():
            module.to(fabric.device)
        self.teacher = Teacher(phase.teacher, students, previous, average=phase.average)
        step = TrainingStep(loop, students, modules)
        freeze(step)
        self.optimiser = make_optimiser(step, section.optimiser)
        self._step, self._optimiser = fabric.setup(step, self.optimiser)

    def set_rate(self, rate: float) -> None:
        """Set the learning rate."""
        set_learning_rate(self.optimiser, rate)

    def forward_backward(
        self, batch: Batch, parts: StepParts, *, share: float, last: bool
    ) -> tuple[Tensor, dict[str, Tensor | float]]:
        """Add a piece's gradients.

        Args:
            share: of the step's samples. last: whether the step is complete after it.
        Returns: the piece's loss, detached, and what the loop logs.
        """
        with self._fabric.no_backward_sync(self._step, enabled=not last):
            loss, scalars = self._step(batch, parts)
            self._fabric.backward(loss if share == 1 else loss * share, model=self._step)
        return loss.detach(), scalars

    def finish_step(self, number: int) -> None:
        """Let the optimiser and the teacher act. number: of the step in the phase, from 0."""
        if self._clip is not None:
            self._fabric.clip_gradients(
                self._step, self._optimiser, max_norm=self._clip, error_if_nonfinite=False
            )
        self._optimiser.step()
        self._optimiser.zero_grad()
        self.teacher.follow(number)

    def tensors(self) -> dict[str, Tensor]:
        """All that a resumption needs."""
        named = network_tensors("student", self.students)
        for name, networks in self.teacher.kept.items():
            named |= network_tensors(name, networks)
        for name, module in self.modules.items():
            named |= {f"learnt.{name}.{key}": value for key, value in module.state_dict().items()}
        return named | {
            f"optimiser.{name}": value for name, value in optimiser_tensors(self.optimiser).items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what `tensors` gave."""
        load_networks("student", self.students, tensors)
        for name, networks in self.teacher.kept.items():
            load_networks(name, networks, tensors)
        for name, module in self.modules.items():
            module.load_state_dict(named_below(f"learnt.{name}", tensors))
        load_optimiser_tensors(self.optimiser, named_below("optimiser", tensors))


def precision_state(fabric: Fabric) -> dict[str, Any]:
    """Loss scale of half precision: JSON values; {} where there is none."""
    return dict(fabric.strategy.precision.state_dict())


def load_precision_state(fabric: Fabric, state: dict[str, Any]) -> None:
    """Take back what `precision_state` gave."""
    if state:
        fabric.strategy.precision.load_state_dict(state)


def named_below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those whose name starts with "<prefix>.", without it."""
    start = f"{prefix}."
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}


def load_networks(prefix: str, networks: list[FaceModel], tensors: dict[str, Tensor]) -> None:
    """Load "<prefix>.<number>.<name>"."""
    for number, network in enumerate(networks):
        network.load_state_dict(named_below(f"{prefix}.{number}", tensors))


def network_tensors(prefix: str, networks: list[FaceModel]) -> dict[str, Tensor]:
    """All weights and buffers as "<prefix>.<number>.<name>"."""
    return {
        f"{prefix}.{number}.{name}": tensor
        for number, network in enumerate(networks)
        for name, tensor in network.state_dict().items()
    }
