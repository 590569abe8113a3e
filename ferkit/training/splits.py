"""The splits of a training with their policies: predictions, beliefs, validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import torch
from lightning_fabric import Fabric
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence
from ferkit.contracts.training import Phase, Split, SplitBeliefs, SplitSizes
from ferkit.data import keyed
from ferkit.data.loader import SplitData
from ferkit.errors import FerkitError
from ferkit.model.face_model import FaceModel
from ferkit.training.batches import BatchMaker
from ferkit.training.job import PolicyChain, SampleTable, TrainingJob
from ferkit.training.losses import cross_entropy_of_probs
from ferkit.training.noisy import predict_noisy
from ferkit.training.policies import SplitPolicies
from ferkit.training.predict import predict, prediction_autocast, split_statistics
from ferkit.training.validation import Validation, measure, start_targets


class Predicted(NamedTuple):
    """A pass before an epoch. samples: of both splits that were predicted. own: what the network
    under training believes of the labelled samples, where another one labels for the whole phase
    and a weighting of theirs acts in the epoch."""

    beliefs: SplitBeliefs
    samples: int
    own: Beliefs | None = None


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
        self._validation_targets: Tensor | None = None
        if self.validation is not None:
            updates = [u for u in job.labelled_policies.label_updates if u.every == "start"]
            policies = self._policies("labelled", PolicyChain(updates), self.validation)
            self._validation_targets = start_targets(policies)

    def _policies(self, split: Split, chain: PolicyChain, data: SplitData) -> SplitPolicies:
        return SplitPolicies(
            split,
            chain,
            given=data.given,
            given_probs=data.given_probs,
            device=self._fabric.device,
        )

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
        frames: int,
        chosen: Tensor | None = None,
        autocast: Callable[[], AbstractContextManager[object]] | None = None,
    ) -> Tensor:
        """(N, K) probabilities on the clean view, on the CPU; in a smoke run of one batch.

        Args:
            frames: at most so many of each clip.
            chosen: (m,) int64 ids, predict these only.
            autocast: for another precision than that of training.
        """
        section = self._job.training
        return predict(
            model,
            data,
            frames=frames,
            batch_size=section.prediction_batch_size,
            device=self._fabric.device,
            autocast=autocast or self._fabric.autocast,
            limit=section.batch_size if self._job.smoke else None,
            between=self._counting(len(data) if chosen is None else len(chosen)),
            chosen=chosen,
        )

    def _counting(self, samples: int) -> Callable[[], None]:
        """To be called after each batch of a pass over `samples` samples."""
        total, done = self._count(samples), 0

        def between() -> None:
            nonlocal done
            done = min(total, done + self._job.training.prediction_batch_size)
            self._job.observer.predicting(done, total)
            self._between()

        return between

    def maker(self, views: Mapping[Split, Sequence[str]], *, frames: int) -> BatchMaker:
        """Makes views of batches. Raises: FerkitError: there is no such view."""
        return BatchMaker(
            self.data,
            views,
            augmentation=self._job.training.augmentation,
            strong=self._job.training.strong,
            frames=frames,
            device=self._fabric.device,
            seed=self._job.seed,
        )

    def _label(
        self, model: FaceModel, phase: Phase, *, epoch: int, frames: int, chosen: Tensor | None
    ) -> Tensor:
        """(N, K) predictions of the unlabelled split as the phase wants them, on the CPU."""
        data, section = self.data["unlabelled"], self._job.training
        if phase.label_view == "clean" and not phase.label_dropout:
            return self.predict(model, data, frames=frames, chosen=chosen, autocast=self._autocast)
        places = torch.arange(len(data)) if chosen is None else chosen
        places = places[: self._count(len(places))]
        key = f"labels of {phase.name}"
        return predict_noisy(
            model,
            self.maker({"unlabelled": (phase.label_view,)}, frames=frames),
            places,
            samples=len(data),
            view=phase.label_view,
            dropout=self._label_dropout(phase),
            phase=key,
            epoch=epoch,
            seed=keyed.generator(self._job.seed, key, epoch).initial_seed() >> 1,
            batch_size=section.prediction_batch_size,
            device=self._fabric.device,
            autocast=self._autocast,
            between=self._counting(len(places)),
        )

    def _label_dropout(self, phase: Phase) -> float | None:
        """Labels are made under the dropout of the network that learns them."""
        if not phase.label_dropout:
            return None
        return self._job.blueprint(phase.network).section.dropout

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
        self,
        model: FaceModel,
        phase: Phase,
        acting: set[Cadence],
        *,
        epoch: int,
        frames: int,
        student: FaceModel,
        student_frames: int,
    ) -> Predicted:
        """Beliefs over the splits for which the phase or a policy wants them.

        Args:
            model: that labels. frames: of a clip, at most.
            student: the network under training. student_frames: of a clip, at most.
        """
        wanted = {
            split: phase.beliefs or policies.wants(acting)
            for split, policies in self.policies.items()
        }
        made: dict[Split, Tensor] = {}
        samples = 0
        # Policies of the unlabelled split may read the labelled one's beliefs.
        if any(wanted.values()) and self.policies["labelled"].predicted is None:
            made["labelled"] = self.predict(
                model, self.data["labelled"], frames=frames, autocast=self._autocast
            )
            samples += self._count(self.sizes.labelled)
        if wanted.get("unlabelled") and self.policies["unlabelled"].predicted is None:
            chosen = self.part(phase, epoch)
            made["unlabelled"] = self._label(
                model, phase, epoch=epoch, frames=frames, chosen=chosen
            )
            samples += self._count(self.sizes.unlabelled if chosen is None else len(chosen))
        if phase.predictions == "phase":  # both at once: a stop in between starts them again
            for split, probs in made.items():
                self.policies[split].keep(probs)
        labelled = unlabelled = None
        if any(wanted.values()):
            labelled = self.policies["labelled"].beliefs(made.get("labelled"))
        if wanted.get("unlabelled"):
            unlabelled = self.policies["unlabelled"].beliefs(made.get("unlabelled"), labelled)
        own = None
        weighing = "epoch" in acting and self.policies["labelled"].weighs("epoch")
        if weighing and phase.predictions == "phase":
            probs = self.predict(
                student, self.data["labelled"], frames=student_frames, autocast=self._autocast
            )
            samples += self._count(self.sizes.labelled)
            own = self.policies["labelled"].beliefs(probs)
        return Predicted(SplitBeliefs(labelled, unlabelled), samples, own)

    def _count(self, samples: int) -> int:
        """How many of `samples` are predicted."""
        return min(samples, self._job.training.batch_size) if self._job.smoke else samples

    def validate(self, model: FaceModel, *, frames: int) -> Validation | None:
        """Loss and accuracy on the validation split; None without one."""
        if self.validation is None or self._validation_targets is None:
            return None
        probs = self.predict(model, self.validation, frames=frames)
        count = self._job.training.batch_size if self._job.smoke else len(probs)
        targets, given = self._validation_targets[:count], self.validation.given[:count]
        return measure(probs[:count], targets, given)

    def table(self, model: FaceModel, split: Split, *, frames: int) -> SampleTable | None:
        """What training made of a split's samples, with predictions of the final network."""
        if split not in self.data:
            return None
        policies = self.policies[split]
        probs = self.predict(model, self.data[split], frames=frames)
        target = probs if policies.targets is None else policies.targets.cpu()
        return SampleTable(
            given=self.data[split].given,
            target=target,
            weight=policies.weight.cpu(),
            probs=probs,
            loss=cross_entropy_of_probs(probs, target),
        )
