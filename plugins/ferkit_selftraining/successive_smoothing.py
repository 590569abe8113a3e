"""The label update `successive_smoothing`."""

from __future__ import annotations

from collections.abc import Mapping

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Targets
from ferkit.plugin import Context
from ferkit_selftraining.equations import successive_smoothing, trusted_rows
from ferkit_selftraining.params import SuccessiveSmoothingParams


class SuccessiveSmoothing:
    """Eq. 4 and 5 before every epoch; where nothing is given, the whole prediction (A7)."""

    every: Cadence = "epoch"

    def __init__(self, *, alpha: float) -> None:
        self.alpha = alpha
        self._at_floor: int | None = None

    def update(self, beliefs: Beliefs, progress: Progress) -> Targets:
        """From predictions and given labels; what other updates answered is not looked at."""
        trusted = trusted_rows(beliefs.probs, beliefs.given, self.alpha)
        self._at_floor = int((~trusted).sum())
        return Targets(successive_smoothing(beliefs.probs, beliefs.given, self.alpha))

    def scalars(self) -> Mapping[str, float]:
        """How many labels the last action left at `alpha`, by eq. 5."""
        return {} if self._at_floor is None else {"at_floor": self._at_floor}


def make_successive_smoothing(
    params: SuccessiveSmoothingParams, context: Context
) -> SuccessiveSmoothing:
    """Factory of the component `successive_smoothing`."""
    return SuccessiveSmoothing(alpha=params.alpha)
