"""What the trainer lends a loop within a step, and the step as one module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, cast

import torch
from torch import Tensor, nn

from ferkit.contracts.data import Clips
from ferkit.contracts.policies import Beliefs, Progress
from ferkit.contracts.training import Batch, Decision, Prediction, Split, SSLLoop
from ferkit.model.face_model import FaceModel
from ferkit.training.policies import SplitPolicies
from ferkit.training.predict import evaluating


class StepParts:
    """The networks and the policies, as a loop sees them (`ferkit.contracts.training.Parts`).

    Args:
        students: the networks under training.
        labellers: as many networks that predict in `label`; may be the students.
        policies: of both splits; one may be missing.
        class_weight: (K,).
        adaptive: whether policies that act every step are asked.
        penalty: factor of the aggregations' penalty.
    """

    def __init__(
        self,
        students: Sequence[FaceModel],
        labellers: Sequence[FaceModel],
        policies: Mapping[Split, SplitPolicies],
        *,
        class_weight: Tensor,
        adaptive: bool,
        penalty: float,
        progress: Progress,
    ) -> None:
        self.classes = students[0].classes
        self.class_weight = class_weight
        self.progress = progress
        self._students, self._labellers, self._policies = students, labellers, policies
        self._adaptive, self._factor = adaptive, penalty
        self._labelled: Beliefs | None = None
        self._network_penalties: list[Tensor] = []
        self._policy_penalties: list[Tensor] = []

    def predict(self, clips: Clips, *, network: int = 0, maps: bool = False) -> Prediction:
        """The student, in training mode, with gradient."""
        output = self._students[network](clips.frames, clips.valid, keep_maps=maps)
        if self._factor:
            self._network_penalties.append(output.penalty)
        return Prediction(output.logits, output.features, output.penalty, output.maps)

    def classify(self, features: Tensor, *, network: int = 0) -> Tensor:
        """The student's last layer, dropout before it."""
        return self._students[network].classify(features)

    def class_vectors(self, *, network: int = 0) -> Tensor:
        """(K, D) weights of the student's last layer."""
        return self._students[network].head.weight

    def label(self, clips: Clips, *, network: int = 0) -> Tensor:
        """(n, K) probabilities of the labelling network in evaluation mode, detached."""
        labeller = self._labellers[network]
        with torch.no_grad(), evaluating(labeller):
            output = labeller(clips.frames, clips.valid)
        return cast(Tensor, output.logits.softmax(-1))

    def decide(
        self,
        split: Split,
        ids: Tensor,
        *,
        probs: Tensor | Literal["student"] | None,
        student: Prediction | None = None,
    ) -> Decision:
        """Targets and weights of a batch. Raises: RunError: nothing is predicted."""
        decision, beliefs = self._policies[split].decide(
            ids,
            probs=probs.detach().float() if isinstance(probs, Tensor) else probs,
            student=student,
            progress=self.progress,
            adaptive=self._adaptive,
            labelled=self._labelled if split == "unlabelled" else None,
        )
        if split == "labelled":
            self._labelled = beliefs
        self._policy_penalties.append(decision.penalty)
        return decision

    def take_penalty(self) -> Tensor | float:
        """What networks and policies ask to be added to the step's loss; starts anew."""
        total: Tensor | float = 0.0
        if self._network_penalties:
            total = total + self._factor * torch.cat(self._network_penalties).mean()
        for penalty in self._policy_penalties:
            total = total + penalty
        self._network_penalties, self._policy_penalties, self._labelled = [], [], None
        return total


class TrainingStep(nn.Module):
    """A loop's step as the forward of one module, which a strategy can wrap.

    Args:
        loop: decides what a step is.
        students: the networks under training.
        modules: what policies and the loop learn besides, by name.
    """

    def __init__(
        self, loop: SSLLoop, students: Sequence[FaceModel], modules: Mapping[str, nn.Module]
    ) -> None:
        super().__init__()
        self.students = nn.ModuleList(students)
        self.learnt = nn.ModuleDict(modules)
        self._loop = loop

    def forward(self, batch: Batch, parts: StepParts) -> tuple[Tensor, dict[str, Tensor | float]]:
        """-> the loss with all penalties, and what the loop logs."""
        result = self._loop.step(batch, parts)
        scalars = {
            name: value.detach() if isinstance(value, Tensor) else float(value)
            for name, value in result.scalars.items()
        }
        return result.loss + parts.take_penalty(), scalars
