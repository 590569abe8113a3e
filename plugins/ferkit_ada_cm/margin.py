"""The sample weighting `ada_cm`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context
from ferkit_ada_cm.equations import margins
from ferkit_ada_cm.params import MarginParams

TABLES = ("sums", "counts", "thresholds")


class MarginWeighting:
    """1 where the probability of the likeliest class reaches that class's threshold, else 0.

    Args:
        params: see `MarginParams`.
        classes: names, for `scalars`.

    The thresholds stay the same through an epoch. They are of the labelled samples of the epoch
    before, as they were predicted in its steps.
    """

    every: Cadence = "step"

    def __init__(self, params: MarginParams, classes: tuple[str, ...] = ()) -> None:
        self.params, self.classes = params, classes
        self._tables: dict[str, Tensor] = {}  # (K,) each, see `TABLES`
        self._at: tuple[int, int] | None = None  # round and epoch that the thresholds are of
        self._told: dict[str, Tensor | float] = {}

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """By `beliefs.probs`; the next epoch's thresholds by `beliefs.labelled`."""
        probs = beliefs.probs
        self._begin(progress, probs)
        if beliefs.labelled is not None:
            self._follow(beliefs.labelled)
        thresholds = self._tables["thresholds"]
        sureness, label = probs.max(-1)
        weight = (sureness >= thresholds[label]).to(probs)
        self._told = {"used": weight.mean() if len(weight) else 0.0}
        for place, value in enumerate(thresholds):
            name = self.classes[place] if self.classes else str(place)
            self._told[f"threshold_{name}"] = value
        return Weights(weight, weight.new_zeros(()))

    def _begin(self, progress: Progress, probs: Tensor) -> None:
        """In the first step of an epoch: new thresholds."""
        zeros = probs.new_zeros(probs.shape[1])
        tables = {name: self._tables.get(name, zeros).to(probs) for name in TABLES}
        if self._at != (progress.round, progress.epoch):
            self._at = progress.round, progress.epoch
            new = margins(
                tables["sums"],
                tables["counts"],
                epoch=progress.epoch,
                factor=self.params.factor,
                least=self.params.least,
            )
            tables = {"sums": zeros, "counts": zeros, "thresholds": new}
        self._tables = tables

    def _follow(self, labelled: Beliefs) -> None:
        """Count the labelled samples of a step that are predicted rightly."""
        sureness, label = labelled.probs.max(-1)
        right = (label == labelled.given)[:, None]
        classes = torch.arange(labelled.probs.shape[1], device=label.device)
        of_class = ((label[:, None] == classes) & right).to(sureness)  # (n, K)
        self._tables["counts"] = self._tables["counts"] + of_class.sum(0)
        self._tables["sums"] = self._tables["sums"] + (of_class * sureness[:, None]).sum(0)

    def scalars(self) -> dict[str, Tensor | float]:
        """`used`: share of the step's samples that count; `threshold_<class>`."""
        return self._told

    def state_dict(self) -> dict[str, Tensor]:
        """The tables and `at` (2,), once there are any."""
        if self._at is None:
            return {}
        own = {name: table.clone() for name, table in self._tables.items()}
        return own | {"at": torch.tensor(self._at)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self._tables = {name: state[name] for name in TABLES if name in state}
        self._at = None
        if "at" in state:
            round_, epoch = state["at"].tolist()
            self._at = round_, epoch


def make_margin(params: MarginParams, context: Context) -> MarginWeighting:
    """Factory of the sample weighting `ada_cm`."""
    return MarginWeighting(params, context.classes)
