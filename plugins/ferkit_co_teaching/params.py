"""Parameters of co-teaching."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.training.labelled_params import LabelledParams


class CoTeachingParams(LabelledParams):
    """Of the loop `co_teaching`."""

    forget_rate: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="share of a step's samples that is left out at last; the label noise supposed",
    )
    gradual: int = Field(
        10, ge=1, description="number by which the epoch's power is divided: see exponent"
    )
    exponent: float = Field(
        1.0,
        gt=0,
        description="left out is forget_rate * min(epoch^exponent / gradual, 1), epochs from 0",
    )
    views: Literal["shared", "own"] = Field(
        "shared",
        description="own: the second network sees another weak view; for networks that start alike",
    )
