"""What several policies of a split say, put together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from ferkit.contracts.policies import Beliefs, Targets


def product(first: Tensor | None, second: Tensor | None) -> Tensor | None:
    """The product of two factors of which None stands for 1."""
    if first is None or second is None:
        return second if first is None else first
    return first * second


def own_scale(weightings: Iterable[Any], features: Tensor) -> Tensor | None:
    """(n,) factor of the logits, of the weightings that say one before they weigh.

    Args:
        features: (n, D) of the student.
    """
    scale = None
    for weighting in weightings:
        if weighting.every == "step" and hasattr(weighting, "scale_logits"):
            scale = product(scale, weighting.scale_logits(features))
    return scale


def seen_anew(beliefs: Beliefs, said: Targets) -> Beliefs:
    """The beliefs of the policies after a label update, which may have aligned predictions."""
    return beliefs if said.probs is None else beliefs._replace(probs=said.probs)
