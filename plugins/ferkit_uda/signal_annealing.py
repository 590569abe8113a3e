"""The sample weighting `signal_annealing`."""

from __future__ import annotations

import math

from torch import Tensor

from ferkit.contracts.policies import Beliefs, Cadence, Progress, Weights
from ferkit.plugin import Context
from ferkit_uda.params import Schedule, SignalAnnealingParams


def annealing_threshold(schedule: Schedule, *, t: float, classes: int) -> float:
    """The probability up to which a labelled sample is learnt, from about 1/K to about 1.

    Args:
        t: share of the training's steps that are done, 0 to 1.
    Source: Xie et al. (arXiv:1904.12848), training signal annealing:
        eta = alpha (1 - 1/K) + 1/K with alpha = t, 1 - exp(-5 t) or exp(5 (t - 1)).
    """
    alpha = {"linear": t, "log": 1 - math.exp(-5 * t), "exp": math.exp(5 * (t - 1))}[schedule]
    return alpha * (1 - 1 / classes) + 1 / classes


def annealed(probs: Tensor, given: Tensor, threshold: float) -> Tensor:
    """Weights whose mean over the samples is a mean over those that are learnt.

    Args:
        probs: (N, K) of the student. given: (N,) int64, -1 if none: such a sample is learnt.
    Returns: (N,) float: N / n for the n samples whose given class has at most a probability of
        `threshold`, else 0.
    """
    right = probs.gather(1, given.clamp(min=0)[:, None])[:, 0]
    kept = ((right <= threshold) | (given < 0)).to(probs)
    return kept * (len(kept) / kept.sum().clamp(min=1))


class SignalAnnealing:
    """Leaves out samples that are answered rightly and surely, fewer as the threshold rises.

    Args:
        schedule: see `annealing_threshold`.
    """

    every: Cadence = "step"

    def __init__(self, schedule: Schedule) -> None:
        self.schedule: Schedule = schedule
        self._threshold = 0.0
        self._used: Tensor | float = 0.0

    def weigh(self, beliefs: Beliefs, targets: Tensor, progress: Progress) -> Weights:
        """By what the student says in this step, else by `beliefs.probs`."""
        probs = beliefs.probs if beliefs.student_probs is None else beliefs.student_probs.detach()
        self._threshold = annealing_threshold(
            self.schedule,
            t=min(1.0, progress.step / max(1, progress.steps)),
            classes=probs.shape[1],
        )
        weight = annealed(probs.float(), beliefs.given, self._threshold)
        self._used = (weight > 0).float().mean()
        return Weights(weight, weight.new_zeros(()))

    def scalars(self) -> dict[str, Tensor | float]:
        """`annealing_threshold`, and `annealing_used`: share of the samples that are learnt."""
        return {"annealing_threshold": self._threshold, "annealing_used": self._used}


def make_signal_annealing(params: SignalAnnealingParams, context: Context) -> SignalAnnealing:
    """Factory of the component `signal_annealing`."""
    return SignalAnnealing(params.schedule)
