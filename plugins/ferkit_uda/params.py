"""Parameters of UDA."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import Params
from ferkit.training.consistency_params import ConsistencyParams

Schedule = Literal["linear", "log", "exp"]


class UdaParams(ConsistencyParams):
    """Of the loop `uda`."""


class SharpenParams(Params):
    """Of the label update `sharpen`."""

    temperature: float = Field(
        0.4, gt=0, description="below 1 likely classes become likelier; 1 leaves all as it is"
    )


class SignalAnnealingParams(Params):
    """Of the sample weighting `signal_annealing`."""

    schedule: Schedule = Field(
        "linear",
        description="how the threshold rises over the training's steps: log at first fast, exp at "
        "the end (for few labels)",
    )
