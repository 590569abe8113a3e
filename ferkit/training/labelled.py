"""What loops that train on the labelled samples alone have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from ferkit.contracts.training import EpochPlan, Phase, Split, SplitBeliefs, SplitSizes
from ferkit.training.labelled_params import LabelledParams
from ferkit.training.plans import mixed_steps


class LabelledLoop:
    """One phase, in each of whose epochs every labelled sample is learnt once, or in so many steps.

    Args:
        name, params: of the phase.
        views: of the labelled samples in a step.
        networks: how many are trained side by side.
    """

    def __init__(
        self,
        name: str,
        params: LabelledParams,
        *,
        views: tuple[str, ...] = ("weak",),
        networks: int = 1,
    ) -> None:
        self.views: Mapping[Split, tuple[str, ...]] = {"labelled": views, "unlabelled": ()}
        self.networks = networks
        self.steps = params.steps
        self.phase = Phase(
            name=name, epochs=params.epochs, patience=params.patience, keep=params.keep
        )

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
        """Every labelled sample once, shuffled anew, where the last batch may be smaller; or
        `steps` full ones, the last pass of which may be cut off."""
        batches = mixed_steps(
            torch.arange(sizes.labelled),
            torch.arange(0),
            batch_size=batch_size,
            steps=self.steps,
            generator=generator,
        )
        return EpochPlan(batches, {})
