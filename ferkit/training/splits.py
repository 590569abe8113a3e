"""The splits of a training with their policies: predictions, beliefs, validation."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lightning_fabric import Fabric
from torch import Tensor

from ferkit.contracts.training import (
    Cadence,
    Phase,
    Progress,
    Split,
    SplitBeliefs,
    SplitSizes,
)
from ferkit.data.loader import SplitData
from ferkit.errors import FerkitError
from ferkit.model.face_model import FaceModel
from ferkit.training.job import PolicyChain, SampleTable, TrainingJob
from ferkit.training.losses import cross_entropy_of_probs
from ferkit.training.policies import SplitPolicies
from ferkit.training.predict import predict, split_statistics


class Validation(NamedTuple):
    """loss: mean cross-entropy, unweighted. accuracy: in [0, 1], of samples with a label."""

    loss: float
    accuracy: float | None


class Splits:
    """Data and policies of one training.

    Args:
        job: what is trained.
        fabric: where.
        between: called between batches of predictions; may raise to stop.
    Raises: FerkitError: no labelled sample, or policies of a split that is not there.
    """

    def __init__(self, job: TrainingJob, fabric: Fabric, between: Callable[[], None]) -> None:
        self._job, self._fabric, self._between = job, fabric, between
        if len(job.labelled) == 0:
            raise FerkitError("there is no labelled training sample.", where="data.train")
        self.data: dict[Split, SplitData] = {"labelled": job.labelled}
        self.policies: dict[Split, SplitPolicies] = {
            "labelled": self._policies("labelled", job.labelled_policies, job.labelled)
        }
        if job.unlabelled is not None and len(job.unlabelled):
            self.data["unlabelled"] = job.unlabelled
            self.policies["unlabelled"] = self._policies(
                "unlabelled", job.unlabelled_policies, job.unlabelled
            )
        elif job.unlabelled_policies.label_updates or job.unlabelled_policies.weightings:
            raise FerkitError(
                "there are policies for unlabelled samples, and there is no such sample.",
                where="unlabelled",
                hint="Name a data set under data.unlabelled, or leave this section out.",
            )
        self.validation = job.validation if job.validation and len(job.validation) else None
        self._validation_targets = self._start_targets()

    def _policies(self, split: Split, chain: PolicyChain, data: SplitData) -> SplitPolicies:
        return SplitPolicies(
            split,
            chain,
            given=data.given,
            given_probs=data.given_probs,
            device=self._fabric.device,
        )

    def _start_targets(self) -> Tensor | None:
        """What the labelled split's `start` updates make of the validation labels (A10)."""
        if self.validation is None:
            return None
        updates = [u for u in self._job.labelled_policies.label_updates if u.every == "start"]
        policies = self._policies("labelled", PolicyChain(updates), self.validation)
        policies.begin(Progress("", 0, 0, 0, 0, 0, ()), adaptive=False)
        return None if policies.targets is None else policies.targets.cpu()

    @property
    def sizes(self) -> SplitSizes:
        """Samples of both splits."""
        return SplitSizes(*(len(self.data.get(split, ())) for split in ("labelled", "unlabelled")))

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the labelled training pixels (A13)."""
        section = self._job.training
        size = min(64, section.prediction_batch_size)
        limit = size if self._job.smoke else None
        frames = self._job.model.frames
        return split_statistics(self._job.labelled, frames=frames, batch_size=size, limit=limit)

    def predict(self, model: FaceModel, data: SplitData) -> Tensor:
        """(N, K) probabilities on the clean view, on the CPU; in a smoke run of one batch."""
        section = self._job.training
        return predict(
            model,
            data,
            frames=self._job.model.frames,
            batch_size=section.prediction_batch_size,
            device=self._fabric.device,
            autocast=self._fabric.autocast,
            limit=section.batch_size if self._job.smoke else None,
            between=self._between,
        )

    def beliefs(self, model: FaceModel, phase: Phase, acting: set[Cadence]) -> SplitBeliefs:
        """Beliefs over the splits for which the phase or a policy wants them."""
        wanted = {
            split: phase.beliefs or policies.wants(acting)
            for split, policies in self.policies.items()
        }
        labelled = unlabelled = None
        if any(wanted.values()):  # policies of the unlabelled split may read the labelled one's
            probs = self.predict(model, self.data["labelled"])
            labelled = self.policies["labelled"].beliefs(probs)
        if wanted.get("unlabelled"):
            probs = self.predict(model, self.data["unlabelled"])
            unlabelled = self.policies["unlabelled"].beliefs(probs, labelled)
        return SplitBeliefs(labelled, unlabelled)

    def act(self, beliefs: SplitBeliefs, progress: Progress, acting: set[Cadence]) -> None:
        """Ask the policies of both splits."""
        for split, said in (("labelled", beliefs.labelled), ("unlabelled", beliefs.unlabelled)):
            if said is not None:
                self.policies[_split(split)].act(said, progress, acting)

    def validate(self, model: FaceModel) -> Validation | None:
        """Loss and accuracy on the validation split; None without one."""
        if self.validation is None or self._validation_targets is None:
            return None
        probs = self.predict(model, self.validation)
        count = self._job.training.batch_size if self._job.smoke else len(probs)
        loss = cross_entropy_of_probs(probs, self._validation_targets)[:count].double().mean()
        labelled = self.validation.given[:count] >= 0
        right = probs[:count].argmax(-1) == self.validation.given[:count]
        accuracy = right[labelled].double().mean().item() if bool(labelled.any()) else None
        return Validation(loss.item(), accuracy)

    def table(self, model: FaceModel, split: Split) -> SampleTable | None:
        """What training made of a split's samples, with predictions of the final network."""
        if split not in self.data:
            return None
        policies = self.policies[split]
        probs = self.predict(model, self.data[split])
        target = probs if policies.targets is None else policies.targets.cpu()
        return SampleTable(
            given=self.data[split].given,
            target=target,
            weight=policies.weight.cpu(),
            probs=probs,
            loss=cross_entropy_of_probs(probs, target),
        )


def _split(name: str) -> Split:
    return "labelled" if name == "labelled" else "unlabelled"
