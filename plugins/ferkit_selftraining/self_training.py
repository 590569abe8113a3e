"""The loop `self_training`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ferkit.contracts.training import (
    Batch,
    EpochPlan,
    Parts,
    Phase,
    Split,
    SplitBeliefs,
    SplitSizes,
    StepResult,
)
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit.training.plans import mixed_steps
from ferkit.training.steps import mean_over_both
from ferkit_selftraining.equations import (
    balanced_pick,
    confident_pool,
    kept_after_replacement,
    pick_count,
)
from ferkit_selftraining.params import SelfTrainingParams

INITIAL, SELF_TRAINING = "initial", "self_training"


class SelfTrainingLoop:
    """A first model on the labelled samples; then an iteration is an epoch in which sure
    unlabelled samples stand in for as many labelled ones.

    Args:
        params: see `SelfTrainingParams`.
        classes: K.
    """

    views: Mapping[Split, tuple[str, ...]] = {"labelled": ("weak",), "unlabelled": ("weak",)}
    networks = 1

    def __init__(self, params: SelfTrainingParams, *, classes: int) -> None:
        self.params, self.classes = params, classes

    def phases(self) -> Sequence[Phase]:
        """`initial` with the policies that act at the start only (A2), then `self_training`."""
        return (
            Phase(
                name=INITIAL,
                epochs=self.params.initial_epochs,
                patience=self.params.patience,
                keep="best",
                start="fresh",
                adaptive=False,
                initial=self.params.first_from_init,
            ),
            Phase(
                name=SELF_TRAINING,
                epochs=self.params.iterations,
                keep=self.params.keep,
                start="previous",
                beliefs=self.params.fraction > 0,
                unlabelled_part=self.params.predict_part,
            ),
        )

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
        """Pool (A3), pick (A4) and replacement (A5); the labelled samples alone in `initial`."""
        labelled, picked = torch.arange(sizes.labelled), torch.arange(0)
        pool: Tensor | None = None
        if phase.name == SELF_TRAINING and beliefs.unlabelled is not None:
            probs = beliefs.unlabelled.probs.cpu()
            pool = confident_pool(probs, self.params.tau)
            picked = balanced_pick(
                pool,
                probs[pool].argmax(-1),
                count=min(pick_count(self.params.fraction, sizes.labelled), sizes.labelled),
                classes=self.classes,
                generator=generator,
            )
            labelled = kept_after_replacement(sizes.labelled, len(picked), generator)
        batches = mixed_steps(
            labelled,
            picked,
            batch_size=batch_size,
            steps=self.params.steps,
            generator=generator,
        )
        return EpochPlan(batches, {}, pool)

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """Eq. 6: the mean over both of weighted cross-entropy against the targets in force (A8)."""
        return mean_over_both(batch, parts, probs="student")


def make_self_training(params: SelfTrainingParams, context: Context) -> SelfTrainingLoop:
    """Factory of the component `self_training`.

    Raises: FerkitError: samples that are not predicted would be in the pool.
    """
    if params.predict_part < 1 and params.tau * len(context.classes) < 1:
        raise FerkitError(
            "predict_part gives the other samples equal probabilities, which exceed this tau.",
            where="loop.tau",
            hint=f"Set it to {math.ceil(100 / len(context.classes)) / 100:g} or more, or "
            "predict_part: 1.",
        )
    return SelfTrainingLoop(params, classes=len(context.classes))
