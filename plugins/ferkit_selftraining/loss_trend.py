"""The weighting `loss_trend`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context
from ferkit_selftraining.equations import validation_trend, weight_update
from ferkit_selftraining.params import LossTrendParams


class LossTrendWeighting:
    """Eq. 7 and 8, before an epoch, whenever the phase's validation loss trends upwards (A10)."""

    every: Cadence = "epoch"

    def __init__(self, *, c: float, sigma: float, w0: float, window: int) -> None:
        self.c, self.sigma, self.w0, self.window = c, sigma, w0, window
        self._weight: Tensor | None = None  # (N,) by sample id; None: all w0
        self._told: dict[str, float] = {}

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """The weights after this epoch's update. `beliefs` cover the whole split."""
        losses = beliefs.losses
        weight = torch.full_like(losses, self.w0) if self._weight is None else self._weight
        weight = weight.to(losses.device)
        trend = validation_trend(progress.validation_losses, self.window)
        moves = trend is not None and trend > 0
        if moves:
            weight = weight_update(weight, losses, c=self.c, sigma=self.sigma)
        self._weight = weight
        self._told = {"weights_moved": int(moves)}
        if trend is not None:
            self._told["validation_trend"] = trend
        return Weights(weight, weight.new_zeros(()))

    def scalars(self) -> Mapping[str, float]:
        """Whether the last action moved weights (0 or 1), and the trend it did so for, nats."""
        return self._told

    def state_dict(self) -> dict[str, Tensor]:
        """The weights, once there are any."""
        return {} if self._weight is None else {"weight": self._weight}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self._weight = state.get("weight")


def make_loss_trend(params: LossTrendParams, context: Context) -> LossTrendWeighting:
    """Factory of the component `loss_trend`."""
    return LossTrendWeighting(c=params.c, sigma=params.sigma, w0=params.w0, window=params.window)
