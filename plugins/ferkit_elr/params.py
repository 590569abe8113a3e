"""Parameters of ELR."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import Params


class ElrParams(Params):
    """Of the sample weighting `elr`."""

    factor: float = Field(3.0, ge=0, description="lambda, factor of the penalty")
    momentum: float = Field(
        0.7, ge=0, lt=1, description="beta, share of its earlier mean that a sample keeps each time"
    )
    average: Literal["student", "labeller"] = Field(
        "student",
        description="whose probabilities the mean is of: the network under training, or the one "
        "that labels, such as its moving average",
    )
