"""When a network begins to learn wrong labels, told from its losses alone."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ferkit.contracts.policies import Progress
from ferkit.training.mixture import fitted, normalised

ITERATIONS, TOLERANCE, VARIANCE_FLOOR = 50, 1e-4, 5e-4
"""Of the fit, on losses brought to [0, 1]."""

NONE = -1.0
"""Stands for a loss that there is not."""

SMOOTHED = 3
"""Epochs whose distances are averaged, as one alone goes up and down by chance."""


def distance_of_groups(losses: Tensor) -> float:
    """How far the means of a low and a high group of losses are apart, nats.

    Args:
        losses: (N,).
    Returns: of a mixture of two Gaussians; 0 where all are equal.
    """
    values = normalised(losses)
    if values is None:
        return 0.0
    mixture = fitted(
        values, iterations=ITERATIONS, tolerance=TOLERANCE, variance_floor=VARIANCE_FLOOR
    )
    low, high = mixture.means.sort().values.tolist()
    return float(high - low) * float(losses.max() - losses.min())


class TurningPoint:
    """Watches the distance of both groups of losses from epoch to epoch.

    While right labels are learnt and wrong ones are not, the groups part; once wrong ones are
    learnt too, they come closer again. So the turning point is the epoch of the greatest distance.
    The first epoch of a phase, in which the network changes most, says nothing.

    Args:
        patience: epochs without a greater distance after which the greatest one was that.

    Attributes:
        passed: whether it lies behind.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self._forget(Progress("", 0, 0, 1, 0, 1, ()))

    def _forget(self, progress: Progress) -> None:
        """Begin with a phase."""
        self.passed = False
        self._recent: tuple[float, ...] = ()  # distances of the last epochs
        self._greatest, self._since = 0.0, 0
        self._losses: Tensor | None = None  # (N,) of the running epoch
        self._at = (progress.round, progress.epoch, progress.step)

    @property
    def distance(self) -> float | None:
        """Mean of the last finished epochs, nats; None: there is none in this phase."""
        return sum(self._recent) / len(self._recent) if self._recent else None

    def begin(self, progress: Progress) -> None:
        """At a step: in the first one of an epoch look back at the finished one."""
        round_, epoch, step = self._at
        if progress.round != round_ or progress.step < step:
            self._forget(progress)
        elif progress.epoch != epoch and not self.passed:
            self._look()
        self._at = (progress.round, progress.epoch, progress.step)

    def _look(self) -> None:
        if self._losses is None:
            return
        seen = self._losses.cpu()  # once in an epoch
        seen, self._losses = seen[seen != NONE], None
        if not len(seen):
            return
        self._recent = (*self._recent, distance_of_groups(seen))[-SMOOTHED:]
        distance = self.distance or 0.0
        self._since = 0 if distance > self._greatest else self._since + 1
        self._greatest = max(self._greatest, distance)
        self.passed = self._since >= self.patience

    def note(self, ids: Tensor, losses: Tensor, *, total: int) -> None:
        """Write down what samples of a step lose; those with `NONE` do not count.

        Args:
            ids: (n,) int64, none of them twice with different losses. losses: (n,), detached.
            total: N, or more than any id.
        """
        if self._at[1] == 0:
            return
        if self._losses is None:
            self._losses = losses.new_full((total,), NONE)
        self._losses = self._losses.to(losses)
        self._losses[ids] = losses

    def state_dict(self) -> dict[str, Tensor]:
        """`point` (6 + up to 3,) float64 and, within an epoch, `losses` (N,)."""
        numbers = (*self._at, self.passed, self._greatest, self._since, *self._recent)
        own = {} if self._losses is None else {"losses": self._losses}
        return own | {"point": torch.tensor(numbers, dtype=torch.float64)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        if "point" not in state:
            return
        round_, epoch, step, passed, greatest, since, *recent = state["point"].tolist()
        self._at = (int(round_), int(epoch), int(step))
        self.passed, self._since = bool(passed), int(since)
        self._greatest, self._recent = greatest, tuple(recent)
        self._losses = state.get("losses")
