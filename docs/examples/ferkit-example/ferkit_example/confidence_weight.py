"""The sample weighting `confidence_weight`: labels that the network doubts count less."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context
from ferkit_example.params import ConfidenceWeightParams


def agreement(probs: Tensor, targets: Tensor) -> Tensor:
    """Probability of the target, divided by that of the most probable class.

    Args:
        probs, targets: (N, K), rows sum to 1.
    Returns: (N,) in [0, 1]; 1 where the network prefers the given label to all others.
    """
    return (probs * targets).sum(-1) / probs.amax(-1)


class ConfidenceWeight:
    """A running mean of each sample's agreement, to a power, once in an epoch."""

    every: Cadence = "epoch"

    def __init__(self, *, power: float, memory: float) -> None:
        self.power = power
        self.memory = memory
        self.mean: Tensor | None = None  # (N,), by sample id

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """(N,) in [0, 1], no penalty."""
        now = agreement(beliefs.probs, targets)
        self.mean = now if self.mean is None else self.memory * self.mean + (1 - self.memory) * now
        return Weights(self.mean**self.power, now.new_zeros(()))

    def state_dict(self) -> dict[str, Tensor]:
        """What a resumed run needs: the running means."""
        return {} if self.mean is None else {"mean": self.mean}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave."""
        self.mean = state.get("mean")


def make_confidence_weight(params: ConfidenceWeightParams, context: Context) -> ConfidenceWeight:
    """Factory of the component `confidence_weight`."""
    return ConfidenceWeight(power=params.power, memory=params.memory)
