"""The sample weighting `flexmatch`."""

from __future__ import annotations

from collections.abc import Mapping as NamedTensors

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context
from ferkit_flexmatch.equations import Mapping, last_of_each, learning_effect, mapped
from ferkit_flexmatch.params import FlexMatchParams

NEVER = -1
"""Stands in the table for a sample that was never predicted surely."""


class FlexMatchWeighting:
    """1 where the probability of the likeliest class reaches that class's threshold, else 0.

    Args:
        threshold: from which a prediction is sure.
        mapping: see `ferkit_flexmatch.equations.mapped`.
        warm_up: see `ferkit_flexmatch.equations.learning_effect`.
        classes: names, for `scalars`.

    A step's weights are by the table as the steps before left it; then its own sure predictions
    are written down.
    """

    every: Cadence = "step"

    def __init__(
        self, threshold: float, *, mapping: Mapping, warm_up: bool, classes: tuple[str, ...] = ()
    ) -> None:
        self.threshold, self.mapping, self.warm_up = threshold, mapping, warm_up
        self.classes = classes
        # (N + 1,) by sample id; the last place takes what is not kept, so that no step has to
        # wait for a GPU to learn how many rows are.
        self._latest: Tensor | None = None
        self._counts: Tensor | None = None  # (K,) of the table, kept up to date
        self._told: dict[str, Tensor | float] = {}

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """By `beliefs.probs`."""
        probs = beliefs.probs
        latest, counts = self._tables(beliefs)
        unused = len(latest) - 1 - counts.sum()
        effect = learning_effect(counts, unused, warm_up=self.warm_up)
        thresholds = self.threshold * mapped(effect, self.mapping)
        sureness, label = probs.max(-1)
        weight = (sureness >= thresholds[label]).to(probs)
        self._told = {"used": weight.mean() if len(weight) else 0.0}
        self._told |= {"never_sure": unused / max(1, len(latest) - 1)}
        for place, value in enumerate(thresholds):
            name = self.classes[place] if self.classes else str(place)
            self._told[f"threshold_{name}"] = value
        self._note(latest, beliefs.ids, label, sureness >= self.threshold)
        return Weights(weight, weight.new_zeros(()))

    def _tables(self, beliefs: Beliefs) -> tuple[Tensor, Tensor]:
        probs, ids = beliefs.probs, beliefs.ids
        if self._latest is None or self._counts is None:
            size = beliefs.total or (int(ids.max()) + 1 if len(ids) else 0)
            self._latest = ids.new_full((size + 1,), NEVER)
            self._counts = ids.new_zeros(probs.shape[1])
        self._latest = self._latest.to(probs.device)
        self._counts = self._counts.to(probs.device)
        return self._latest, self._counts

    def _note(self, latest: Tensor, ids: Tensor, label: Tensor, sure: Tensor) -> None:
        """Write sure predictions down in the table, in place, and keep the counts right."""
        kept = last_of_each(ids, sure)
        place = torch.where(kept, ids, len(latest) - 1)
        before, after = latest[place], torch.where(kept, label, NEVER)
        assert self._counts is not None
        change = _by_class(after, self._counts) - _by_class(before, self._counts)
        self._counts = self._counts + change
        latest[place] = after

    def scalars(self) -> dict[str, Tensor | float]:
        """`used`: share of the step's samples that count; `never_sure`: share of all samples
        without a sure prediction; `threshold_<class>`."""
        return self._told

    def state_dict(self) -> dict[str, Tensor]:
        """`latest` (N + 1,) and `counts` (K,), once there are any."""
        if self._latest is None or self._counts is None:
            return {}
        return {"latest": self._latest, "counts": self._counts}

    def load_state_dict(self, state: NamedTensors[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self._latest, self._counts = state.get("latest"), state.get("counts")


def _by_class(labels: Tensor, like: Tensor) -> Tensor:
    """How many of the labels (n,) are of each class, (K,); those below 0 are of none."""
    classes = torch.arange(len(like), device=labels.device)
    return (labels[:, None] == classes).sum(0)


def make_flexmatch(params: FlexMatchParams, context: Context) -> FlexMatchWeighting:
    """Factory of the component `flexmatch`."""
    return FlexMatchWeighting(
        params.threshold,
        mapping=params.mapping,
        warm_up=params.warm_up,
        classes=context.classes,
    )
