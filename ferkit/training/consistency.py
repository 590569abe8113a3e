"""Loops that learn on one view what is predicted on the same or another one.

A step has `batch_size` labelled samples and `ratio` times as many others. Loops that do more with
them than a `ConsistencyLoop` are a `PairedLoop` with a step of their own.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ferkit.contracts.data import Clips
from ferkit.contracts.training import (
    Batch,
    Decision,
    Parts,
    Prediction,
    Split,
    StepResult,
)
from ferkit.training.consistency_params import ConsistencyParams
from ferkit.training.losses import weighted_cross_entropy
from ferkit.training.paired import PairedLoop, unlabelled_factor
from ferkit.training.steps import label_joined, labelled_loss, predict_joined

Loss = Literal["cross_entropy", "squared"]

SECOND = "weak2"
"""The second weak view of the labelled samples."""


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


def learnt_both_ways(decision: Decision, probs: Tensor) -> Decision:
    """The same decision, with a gradient through the predictions that it was made on.

    Rows that a label update has changed stay without: that would move the predictions by what
    the update did to them, such as away from the likeliest class.

    Args:
        decision: made on `probs`. probs: (n, K) float, with gradient.
    """
    same = (decision.target == probs.detach()).all(-1, keepdim=True)
    return decision._replace(target=torch.where(same, probs, decision.target))


class ConsistencyLoop(PairedLoop):
    """The labelled samples' weak view, and one view of the others against a prediction on another.

    Args:
        name, params, seed, teacher: see `PairedLoop`.
        learnt: view of the unlabelled samples that the student is trained on.
        labelled_on: view on which the labelling network predicts them; None: what the student
            itself says of `learnt` in this step.
        loss: of the unlabelled samples.
        both_ways: the student predicts `labelled_on` in the same forward as all else, and has a
            gradient through it too; see `learnt_both_ways`.
        labelled_too: the labelled samples' weak view is also held to a prediction on a second
            weak one. No policy decides on these.
    """

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
        both_ways: bool = False,
        labelled_too: bool = False,
    ) -> None:
        views: dict[Split, tuple[str, ...]] = {
            "labelled": ("weak", SECOND) if labelled_too else ("weak",),
            "unlabelled": (learnt,) if labelled_on is None else (labelled_on, learnt),
        }
        super().__init__(name, params, seed=seed, views=views, teacher=teacher)
        self.learnt, self.labelled_on, self.loss = learnt, labelled_on, loss
        self.both_ways, self.labelled_too = both_ways, labelled_too

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """Mean loss of the labelled samples plus a factor times that of all that are consistent.

        One forward for all that the student learns, so that batch statistics are of all of it.
        """
        labelled, unlabelled = batch
        students, said = self._predict(batch, parts)
        supervised = labelled_loss(labelled, students, parts)
        losses = []
        if "labelled" in said:
            losses.append(self._losses(students["labelled"], _alike(said["labelled"]), parts))
        if len(unlabelled.ids):
            student = students["unlabelled"]
            probs = said.get("unlabelled")
            decision = parts.decide(
                "unlabelled",
                unlabelled.ids,
                probs="student" if probs is None else probs,
                student=student,
            )
            if self.both_ways and probs is not None:
                decision = learnt_both_ways(decision, probs)
            losses.append(self._losses(student, decision, parts))
        if not losses:
            return StepResult(supervised, {"labelled_loss": supervised})
        consistency = torch.cat(losses).mean()
        factor = unlabelled_factor(self.params, parts)
        return StepResult(
            supervised + factor * consistency,
            {"labelled_loss": supervised, "unlabelled_loss": consistency},
        )

    def _predict(
        self, batch: Batch, parts: Parts
    ) -> tuple[dict[Split, Prediction], dict[Split, Tensor]]:
        """By split, what the student says of what it learns, and the probabilities to learn."""
        labelled, unlabelled = batch
        learnt: dict[Split, Clips] = {}
        shown: dict[Split, Clips] = {}
        if len(labelled.ids):
            learnt["labelled"] = labelled.views["weak"]
            if self.labelled_too:
                shown["labelled"] = labelled.views[SECOND]
        if len(unlabelled.ids):
            learnt["unlabelled"] = unlabelled.views[self.learnt]
            if self.labelled_on is not None:
                shown["unlabelled"] = unlabelled.views[self.labelled_on]
        if not self.both_ways:
            return predict_joined(parts, learnt), label_joined(parts, shown)
        turns = {(split, 0): clips for split, clips in learnt.items()}
        turns |= {(split, 1): clips for split, clips in shown.items()}
        students = predict_joined(parts, turns)
        said = {split: students[split, 1].logits.float().softmax(-1) for split in shown}
        return {split: students[split, 0] for split in learnt}, said

    def _losses(self, student: Prediction, decision: Decision, parts: Parts) -> Tensor:
        return unlabelled_losses(
            self.loss, student.logits, decision, class_weight=parts.class_weight
        )


def _alike(probs: Tensor) -> Decision:
    """These (n, K) as targets, all of weight 1."""
    return Decision(probs, probs.new_ones(len(probs)), probs.new_zeros(()), None)
