"""The loop `supervised`: the labelled samples, shuffled anew in every epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch

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
from ferkit.plugin import Context
from ferkit.training.plans import mixed_batches
from ferkit.training.steps import mean_over_both
from ferkit_basics.params import SupervisedParams


class SupervisedLoop:
    """One phase of training on the labelled split."""

    views: Mapping[Split, tuple[str, ...]] = {"labelled": ("weak",), "unlabelled": ()}
    networks = 1

    def __init__(self, *, epochs: int, patience: int | None, keep: Literal["best", "last"]) -> None:
        self.phase = Phase(name="supervised", epochs=epochs, patience=patience, keep=keep)

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
        """Every labelled sample once; the last batch may be smaller."""
        batches = mixed_batches(
            torch.arange(sizes.labelled),
            torch.arange(0),
            batch_size=batch_size,
            generator=generator,
        )
        return EpochPlan(batches, {})

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """Weighted cross-entropy against the targets in force, a batch mean."""
        return mean_over_both(batch, parts, probs="student")


def make_supervised(params: SupervisedParams, context: Context) -> SupervisedLoop:
    """Factory of the component `supervised`."""
    return SupervisedLoop(epochs=params.epochs, patience=params.patience, keep=params.keep)
