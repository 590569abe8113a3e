"""Parameters of the weighting by a mixture."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import Params


class GmmParams(Params):
    """Of the sample weighting `gmm`."""

    warm_up: int = Field(10, ge=0, description="epochs of a phase in which all samples weigh 1")
    threshold: float | None = Field(
        None, ge=0, lt=1, description="weigh 1 above this probability, else 0; null: by it itself"
    )
    average: int = Field(
        1, ge=1, description="last epochs whose losses are averaged, each brought to [0, 1] first"
    )
    losses: Literal["given", "targets"] = Field(
        "given",
        description="against the given label, or against the targets that the finished epoch used",
    )
    iterations: int = Field(10, ge=1, description="steps of the fit, at most")
    tolerance: float = Field(
        0.01, ge=0, description="the fit ends when the mean log-likelihood changes less, nats"
    )
    variance_floor: float = Field(
        5e-4, gt=0, description="added to each variance, of losses in [0, 1]"
    )
