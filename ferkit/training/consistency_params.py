"""Parameters that loops on both splits side by side have in common."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ferkit.plugin import Params

Ramp = Literal["none", "linear", "gaussian"]


class ConsistencyParams(Params):
    """Of loops that train on both splits side by side; a method's own has its defaults."""

    epochs: int = Field(30, ge=1, description="at most")
    steps: int | None = Field(
        None,
        ge=1,
        description="steps of an epoch; null: until both splits were gone through once",
    )
    ratio: int = Field(7, ge=1, description="unlabelled samples per labelled one in a step")
    weight: float = Field(1.0, ge=0, description="factor of the unlabelled samples' loss")
    ramp: Ramp = Field(
        "none", description="how that factor rises from 0: not at all, in a line, or as exp(-5 x^2)"
    )
    ramp_share: float = Field(
        0.4, gt=0, le=1, description="share of the training's steps in which it rises"
    )
    ramp_start: float = Field(
        0.0, ge=0, lt=1, description="share of the training's steps in which that factor is 0 first"
    )
    average: float | None = Field(
        0.999,
        gt=0,
        lt=1,
        description="share that a step leaves of the moving average of the weights, which is what "
        "is validated and kept; null: the weights themselves",
    )
    patience: int | None = Field(
        None, ge=1, description="stop after so many epochs without a lower validation loss"
    )
    keep: Literal["best", "last"] = Field(
        "best", description="weights of the lowest validation loss, or of the last epoch"
    )

    @model_validator(mode="after")
    def _rises_in_time(self) -> ConsistencyParams:
        if self.ramp != "none" and self.ramp_start + self.ramp_share > 1:
            raise ValueError(
                "ramp_start and ramp_share are more than 1 in sum, so the factor would not rise "
                "to its height before the training ends"
            )
        return self
