"""Parameters of the attentions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ferkit.plugin import Params


def _ascending(stages: tuple[int, ...]) -> tuple[int, ...]:
    if not stages:
        raise ValueError("name one stage at least, or write 'all' or 'last'")
    if list(stages) != sorted(set(stages)):
        raise ValueError("stages go up, each named once")
    return stages


Stages = (
    Literal["all", "last"]
    | Annotated[tuple[Annotated[int, Field(ge=1)], ...], AfterValidator(_ascending)]
)


class StageMeansParams(Params):
    """Which feature maps count."""

    stages: Stages = Field(
        "all",
        description="feature maps of the backbone: all, the last, or their numbers, counted from 1"
        " at the earliest",
    )


class SpatialAttentionParams(StageMeansParams):
    """Of eq. 1 and 2."""

    hops: int = Field(2, ge=1, description="h: weighted means of each map")
    hidden: int = Field(32, ge=1, description="U: width of the hidden layer")


class GatedAttentionParams(Params):
    """Of eq. 3 and 5."""

    hidden: int = Field(64, ge=1, description="r: width of the hidden layer")
