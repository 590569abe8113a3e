"""Parameters of FreeMatch's weighting."""

from __future__ import annotations

from pydantic import Field

from ferkit.plugin import Params


class FreeMatchParams(Params):
    """Of the sample weighting `freematch`."""

    momentum: float = Field(
        0.999,
        ge=0,
        lt=1,
        description="share that a step leaves of the moving averages; with fewer than some "
        "thousands of steps better 0.99",
    )
    fairness: float = Field(
        0.01, ge=0, description="factor of the fairness penalty; 0: there is none"
    )
    per_class: bool = Field(
        True, description="a threshold for each class; false: the same one for all"
    )
    threshold: float | None = Field(
        None,
        ge=0,
        le=1,
        description="instead of the moving average of the confidence; null: that average",
    )
    quantile: float | None = Field(
        None,
        ge=0,
        le=1,
        description="the average is of this quantile of a step's confidences; null: of their mean",
    )
    limit: float | None = Field(
        None, ge=0, le=1, description="the average of the confidence is at most this; null: 1"
    )
