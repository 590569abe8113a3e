"""FreeMatch's equations, on tensors."""

from __future__ import annotations

import torch
from torch import Tensor

EPSILON = 1e-12
"""Added within the logarithm of the fairness penalty, as published code does."""


def class_shares(labels: Tensor, classes: int, *, used: Tensor | None = None) -> Tensor:
    """The share of the samples that have each label.

    Args:
        labels: (n,) int64. classes: K. used: (n,) float >= 0, how much each counts.
    Returns: (K,) float32; zeros where nothing counts.
    """
    of_class = (labels[:, None] == torch.arange(classes, device=labels.device)).float()
    if used is not None:
        of_class = of_class * used[:, None]
    counts = of_class.sum(0)
    return counts / counts.sum().clamp(min=torch.finfo(counts.dtype).tiny)


def class_thresholds(confidence: Tensor, mean_probs: Tensor) -> Tensor:
    """The general threshold times what each class is predicted, relative to the one most predicted.

    Args:
        confidence: (), t. mean_probs: (K,).
    Returns: (K,).
    Source: Wang et al. (arXiv:2205.07246), section 4.1.
    """
    return confidence * mean_probs / mean_probs.max()


def evened(mean_probs: Tensor, shares: Tensor) -> Tensor:
    """Mean probabilities over the shares of the classes, divided by their sum.

    Args:
        mean_probs: (K,). shares: (K,), taken as constants; classes of share 0 get 0.
    Returns: (K,), sums to 1, or zeros.
    """
    shares = shares.detach()
    ratio = torch.where(shares > 0, mean_probs / shares.clamp(min=EPSILON), 0.0)
    return ratio / ratio.sum().clamp(min=torch.finfo(ratio.dtype).tiny)


def fairness_penalty(
    student_probs: Tensor, used: Tensor, mean_probs: Tensor, shares: Tensor
) -> Tensor:
    """sum_k N(p/h)_k log N(p_s/h_s)_k: least where the student's mean is as uniform as may be.

    Args:
        student_probs: (n, K) on the strong view, with gradient.
        used: (n,) 1 for samples that count, else 0.
        mean_probs, shares: (K,) moving averages of the weak view's predictions (p) and of the
            shares of its classes (h).
    Returns: () float32; 0 where no sample counts.
    Source: Wang et al. (arXiv:2205.07246), section 4.2.
    """
    probs = student_probs.float()
    mean_of_used = (probs * used[:, None]).sum(0) / used.sum().clamp(min=1)
    own = class_shares(probs.argmax(-1), probs.shape[1], used=used)
    wanted = evened(mean_probs, shares).detach()
    penalty = (wanted * (evened(mean_of_used, own) + EPSILON).log()).sum()
    return torch.where(used.sum() > 0, penalty, 0.0)
