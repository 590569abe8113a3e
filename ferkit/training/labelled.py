"""What loops that train on the labelled samples alone have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch

from ferkit.contracts.training import EpochPlan, Phase, Split, SplitBeliefs, SplitSizes
from ferkit.training.plans import mixed_batches


class LabelledLoop:
    """One phase, in each of whose epochs every labelled sample is learnt once.

    Args:
        name: of the phase.
        epochs, patience, keep: of the phase.
        views: of the labelled samples in a step.
        networks: how many are trained side by side.
    """

    def __init__(
        self,
        name: str,
        *,
        epochs: int,
        patience: int | None,
        keep: Literal["best", "last"],
        views: tuple[str, ...] = ("weak",),
        networks: int = 1,
    ) -> None:
        self.views: Mapping[Split, tuple[str, ...]] = {"labelled": views, "unlabelled": ()}
        self.networks = networks
        self.phase = Phase(name=name, epochs=epochs, patience=patience, keep=keep)

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
        """Every labelled sample once, shuffled anew; the last batch may be smaller."""
        batches = mixed_batches(
            torch.arange(sizes.labelled),
            torch.arange(0),
            batch_size=batch_size,
            generator=generator,
        )
        return EpochPlan(batches, {})
