"""The sample weighting `elr`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.errors import RunError
from ferkit.plugin import Context
from ferkit.training.sample_tables import last_places, table_for
from ferkit_elr.equations import agreement, elr_penalty, next_average
from ferkit_elr.params import ElrParams


class ElrWeighting:
    """Weight 1 for all, and a penalty on leaving what was predicted before.

    Args:
        factor: lambda. momentum: beta.
        average: whose probabilities are averaged.
    """

    every: Cadence = "step"

    def __init__(
        self, *, factor: float, momentum: float, average: Literal["student", "labeller"]
    ) -> None:
        self.factor, self.momentum, self.average = factor, momentum, average
        self._average: Tensor | None = None  # t, (N, K) by sample id
        self._told: dict[str, Tensor] = {}

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """The averages move first, then they are held against the student's probabilities.

        Raises: RunError: the loop does not hand on what the student says.
        """
        student, ids = beliefs.student_probs, beliefs.ids
        if student is None:
            raise RunError(
                "'elr' acts on what the student predicts in a step, and this loop does not hand "
                "that on with these samples.",
                where="weightings",
            )
        said = student if self.average == "student" else beliefs.probs
        table = table_for(self._average, beliefs)
        average = next_average(table[ids], said[last_places(ids)].float(), self.momentum)
        table[ids] = average
        self._average = table
        penalty = elr_penalty(student.float(), average)
        if len(ids):
            agreed = agreement(student.detach().float(), average).mean()
            self._told = {"elr_penalty": penalty.detach(), "elr_agreement": agreed}
        return Weights(beliefs.losses.new_ones(len(ids)), self.factor * penalty)

    def scalars(self) -> Mapping[str, Tensor]:
        """Of the last step: the penalty without its factor, nats; the mean of <p, t>."""
        return self._told

    def state_dict(self) -> dict[str, Tensor]:
        """The averages, once there are any."""
        return {} if self._average is None else {"average": self._average}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self._average = state.get("average")


def make_elr(params: ElrParams, context: Context) -> ElrWeighting:
    """Factory of the component `elr`."""
    return ElrWeighting(factor=params.factor, momentum=params.momentum, average=params.average)
