"""The sample weighting `gmm`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context
from ferkit.training.losses import cross_entropy_of_probs
from ferkit.training.mixture import fitted, normalised, of_low_component
from ferkit_gmm.params import GmmParams


def losses_of(beliefs: Beliefs, *, against_given: bool) -> Tensor:
    """(N,) cross-entropy against the given labels where there are any, else against targets."""
    if not against_given:
        return beliefs.losses
    given = cross_entropy_of_probs(beliefs.probs, beliefs.given_probs)
    return torch.where(beliefs.given >= 0, given, beliefs.losses)


class GmmWeighting:
    """Before each epoch, the posterior of the component with the low losses.

    Args:
        params: see `GmmParams`.
    """

    every: Cadence = "epoch"

    def __init__(self, params: GmmParams) -> None:
        self.params = params
        self._history: Tensor | None = None  # (epochs, N) float64 losses in [0, 1]
        self._told: dict[str, float] = {}

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """`beliefs` cover the whole split. Where all losses are equal, all samples weigh 1."""
        weight = torch.ones_like(beliefs.losses)
        self._told = {}
        if progress.epoch == 0:
            self._history = None  # of an earlier phase
        if progress.epoch >= self.params.warm_up:
            weight = self._weight(beliefs).to(weight)
        return Weights(weight, weight.new_zeros(()))

    def _weight(self, beliefs: Beliefs) -> Tensor:
        losses = losses_of(beliefs, against_given=self.params.losses == "given")
        # On the CPU: some devices have no float64, and it is one number per sample and epoch.
        values = normalised(losses.cpu())
        if values is None:
            return torch.ones_like(losses)
        values = values[None]
        if self._history is not None and self._history.shape[1] == values.shape[1]:
            values = torch.cat([self._history.cpu(), values])
        self._history = values[-self.params.average :]
        mean = self._history.mean(0)
        if bool(mean.min() == mean.max()):
            return torch.ones_like(losses)
        mixture = fitted(
            mean,
            iterations=self.params.iterations,
            tolerance=self.params.tolerance,
            variance_floor=self.params.variance_floor,
        )
        right = of_low_component(mean, mixture)
        low, high = mixture.means.sort().values.tolist()
        clean = float((right > 0.5).double().mean())
        self._told = {"gmm_clean": clean, "gmm_low": low, "gmm_high": high}
        if self.params.threshold is None:
            return right
        return (right > self.params.threshold).double()

    def scalars(self) -> Mapping[str, float]:
        """Of the last fit: the share of samples more likely of the low component than not, and
        the means of both, of losses brought to [0, 1]."""
        return self._told

    def state_dict(self) -> dict[str, Tensor]:
        """The losses of the last epochs, once there are any."""
        return {} if self._history is None else {"history": self._history}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self._history = state.get("history")


def make_gmm(params: GmmParams, context: Context) -> GmmWeighting:
    """Factory of the component `gmm`."""
    return GmmWeighting(params)
