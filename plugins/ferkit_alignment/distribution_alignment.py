"""The label update `distribution_alignment`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Targets
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit.training.alignment import MeanPrediction, aligned
from ferkit_alignment.params import DistributionAlignmentParams

Wanted = Literal["uniform", "labelled"]


class DistributionAlignment:
    """Targets and predictions times q / mean prediction, rows divided by their sums.

    Args:
        wanted: q: equal classes, those of the labelled samples, or (K,) shares that sum to 1.
        momentum: of the mean prediction, which takes a step in before it is aligned.

    Of the labelled samples it counts what their given labels or votes say, in all steps so far;
    as long as there were none, nothing is aligned.
    """

    every: Cadence = "step"

    def __init__(self, wanted: Wanted | Tensor, *, momentum: float) -> None:
        self.wanted = wanted
        self._predicted = MeanPrediction(momentum)
        self._given: Tensor | None = None  # (K,) sum over the labelled samples seen so far
        self._told: dict[str, Tensor | float] = {}

    def update(self, beliefs: Beliefs, progress: Progress) -> Targets:
        """The targets aligned, and the predictions for the policies after this one."""
        probs = beliefs.probs
        mean = self._predicted.follow(probs)
        wanted = self._wanted(beliefs, mean)
        target, seen = (aligned(table, mean, wanted) for table in (beliefs.targets, probs))
        self._told = {"off": 0.5 * (mean - wanted).abs().sum()}
        if len(target):
            moved = target.argmax(-1) != beliefs.targets.argmax(-1)
            self._told["relabelled"] = moved.float().mean()
        return Targets(target, seen)

    def _wanted(self, beliefs: Beliefs, mean: Tensor) -> Tensor:
        """(K,) q; the mean prediction itself where nothing is known of q yet."""
        if isinstance(self.wanted, Tensor):
            return self.wanted.to(mean)
        if self.wanted == "uniform":
            return torch.full_like(mean, 1 / len(mean))
        source = beliefs if beliefs.labelled is None else beliefs.labelled
        given = source.given_probs.to(mean).sum(0)
        self._given = given if self._given is None else self._given.to(mean) + given
        total = self._given.sum()
        shares = self._given / total.clamp(min=torch.finfo(total.dtype).tiny)
        return torch.where(total > 0, shares, mean)

    def scalars(self) -> dict[str, Tensor | float]:
        """`relabelled`: share of the step's samples whose likeliest class is another one than
        before; `off`: half the sum of differences of mean prediction and wanted distribution."""
        return self._told

    def state_dict(self) -> dict[str, Tensor]:
        """`mean_prediction` (K,) and `given` (K,), once there are any."""
        own = {} if self._given is None else {"given": self._given}
        return own | self._predicted.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self._given = state.get("given")
        self._predicted.load_state_dict(state)


def make_distribution_alignment(
    params: DistributionAlignmentParams, context: Context
) -> DistributionAlignment:
    """Factory of the component `distribution_alignment`.

    Raises: FerkitError: numbers that are not one for each class, or all 0.
    """
    if isinstance(params.to, str):
        return DistributionAlignment(params.to, momentum=params.momentum)
    where = "distribution_alignment.to"
    if context.classes and len(params.to) != len(context.classes):
        raise FerkitError(
            f"{len(params.to)} frequencies for {len(context.classes)} classes.",
            where=where,
            hint=f"Give one for each of {', '.join(context.classes)}.",
        )
    frequencies = torch.tensor(params.to, dtype=torch.float32)
    if not float(frequencies.sum()) > 0:
        raise FerkitError("no class has a frequency above 0.", where=where)
    return DistributionAlignment(frequencies / frequencies.sum(), momentum=params.momentum)
