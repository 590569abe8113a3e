"""The loop `pseudo_label` (Lee, ICML 2013 workshop)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from ferkit.contracts.training import (
    Batch,
    EpochPlan,
    Parts,
    Phase,
    Progress,
    Split,
    SplitBeliefs,
    SplitSizes,
    StepResult,
)
from ferkit.plugin import Context
from ferkit.training.losses import weighted_cross_entropy
from ferkit.training.plans import paired_batches
from ferkit_example.params import PseudoLabelParams


def ramp(progress: Progress, *, start: float, end: float) -> float:
    """0 until `start`, 1 from `end`, a straight line between; both are parts of all steps.

    Source: Lee, eq. 16, divided by its last value.
    """
    done = progress.step / max(1, progress.steps)
    if done >= end:
        return 1.0
    return max(0.0, (done - start) / (end - start)) if end > start else 0.0


class PseudoLabel:
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

    def __init__(self, params: PseudoLabelParams) -> None:
        self.phase = Phase(name="pseudo_label", epochs=params.epochs, patience=params.patience)
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
            generator=generator,
        )
        return EpochPlan(batches, {})

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """Mean loss of the labelled samples + ramp * weight * that of the others (eq. 15)."""
        ids, views = batch.labelled
        student = parts.predict(views["weak"])
        probs = student.logits.detach().softmax(-1)
        decision = parts.decide("labelled", ids, probs=probs, student=student)
        loss = weighted_cross_entropy(
            student.logits, decision, class_weight=parts.class_weight
        ).mean()
        start, end = self.ramp
        factor = self.weight * ramp(parts.progress, start=start, end=end)
        if factor > 0:
            ids, views = batch.unlabelled
            probs = parts.label(views["clean"])
            student = parts.predict(views["weak"])
            decision = parts.decide("unlabelled", ids, probs=probs, student=student)
            loss = loss + factor * weighted_cross_entropy(student.logits, decision).mean()
        return StepResult(loss, {"unlabelled_weight": factor})


def make_pseudo_label(params: PseudoLabelParams, context: Context) -> PseudoLabel:
    """Factory of the component `pseudo_label`."""
    return PseudoLabel(params)
