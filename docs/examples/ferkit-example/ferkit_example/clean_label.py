"""The loop `clean_label` (Lee, ICML 2013 workshop)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ferkit.contracts.policies import Progress
from ferkit.contracts.training import (
    Batch,
    EpochPlan,
    Part,
    Parts,
    Phase,
    Split,
    SplitBeliefs,
    SplitSizes,
    StepResult,
)
from ferkit.plugin import Context
from ferkit.training.losses import weighted_cross_entropy
from ferkit.training.plans import paired_batches
from ferkit_example.params import CleanLabelParams


def ramp(progress: Progress, *, start: float, end: float) -> float:
    """0 until `start`, 1 from `end`, a straight line between; both are parts of all steps.

    Source: Lee, eq. 16, divided by its last value.
    """
    done = progress.step / max(1, progress.steps)
    if done >= end:
        return 1.0
    return max(0.0, (done - start) / (end - start)) if end > start else 0.0


def split_loss(split: Split, part: Part, parts: Parts) -> Tensor:
    """Mean loss of one split's samples on their weak view; 0 if there are none in this step."""
    student = parts.predict(part.views["weak"])
    if split == "labelled":
        probs = student.logits.detach().softmax(-1)
    else:
        probs = parts.label(part.views["clean"])
    decision = parts.decide(split, part.ids, probs=probs, student=student)
    losses = weighted_cross_entropy(student.logits, decision, class_weight=parts.class_weight)
    return losses.sum() / max(1, len(losses))


class CleanLabel:
    """One phase; in every step a batch of either split.

    The network labels the unlabelled images as they are and learns them in their weak view. What
    it makes of the labels is not decided here: put a label update that sharpens or hardens into
    `unlabelled:`, such as `bootstrap_labels` with beta 0 and hard, which is Lee's method.
    """

    views: Mapping[Split, tuple[str, ...]] = {
        "labelled": ("weak",),
        "unlabelled": ("clean", "weak"),
    }
    networks = 1

    def __init__(self, params: CleanLabelParams, *, seed: int) -> None:
        self.seed = seed
        self.phase = Phase(name="clean_label", epochs=params.epochs, patience=params.patience)
        self.ratio = params.ratio
        self.weight = params.weight
        self.ramp = (params.ramp_start, params.ramp_end)

    def phases(self) -> Sequence[Phase]:
        """Starts from the recipe's `init:` where there is one, else from fresh weights."""
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
        """So many steps that every sample of the larger split is seen."""
        steps = max(
            -(-sizes.labelled // batch_size), -(-sizes.unlabelled // (batch_size * self.ratio))
        )
        batches = paired_batches(
            torch.arange(sizes.labelled),
            torch.arange(sizes.unlabelled),
            batch_size=batch_size,
            ratio=self.ratio,
            steps=steps,
            epoch=epoch,
            seed=self.seed,
        )
        return EpochPlan(batches, {})

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """Mean loss of the labelled samples + ramp * weight * that of the others (eq. 15)."""
        start, end = self.ramp
        factor = self.weight * ramp(parts.progress, start=start, end=end)
        loss = split_loss("labelled", batch.labelled, parts)
        if factor > 0:
            loss = loss + factor * split_loss("unlabelled", batch.unlabelled, parts)
        return StepResult(loss, {"unlabelled_weight": factor})


def make_clean_label(params: CleanLabelParams, context: Context) -> CleanLabel:
    """Factory of the component `clean_label`."""
    return CleanLabel(params, seed=context.seed)
