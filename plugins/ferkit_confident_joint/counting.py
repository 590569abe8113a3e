"""Confident counting, as pure functions. N samples, K classes."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

SLACK = 1e-6
"""A probability counts as reaching a threshold that it misses by no more, as in cleanlab."""


def class_thresholds(probs: Tensor, given: Tensor) -> Tensor:
    """t_j, the mean of p_j over the samples given j.

    Args:
        probs: (N, K). given: (N,) int64, -1 where nothing is given.
    Returns: (K,) of the probabilities' dtype, float32 at least; infinite for a class that nothing
        is given, which so is never reached; else at least 2e-6, as in cleanlab.
    Source: Northcutt et al. (arXiv:1911.00068), eq. 2.
    """
    members = torch.nn.functional.one_hot(given.clamp(min=0), probs.shape[1]).double()
    members = members * (given >= 0)[:, None]
    counts = members.sum(0)
    means = (members * probs.double()).sum(0) / counts.clamp(min=1)
    means = means.clamp(min=2 * SLACK).masked_fill(counts == 0, torch.inf)
    return means.to(torch.promote_types(probs.dtype, torch.float32))


def reaching(probs: Tensor, thresholds: Tensor) -> Tensor:
    """(N, K) bool, whether a probability reaches its class's threshold."""
    return probs >= thresholds - SLACK


def guessed_classes(probs: Tensor, thresholds: Tensor) -> Tensor:
    """The class in whose column of the confident joint a sample is counted.

    The one whose threshold it reaches; of several the likeliest class; -1 for none, a sample that
    is not counted.

    Args:
        probs: (N, K). thresholds: (K,).
    Returns: (N,) int64.
    Source: eq. 1, with cleanlab's rule for several: the likeliest class of all, which may be one
        whose own threshold is not reached.
    """
    reached = reaching(probs, thresholds)
    count = reached.sum(1)
    only = reached.int().argmax(1)
    return torch.where(count > 1, probs.argmax(1), only).masked_fill(count == 0, -1)


def candidate_errors(
    probs: Tensor, given: Tensor, thresholds: Tensor, *, count: Literal["joint", "any"]
) -> Tensor:
    """Samples whose label is likely wrong.

    Args:
        probs: (N, K). given: (N,), -1 where nothing is given, which is no error.
        thresholds: (K,).
        count: "joint": counted off the diagonal; "any": p_j >= t_j for some j that is not given.
    Returns: (N,) bool.
    """
    known = given >= 0
    if count == "joint":
        guess = guessed_classes(probs, thresholds)
        return known & (guess >= 0) & (guess != given)
    own = torch.nn.functional.one_hot(given.clamp(min=0), probs.shape[1]).bool()
    return known & (reaching(probs, thresholds) & ~own).any(1)


def confident_joint(given: Tensor, guess: Tensor, classes: int) -> Tensor:
    """Counts by given label (rows) and guessed class (columns): (K, K) int64.

    Args:
        given, guess: (N,), -1 where there is none.
    """
    counted = (given >= 0) & (guess >= 0)
    cells = given[counted] * classes + guess[counted]
    return torch.bincount(cells, minlength=classes * classes).reshape(classes, classes)
