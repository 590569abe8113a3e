"""A mixture of two Gaussians on one number per sample, fitted by EM.

In float64, from a start that is computed and not drawn: the same losses give the same answer.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

SMALLEST_COUNT = 10 * torch.finfo(torch.float64).eps
"""Added to the size of a component, so that an empty one has a mean."""


class Mixture(NamedTuple):
    """shares, means, variances: (2,) float64 each."""

    shares: Tensor
    means: Tensor
    variances: Tensor


def normalised(losses: Tensor) -> Tensor | None:
    """(l - min l) / (max l - min l): (N,) -> (N,) float64 in [0, 1]; None if all are equal."""
    values = losses.double()
    if not len(values):
        return None
    low, high = values.min(), values.max()
    return None if bool(low == high) else (values - low) / (high - low)


def two_groups(values: Tensor) -> Tensor:
    """The cut of the values into a low and a high group with the least squares within them.

    In one dimension this best k-means of two is found by looking at every cut of the sorted values.

    Args:
        values: (N,), not all equal.
    Returns: (N, 2) float64, 1 for the group that a value is in.
    """
    ordered = values.double().sort().values
    counts = torch.arange(1, len(ordered), dtype=torch.float64, device=ordered.device)
    below = ordered.cumsum(0)
    total, below = below[-1], below[:-1]
    # Least squares within is most between; a cut between equal values would part them.
    between = below.square() / counts + (total - below).square() / (len(ordered) - counts)
    between = between.masked_fill(ordered[1:] == ordered[:-1], -torch.inf)
    low = values.double() <= ordered[between.argmax()]
    return torch.stack([low, ~low], 1).double()


def maximised(values: Tensor, parts: Tensor, variance_floor: float) -> Mixture:
    """The M-step: shares, means and variances of values that belong to both components in part.

    Args:
        values: (N,) float64. parts: (N, 2), rows sum to 1.
    """
    counts = parts.sum(0) + SMALLEST_COUNT
    means = (parts * values[:, None]).sum(0) / counts
    squares = (parts * (values[:, None] - means).square()).sum(0)
    return Mixture(counts / counts.sum(), means, squares / counts + variance_floor)


def expected(values: Tensor, mixture: Mixture) -> tuple[Tensor, float]:
    """The E-step.

    Args:
        values: (N,) float64.
    Returns: (N, 2) posterior of both components; mean log-likelihood, nats.
    """
    distances = (values[:, None] - mixture.means).square() / mixture.variances
    logs = -0.5 * (distances + mixture.variances.log() + math.log(2 * math.pi))
    joint = logs + mixture.shares.log()
    return joint.softmax(1), float(joint.logsumexp(1).mean())


def fitted(values: Tensor, *, iterations: int, tolerance: float, variance_floor: float) -> Mixture:
    """Fit by EM from `two_groups`.

    Args:
        values: (N,), not all equal.
        iterations: at most. tolerance: it ends when the mean log-likelihood changes less, nats.
        variance_floor: added to each variance.
    """
    values = values.double()
    mixture = maximised(values, two_groups(values), variance_floor)
    before = -math.inf
    for _ in range(iterations):
        parts, likelihood = expected(values, mixture)
        mixture = maximised(values, parts, variance_floor)
        if abs(likelihood - before) < tolerance:
            break
        before = likelihood
    return mixture


def of_low_component(values: Tensor, mixture: Mixture) -> Tensor:
    """(N,) posterior of the component with the lower mean, float64: a label's being right.

    Source: Li et al., DivideMix (arXiv:2002.07394), section 3.1.
    """
    parts, _ = expected(values.double(), mixture)
    return parts[:, int(mixture.means.argmin())]
