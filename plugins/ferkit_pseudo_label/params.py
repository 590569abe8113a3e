"""Parameters of pseudo-label."""

from __future__ import annotations

from pydantic import Field

from ferkit.training.consistency_params import ConsistencyParams, Ramp


class PseudoLabelParams(ConsistencyParams):
    """Of the loop `pseudo_label`."""

    ratio: int = Field(1, ge=1, description="unlabelled samples per labelled one in a step")
    weight: float = Field(
        1.0, ge=0, description="height of the factor of the unlabelled samples' loss; the paper: 3"
    )
    ramp: Ramp = Field(
        "linear",
        description="how that factor rises from 0: not at all, in a line, or as exp(-5 x^2)",
    )
