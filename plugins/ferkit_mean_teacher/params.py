"""Parameters of the mean teacher."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.training.consistency_params import ConsistencyParams, Ramp


class MeanTeacherParams(ConsistencyParams):
    """Of the loop `mean_teacher`."""

    ratio: int = Field(1, ge=1, description="unlabelled samples per labelled one in a step")
    weight: float = Field(
        50.0, ge=0, description="height of the factor of the squared differences; the paper: 100"
    )
    ramp: Ramp = Field(
        "gaussian",
        description="how that factor rises from 0: not at all, in a line, or as exp(-5 x^2)",
    )
    ramp_share: float = Field(
        0.27, gt=0, le=1, description="share of the training's steps in which it rises"
    )
    average: float = Field(
        0.999,
        gt=0,
        lt=1,
        description="share that a step leaves of the teacher, the moving average of the weights, "
        "which is also what is validated and kept",
    )
    learnt: Literal["weak", "strong"] = Field(
        "weak", description="view of the unlabelled samples for the student; the teacher's is weak"
    )
    labelled_too: bool = Field(
        True, description="the teacher says what the labelled samples are to answer, too"
    )
