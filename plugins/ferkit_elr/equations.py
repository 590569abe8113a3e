"""ELR's two equations as pure functions. n samples, K classes."""

from __future__ import annotations

from torch import Tensor

SMALLEST = 1e-4
"""Probabilities are kept so far from 0 and 1, as in the published code."""


def clamped(probs: Tensor) -> Tensor:
    """Probabilities within [1e-4, 1 - 1e-4]; rows need not sum to 1 any more."""
    return probs.clamp(SMALLEST, 1 - SMALLEST)


def next_average(average: Tensor, probs: Tensor, momentum: float) -> Tensor:
    """t <- beta t + (1 - beta) p, p clamped and brought to a sum of 1.

    Args:
        average: t, (n, K); zeros for samples that were never seen.
        probs: p, (n, K).
        momentum: beta, in [0, 1).
    Returns: (n, K), without gradient; rows sum to 1 - beta^k after k times.
    Source: arXiv:2007.00151, section 4.2 (temporal ensembling), and the published code.
    """
    said = clamped(probs.detach())
    return momentum * average + (1 - momentum) * said / said.sum(-1, keepdim=True)


def agreement(probs: Tensor, average: Tensor) -> Tensor:
    """<p, t>, with gradient to p where that is not clamped: (n, K), (n, K) -> (n,)."""
    return (average * clamped(probs)).sum(-1)


def elr_penalty(probs: Tensor, average: Tensor) -> Tensor:
    """The mean of log(1 - <p, t>), at most 0: the better both agree, the lower.

    Args:
        probs: p, (n, K) of the student, with gradient. average: t, (n, K).
    Returns: (); 0 of no samples.
    Source: arXiv:2007.00151, section 4.1.
    """
    if not len(probs):
        return probs.sum()
    return (1 - agreement(probs, average)).log().mean()
