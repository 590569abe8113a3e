"""Parameters of the Pi-model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.training.consistency_params import ConsistencyParams, Ramp


class PiModelParams(ConsistencyParams):
    """Of the loop `pi_model`."""

    ratio: int = Field(1, ge=1, description="unlabelled samples per labelled one in a step")
    weight: float = Field(
        10.0, ge=0, description="height of the factor of the squared differences; the paper: 100"
    )
    ramp: Ramp = Field(
        "gaussian",
        description="how that factor rises from 0: not at all, in a line, or as exp(-5 x^2)",
    )
    ramp_share: float = Field(
        0.27, gt=0, le=1, description="share of the training's steps in which it rises"
    )
    learnt: Literal["weak", "strong"] = Field(
        "weak", description="one of the two views of the unlabelled samples; the other is weak"
    )
    labelled_too: bool = Field(
        True, description="the labelled samples are to be answered alike on two weak views too"
    )
