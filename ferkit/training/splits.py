"""The splits of a training with their policies: predictions, beliefs, validation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from lightning_fabric import Fabric
from torch import Tensor

from ferkit.contracts.training import (
    BatchIds,
    Cadence,
    Phase,
    Progress,
    Split,
    SplitBeliefs,
    SplitSizes,
)
from ferkit.data import keyed
from ferkit.data.loader import SplitData
from ferkit.errors import FerkitError
from ferkit.model.face_model import FaceModel
from ferkit.training.job import PolicyChain, SampleTable, TrainingJob
from ferkit.training.logged import policy_scalars
from ferkit.training.losses import cross_entropy_of_probs
from ferkit.training.policies import SplitPolicies
from ferkit.training.predict import predict, prediction_autocast, split_statistics


class Validation(NamedTuple):
    """loss: mean cross-entropy, unweighted. accuracy: in [0, 1], of samples with a label."""

    loss: float
    accuracy: float | None


class Predicted(NamedTuple):
    """A pass before an epoch. samples: of both splits that were predicted."""

    beliefs: SplitBeliefs
    samples: int


class Splits:
    """Data and policies of one training.

    Args:
        job: what is trained.
        fabric: where.
        between: called between batches of predictions; may raise to stop.
    Raises: FerkitError: no labelled sample, policies of a split that is not there, or a precision
        of predictions that the device does not have.
    """

    def __init__(self, job: TrainingJob, fabric: Fabric, between: Callable[[], None]) -> None:
        self._job, self._fabric, self._between = job, fabric, between
        self._autocast = prediction_autocast(
            job.training.prediction_precision, fabric.device, fabric.autocast
        )
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

    def predict(
        self,
        model: FaceModel,
        data: SplitData,
        *,
        chosen: Tensor | None = None,
        autocast: Callable[[], AbstractContextManager[object]] | None = None,
    ) -> Tensor:
        """(N, K) probabilities on the clean view, on the CPU; in a smoke run of one batch.

        Args:
            chosen: (m,) int64 ids, predict these only.
            autocast: for another precision than that of training.
        """
        section = self._job.training
        total, done = self._count(len(data) if chosen is None else len(chosen)), 0

        def between() -> None:
            nonlocal done
            done = min(total, done + section.prediction_batch_size)
            self._job.observer.predicting(done, total)
            self._between()

        return predict(
            model,
            data,
            frames=self._job.model.frames,
            batch_size=section.prediction_batch_size,
            device=self._fabric.device,
            autocast=autocast or self._fabric.autocast,
            limit=section.batch_size if self._job.smoke else None,
            between=between,
            chosen=chosen,
        )

    def part(self, phase: Phase, epoch: int) -> Tensor | None:
        """Ids (m,) of the unlabelled samples that are predicted before an epoch; None for all."""
        count, size = self.sizes.unlabelled, self.part_size(phase)
        if size == count:
            return None
        order = keyed.permutation(self._job.seed, "part", phase.name, epoch, n=count)
        return order[:size].sort().values  # stores are read faster in their own order

    def part_size(self, phase: Phase) -> int:
        """How many unlabelled samples are predicted before an epoch that wants beliefs."""
        count = self.sizes.unlabelled
        if not phase.beliefs or count == 0:
            return count
        return min(count, max(1, round(phase.unlabelled_part * count)))

    def beliefs(
        self, model: FaceModel, phase: Phase, acting: set[Cadence], *, epoch: int
    ) -> Predicted:
        """Beliefs over the splits for which the phase or a policy wants them."""
        wanted = {
            split: phase.beliefs or policies.wants(acting)
            for split, policies in self.policies.items()
        }
        labelled = unlabelled = None
        samples = 0
        if any(wanted.values()):  # policies of the unlabelled split may read the labelled one's
            probs = self.predict(model, self.data["labelled"], autocast=self._autocast)
            labelled = self.policies["labelled"].beliefs(probs)
            samples += self._count(len(probs))
        if wanted.get("unlabelled"):
            chosen = self.part(phase, epoch)
            probs = self.predict(
                model, self.data["unlabelled"], chosen=chosen, autocast=self._autocast
            )
            unlabelled = self.policies["unlabelled"].beliefs(probs, labelled)
            samples += self._count(len(probs) if chosen is None else len(chosen))
        return Predicted(SplitBeliefs(labelled, unlabelled), samples)

    def _count(self, samples: int) -> int:
        """How many of `samples` are predicted."""
        return min(samples, self._job.training.batch_size) if self._job.smoke else samples

    def act(
        self, beliefs: SplitBeliefs, progress: Progress, acting: set[Cadence]
    ) -> dict[str, Any]:
        """Ask the policies of both splits; returns what they say of it, as columns."""
        columns: dict[str, Any] = {}
        for name, said in zip(SplitBeliefs._fields, beliefs, strict=True):
            if said is not None:
                split = _split(name)
                policies = self.policies[split]
                policies.act(said, progress, acting)
                columns |= policy_scalars(split, policies.acting(acting))
        return columns

    def step_scalars(self, ids: BatchIds) -> dict[str, Any]:
        """What policies that act every step say of a step with these samples, as columns."""
        columns: dict[str, Any] = {}
        for split, policies in self.policies.items():
            if len(ids.labelled if split == "labelled" else ids.unlabelled):
                columns |= policy_scalars(split, policies.acting({"step"}))
        return columns

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
