"""What both policies say of their last action."""

from __future__ import annotations

import math

from torch import Tensor


def told(errors: Tensor, thresholds: Tensor, classes: tuple[str, ...]) -> dict[str, float]:
    """Numbers for metrics.csv.

    Args:
        errors: (N,) bool. thresholds: (K,), infinite where a class has none.
        classes: K names.
    Returns: `candidate_errors`, the share of them, and `threshold_<class>`.
    """
    share = float(errors.float().mean()) if len(errors) else 0.0
    reached = zip(classes, thresholds.tolist(), strict=True)
    return {"candidate_errors": share} | {
        f"threshold_{name}": value for name, value in reached if math.isfinite(value)
    }
