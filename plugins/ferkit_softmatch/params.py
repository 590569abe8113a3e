"""Parameters of SoftMatch's weighting."""

from __future__ import annotations

from pydantic import Field

from ferkit.plugin import Params


class SoftMatchParams(Params):
    """Of the sample weighting `softmatch`."""

    momentum: float = Field(
        0.999,
        ge=0,
        lt=1,
        description="share that a step leaves of the moving averages; with fewer than some "
        "thousands of steps better 0.99",
    )
    sigmas: float = Field(
        2.0,
        gt=0,
        description="n of exp(-n^2 d^2 / (2 variance)), d being how far a confidence is below the "
        "mean; greater is stricter",
    )
    align: bool = Field(
        True,
        description="confidences are of predictions that are aligned to equal classes; the "
        "targets stay as they are",
    )
