"""The loss: cross-entropy with soft targets, weights per sample and per class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from ferkit.contracts.training import Decision
from ferkit.errors import FerkitError


def soft_cross_entropy(
    logits: Tensor, target: Tensor, *, class_weight: Tensor | None = None
) -> Tensor:
    """Cross-entropy of each sample against a distribution.

    Args:
        logits: (N, K). target: (N, K), rows sum to 1.
        class_weight: (K,); each class's term is multiplied by it (B12).
    Returns: (N,) float, -sum_k w_k target_k log p_k.
    Source: Happy et al., eq. 1 (A2).
    """
    if class_weight is not None:
        target = target * class_weight
    return -(target * log_softmax(logits, dim=-1)).sum(-1)


def cross_entropy_of_probs(probs: Tensor, target: Tensor) -> Tensor:
    """The same from probabilities: (N, K), (N, K) -> (N,). Probabilities of 0 count as 1e-12."""
    return -(target * probs.clamp(min=1e-12).log()).sum(-1)


def weighted_cross_entropy(
    logits: Tensor, decision: Decision, *, class_weight: Tensor | None = None
) -> Tensor:
    """Each sample's cross-entropy times its weight, as the policies decided.

    A step's loss is the mean of these over its samples: weights are not renormalised, so a
    sample of weight 0 counts as one that has been learnt (A8).

    Args:
        logits: (n, K) of the student. decision: of the same n samples.
        class_weight: (K,).
    Returns: (n,).
    Source: Happy et al., eq. 6 (A8).
    """
    if decision.logit_scale is not None:
        logits = logits * decision.logit_scale[:, None]
    return decision.weight * soft_cross_entropy(logits, decision.target, class_weight=class_weight)


def class_weights(given: Tensor, classes: Sequence[str]) -> Tensor:
    """N / (K n_k) for each class k, so that classes count the same in sum (B12).

    Args:
        given: (N,) int64 labels; -1 does not count.
        classes: K names.
    Returns: (K,) float32.
    Raises: FerkitError: a class has no sample.
    """
    counts = torch.bincount(given[given >= 0], minlength=len(classes))
    absent = [name for name, count in zip(classes, counts.tolist(), strict=True) if count == 0]
    if absent:
        raise FerkitError(
            f"no labelled training sample of {', '.join(absent)}, so there is no class weight.",
            where="training.class_weights",
            hint="Turn class_weights off, or add samples.",
        )
    return (counts.sum() / (len(classes) * counts)).float()
