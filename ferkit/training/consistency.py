"""What loops that train on labelled and unlabelled samples side by side have in common.

A step has `batch_size` labelled samples and `ratio` times as many others. What the others are to
answer is predicted on one view of them, and learnt on the same or another one. Loops that are no
more than that are a `ConsistencyLoop`; others take the functions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from ferkit.contracts.training import (
    Batch,
    BatchIds,
    Decision,
    EpochPlan,
    Parts,
    Phase,
    Split,
    SplitBeliefs,
    SplitSizes,
    StepResult,
)
from ferkit.data import keyed
from ferkit.training.consistency_params import ConsistencyParams, Ramp
from ferkit.training.joined import join_clips, split_prediction
from ferkit.training.losses import weighted_cross_entropy
from ferkit.training.plans import paired_batches

Loss = Literal["cross_entropy", "squared"]


def consistency_phase(name: str, params: ConsistencyParams) -> Phase:
    """The one phase of such a loop."""
    return Phase(
        name=name,
        epochs=params.epochs,
        patience=params.patience,
        keep=params.keep,
        adaptive=True,
        average=params.average,
    )


def consistency_batches(
    params: ConsistencyParams, sizes: SplitSizes, *, batch_size: int, epoch: int, seed: int
) -> list[BatchIds]:
    """The steps of an epoch. Both splits are reshuffled whenever they are used up, and the epoch
    goes on where the one before ended.

    Args:
        batch_size: labelled samples of a step; all of them where they are fewer.
        seed: of the orders.
    """
    size = max(1, min(batch_size, sizes.labelled))
    passes = (-(-sizes.labelled // size), -(-sizes.unlabelled // (size * params.ratio)))
    return paired_batches(
        torch.arange(sizes.labelled),
        torch.arange(sizes.unlabelled),
        batch_size=size,
        ratio=params.ratio,
        steps=params.steps or max(passes),
        epoch=epoch,
        seed=keyed.generator(seed, "consistency").initial_seed() >> 1,
    )


def ramped(ramp: Ramp, *, step: int, steps: int, share: float) -> float:
    """How far a factor has risen, from 0 to 1.

    Args:
        step: from 0. steps: of the training. share: of them, in which it rises.
    Source: "gaussian" is exp(-5 (1 - t)^2) of Laine and Aila (arXiv:1610.02242, section 2.1).
    """
    if ramp == "none":
        return 1.0
    t = min(1.0, step / max(1.0, share * steps))
    return t if ramp == "linear" else math.exp(-5.0 * (1.0 - t) ** 2)


def unlabelled_factor(params: ConsistencyParams, parts: Parts) -> float:
    """The factor of the unlabelled samples' loss in this step."""
    at = parts.progress
    return params.weight * ramped(
        params.ramp, step=at.step, steps=at.steps, share=params.ramp_share
    )


def weighted_squares(logits: Tensor, decision: Decision) -> Tensor:
    """Mean over the classes of the squared difference of probabilities, times the weight.

    Args:
        logits: (n, K) of the student. decision: of the same n samples; its target is a
            distribution.
    Returns: (n,).
    Source: Tarvainen and Valpola (arXiv:1703.01780), section 3.
    """
    if decision.logit_scale is not None:
        logits = logits * decision.logit_scale[:, None]
    return decision.weight * (logits.softmax(-1) - decision.target).square().mean(-1)


def unlabelled_losses(
    loss: Loss, logits: Tensor, decision: Decision, *, class_weight: Tensor
) -> Tensor:
    """(n,) losses of unlabelled samples against what they are to answer."""
    if loss == "squared":
        return weighted_squares(logits, decision)
    return weighted_cross_entropy(logits, decision, class_weight=class_weight)


class ConsistencyLoop:
    """The labelled samples' weak view, and one view of the others against a prediction on another.

    Args:
        name: of the phase.
        params: see `ConsistencyParams`.
        seed: of the run.
        learnt: view of the unlabelled samples that the student is trained on.
        labelled_on: view on which the labelling network predicts them; None: what the student
            itself says of `learnt` in this step.
        teacher: which network that is: the student, or its moving average.
        loss: of the unlabelled samples.
    """

    networks = 1

    def __init__(
        self,
        name: str,
        params: ConsistencyParams,
        *,
        seed: int,
        learnt: str,
        labelled_on: str | None,
        teacher: Literal["student", "ema"] = "student",
        loss: Loss = "cross_entropy",
    ) -> None:
        self.params, self.seed = params, seed
        self.learnt, self.labelled_on, self.loss = learnt, labelled_on, loss
        shown = (learnt,) if labelled_on is None else (labelled_on, learnt)
        self.views: Mapping[Split, tuple[str, ...]] = {"labelled": ("weak",), "unlabelled": shown}
        self.phase = consistency_phase(name, params)._replace(teacher=teacher)

    def phases(self) -> Sequence[Phase]:
        """One. It starts from the recipe's `init:` where there is one, else from fresh weights."""
        return (self.phase,)

    def plan_epoch(
        self,
        phase: Phase,
        sizes: SplitSizes,
        beliefs: SplitBeliefs,
        *,
        batch_size: int,
        epoch: int,
        generator: torch.Generator,
    ) -> EpochPlan:
        """Pairs of labelled and unlabelled samples, see `consistency_batches`."""
        batches = consistency_batches(
            self.params, sizes, batch_size=batch_size, epoch=epoch, seed=self.seed
        )
        return EpochPlan(batches, {})

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """Mean loss of the labelled samples plus a factor times that of all unlabelled ones.

        One forward for both, so that batch statistics are of all of them.
        """
        labelled, unlabelled = batch
        clips = [labelled.views["weak"]]
        if len(unlabelled.ids):
            clips.append(unlabelled.views[self.learnt])
        lengths = [len(one.valid) for one in clips]
        students = split_prediction(parts.predict(join_clips(clips)), lengths)
        decision = parts.decide("labelled", labelled.ids, probs="student", student=students[0])
        supervised = weighted_cross_entropy(
            students[0].logits, decision, class_weight=parts.class_weight
        ).mean()
        if not len(unlabelled.ids):
            return StepResult(supervised, {"labelled_loss": supervised})
        probs: Tensor | Literal["student"] = "student"
        if self.labelled_on is not None:
            probs = parts.label(unlabelled.views[self.labelled_on])
        decision = parts.decide("unlabelled", unlabelled.ids, probs=probs, student=students[1])
        consistency = unlabelled_losses(
            self.loss, students[1].logits, decision, class_weight=parts.class_weight
        ).mean()
        factor = unlabelled_factor(self.params, parts)
        return StepResult(
            supervised + factor * consistency,
            {"labelled_loss": supervised, "unlabelled_loss": consistency},
        )
