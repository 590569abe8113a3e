"""Parameters of distribution alignment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ferkit.plugin import Params

Frequency = Annotated[float, Field(ge=0)]


class DistributionAlignmentParams(Params):
    """Of the label update `distribution_alignment`."""

    to: Literal["uniform", "labelled"] | tuple[Frequency, ...] = Field(
        "labelled",
        description="how frequent the classes should be: all alike, as among the labelled "
        "samples, or a number for each class in label order, of which the shares count",
    )
    momentum: float = Field(
        0.999,
        ge=0,
        lt=1,
        description="share that a step leaves of the moving average of the predictions; with "
        "fewer than some thousands of steps better 0.99",
    )
