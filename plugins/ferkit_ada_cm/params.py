"""Parameters of Ada-CM."""

from __future__ import annotations

from pydantic import Field

from ferkit.plugin import Params
from ferkit.training.consistency_params import ConsistencyParams


class MarginParams(Params):
    """Of the sample weighting `ada_cm`."""

    least: float = Field(
        0.8, ge=0, le=1, description="least threshold, and that of the first epoch"
    )
    factor: float = Field(
        0.97,
        ge=0,
        le=1,
        description="of the mean probability of labelled samples that were predicted rightly",
    )


class AdaCmParams(ConsistencyParams):
    """Of the loop `ada_cm`."""

    epochs: int = Field(20, ge=1, description="at most")
    ratio: int = Field(1, ge=1, description="unlabelled samples per labelled one in a step")
    labelled_weight: float = Field(0.5, ge=0, description="factor of the labelled samples' loss")
    contrast: float = Field(
        0.1, ge=0, description="factor of the contrastive loss of the samples that do not count"
    )
    temperature: float = Field(
        0.07, gt=0, description="that cosines are divided by in the contrastive loss"
    )
