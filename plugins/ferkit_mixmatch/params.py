"""Parameters of MixMatch."""

from __future__ import annotations

from pydantic import Field

from ferkit.training.consistency_params import ConsistencyParams, Ramp


class MixMatchParams(ConsistencyParams):
    """Of the loop `mixmatch`."""

    views: int = Field(
        2, ge=1, description="weak views of an unlabelled sample, whose predictions are averaged"
    )
    alpha: float = Field(
        0.75,
        gt=0,
        description="of the beta distribution of the shares in a mixture; small: hardly mixed",
    )
    ratio: int = Field(1, ge=1, description="unlabelled samples per labelled one in a step")
    weight: float = Field(
        75.0, ge=0, description="height of the factor of the unlabelled samples' loss"
    )
    ramp: Ramp = Field(
        "linear",
        description="how that factor rises from 0: not at all, in a line, or as exp(-5 x^2)",
    )
