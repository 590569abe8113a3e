"""All that a training carries from step to step, and how it is saved and taken up again."""

from __future__ import annotations

import json
import time
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from ferkit.contracts.policies import Progress
from ferkit.contracts.training import NetworkName, Phase
from ferkit.data import keyed
from ferkit.errors import FerkitError
from ferkit.model.face_model import FaceModel
from ferkit.sections import ModelSection
from ferkit.training.checkpoint import Checkpoint, save_checkpoint
from ferkit.training.interruption import Interruption
from ferkit.training.job import TrainingJob
from ferkit.training.kept_epochs import may_be_final
from ferkit.training.learner import (
    Learner,
    load_networks,
    load_precision_state,
    named_below,
    network_tensors,
    precision_state,
)
from ferkit.training.learnt import Learnt
from ferkit.training.losses import class_weights
from ferkit.training.networks import Networks
from ferkit.training.phases import phases_of
from ferkit.training.position import Epoch, Position, restore_epoch
from ferkit.training.splits import Splits


class Session:
    """A training under way.

    Args:
        job: what is trained.
        fabric: where.
        interruption: whether Ctrl-C was pressed.
    Raises: FerkitError: the job can't be trained as it is.
    """

    def __init__(self, job: TrainingJob, fabric: Fabric, interruption: Interruption) -> None:
        self.job, self.fabric, self._interruption = job, fabric, interruption
        self.device: torch.device = fabric.device
        self.splits = Splits(job, fabric, self.safe_point)
        self.phases = phases_of(
            job.loop,
            has_validation=self.splits.validation is not None,
            has_init=job.init is not None,
            smoke=job.smoke,
        )
        for phase in self.phases:  # so that what can't be made is said before hours of training
            self.splits.maker(phase.views or job.loop.views, frames=1)
            self.splits.maker({"unlabelled": (phase.label_view,)}, frames=1)
        self.networks = Networks(
            job,
            seed=lambda round_, number: self.seed("weights", round_, number),
            statistics=self.splits.statistics,
            note=self.note,
        )
        self._learnt = Learnt(job, seed=lambda round_, name: self.seed("learnt", round_, name))
        self.class_weight = torch.ones(len(job.classes), device=self.device)
        if job.training.class_weights:
            self.class_weight = class_weights(job.labelled.given, job.classes).to(self.device)
        self.position = Position()
        self.students: list[FaceModel] = []
        self.learner: Learner | None = None  # of the phase under way
        self.epoch: Epoch | None = None  # under way
        self.best: dict[str, Tensor] = {}  # weights of the phase's lowest validation loss
        self._saved_at = time.monotonic()

    def seed(self, *keys: int | str) -> int:
        """A seed for torch, keyed by the run's seed and `keys`."""
        return keyed.generator(self.job.seed, *keys).initial_seed()

    def section(self, network: NetworkName) -> ModelSection:
        """The section of the recipe that describes a network."""
        return self.job.blueprint(network).section

    def begin_learner(self, phase: Phase, before: list[FaceModel]) -> Learner:
        """Set the students up for a phase, from the weights they have.

        Args:
            before: what the phase before handed on; may be the students.
        """
        modules = self._learnt.begin(
            phase.round,
            dim=self.students[0].feature_dim,
            goes_on=any(student is model for student in self.students for model in before),
        )
        self.learner = Learner(
            self.fabric,
            self.job.loop,
            phase,
            self.students,
            before,
            self.job.training,
            modules,
        )
        return self.learner

    def keeps_best(self) -> bool:
        """Whether the weights of the lowest validation loss of the phase under way are wanted."""
        return self.phases[self.position.phase].keep == "best" or self.may_be_final()

    def may_be_final(self) -> bool:
        """Whether the training may end with the weights of the phase under way."""
        return may_be_final(self.phases, self.position.phase)

    def _best_is_current(self) -> bool:
        """Whether they are those that the network under training has now."""
        at = self.position
        return self.learner is not None and self.epoch is None and 0 < at.epoch == at.best_epoch

    def take_best(self) -> None:
        """Keep the weights that the network under training has now as those of the best epoch."""
        assert self.learner is not None
        weights = self.learner.teacher.validated.state_dict()
        self.best = {name: tensor.detach().clone() for name, tensor in weights.items()}

    def progress(self, phase: Phase) -> Progress:
        """Where training stands, for policies."""
        at = self.position
        return Progress(
            phase=phase.name,
            round=phase.round,
            epoch=at.epoch,
            epochs=phase.epochs,
            step=at.step,
            steps=max(at.steps_per_epoch * phase.epochs, at.step),
            validation_losses=tuple(at.validation_losses),
        )

    def note(self, text: str) -> None:
        """Something the user must read; also kept with the result."""
        if text not in self.position.notes:
            self.position.notes.append(text)
            self.job.observer.note(text)

    def safe_point(self) -> None:
        """Called wherever the state is whole: saves now and then, and stops after Ctrl-C.

        Raises: KeyboardInterrupt: it was asked for, and the checkpoint is written.
        """
        if self._interruption.requested:
            if self.students:
                self.save()
            raise KeyboardInterrupt
        if self.learner is not None:
            self.save(at_least=self.job.training.checkpoint_minutes * 60)

    def save(self, *, at_least: float = 0.0) -> None:
        """Write a checkpoint, unless the last one is younger than `at_least` seconds."""
        if time.monotonic() - self._saved_at < at_least:
            return
        if self.epoch is not None:
            self.epoch.check()  # never keep weights that a loss which is not finite has made
        tensors = {}
        if not self._best_is_current():
            tensors = {f"best.{name}": tensor for name, tensor in self.best.items()}
        if self.learner is None:
            tensors |= network_tensors("student", self.students)
        else:
            tensors |= self.learner.tensors()
        for split, policies in self.splits.policies.items():
            tensors |= {f"{split}.{k}": tensor for k, tensor in policies.state_dict().items()}
        if self.epoch is not None:
            tensors |= {f"epoch.{name}": value for name, value in self.epoch.tensors().items()}
        state = {
            "job": self._identity(),
            "position": self.position.as_dict(),
            "epoch": None if self.epoch is None else self.epoch.as_dict(),
            "precision": precision_state(self.fabric),
        }
        save_checkpoint(self.job.folder, tensors, state)
        self._saved_at = time.monotonic()

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint.

        Raises: FerkitError: it is of another job.
        """
        tensors, state = checkpoint
        own = self._identity()
        wrong = [name for name, value in own.items() if state["job"].get(name) != value]
        if wrong:
            raise FerkitError(
                f"the checkpoint is of another training: {', '.join(wrong)} differ.",
                where=str(self.job.folder),
                hint="Resume with the run's own recipe and data.",
            )
        self.position = Position(**state["position"])
        self.students = self.networks.blank(self.position.network, 0)
        load_networks("student", self.students, tensors)
        for student in self.students:
            student.to(self.device)
        self.best = {k: v.to(self.device) for k, v in named_below("best", tensors).items()}
        for split, policies in self.splits.policies.items():
            policies.load_state_dict(named_below(split, tensors))
        if self.position.entered:
            phase = self.phases[self.position.phase]
            before = self.students
            if phase.teacher == "previous":
                before = self.networks.blank(self.position.before, 0)
            self.begin_learner(phase, before).load(tensors)
            if state["epoch"] is not None:
                self.epoch = restore_epoch(
                    named_below("epoch", tensors),
                    state["epoch"],
                    device=self.device,
                    phase=phase.name,
                    number=self.position.epoch,
                )
            if not self.best and self._best_is_current() and self.keeps_best():
                self.take_best()
        load_precision_state(self.fabric, state["precision"])

    def _identity(self) -> dict[str, Any]:
        """What a checkpoint must have in common with the job that goes on from it, as JSON."""
        networks: tuple[NetworkName, ...] = ("model", "student")
        identity: dict[str, Any] = {
            "seed": self.job.seed,
            "classes": list(self.job.classes),
            "training": self.job.training.model_dump(mode="json", exclude={"checkpoint_minutes"}),
            "networks": [self.section(name).model_dump(mode="json") for name in networks],
            "phases": [phase._asdict() for phase in self.phases],
            "sizes": list(self.splits.sizes),
        }
        made: dict[str, Any] = json.loads(json.dumps(identity))
        return made
