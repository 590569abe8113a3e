"""Parameters of FlexMatch's weighting."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import Params


class FlexMatchParams(Params):
    """Of the sample weighting `flexmatch`."""

    threshold: float = Field(
        0.95,
        ge=0,
        le=1,
        description="probability from which a prediction is sure; the threshold of the class that "
        "is best learnt",
    )
    mapping: Literal["convex", "linear", "concave"] = Field(
        "convex",
        description="of how far a class is learnt, b in [0, 1], to the share of the threshold: "
        "b/(2-b), b, or log(1+b)/log 2",
    )
    warm_up: bool = Field(
        True,
        description="samples that were never predicted surely count as a class of their own, so "
        "that thresholds rise from 0 while they are many",
    )
