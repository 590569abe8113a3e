"""What loops that train on labelled and unlabelled samples side by side have in common: the plan,
and how the factor of the unlabelled ones' loss rises."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import torch

from ferkit.contracts.training import (
    BatchIds,
    EpochPlan,
    Parts,
    Phase,
    Split,
    SplitBeliefs,
    SplitSizes,
)
from ferkit.data import keyed
from ferkit.training.consistency_params import ConsistencyParams, Ramp
from ferkit.training.plans import paired_batches


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


def ramped(ramp: Ramp, *, step: int, steps: int, share: float, start: float = 0.0) -> float:
    """How far a factor has risen, from 0 to 1.

    Args:
        step: from 0. steps: of the training. share: of them, in which it rises. start: share of
            them in which it is 0 before.
    Source: "gaussian" is exp(-5 (1 - t)^2) of Laine and Aila (arXiv:1610.02242, section 2.1);
        "linear" with a start is eq. 16 of Lee, Pseudo-Label, 2013.
    """
    since = step - start * steps
    if since < 0:
        return 0.0
    if ramp == "none":
        return 1.0
    t = min(1.0, since / max(1.0, share * steps))
    return t if ramp == "linear" else math.exp(-5.0 * (1.0 - t) ** 2)


def unlabelled_factor(params: ConsistencyParams, parts: Parts) -> float:
    """The factor of the unlabelled samples' loss in this step."""
    at = parts.progress
    return params.weight * ramped(
        params.ramp,
        step=at.step,
        steps=at.steps,
        share=params.ramp_share,
        start=params.ramp_start,
    )


class PairedLoop:
    """One phase, in each of whose steps there are so many samples of both splits.

    Args:
        name: of the phase.
        params: see `ConsistencyParams`.
        seed: of the run.
        views: that a step gets.
        teacher: which network labels: the student, or its moving average.
    """

    networks = 1

    def __init__(
        self,
        name: str,
        params: ConsistencyParams,
        *,
        seed: int,
        views: Mapping[Split, tuple[str, ...]],
        teacher: Literal["student", "ema"] = "student",
    ) -> None:
        self.params, self.seed, self.views = params, seed, views
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
