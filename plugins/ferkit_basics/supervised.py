"""The loop `supervised`: the labelled samples, shuffled anew in every epoch."""

from __future__ import annotations

from ferkit.contracts.training import Batch, Parts, StepResult
from ferkit.plugin import Context
from ferkit.training.labelled import LabelledLoop
from ferkit.training.steps import mean_over_both
from ferkit_basics.params import SupervisedParams


class SupervisedLoop(LabelledLoop):
    """One phase of training on the labelled split."""

    def __init__(self, params: SupervisedParams) -> None:
        super().__init__("supervised", params)

    def step(self, batch: Batch, parts: Parts) -> StepResult:
        """Weighted cross-entropy against the targets in force, a batch mean."""
        return mean_over_both(batch, parts, probs="student")


def make_supervised(params: SupervisedParams, context: Context) -> SupervisedLoop:
    """Factory of the component `supervised`."""
    return SupervisedLoop(params)
