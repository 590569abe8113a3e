"""Parameters of the attentions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from ferkit.plugin import Params

Stages = Literal["all", "last"] | tuple[Annotated[int, Field(ge=1)], ...]


class StageMeansParams(Params):
    """Which feature maps count."""

    stages: Stages = Field(
        "all",
        description="feature maps of the backbone: all, the last, or a list of their numbers, the"
        " earliest being 1",
    )

    @field_validator("stages")
    @classmethod
    def _ascending(cls, stages: Stages) -> Stages:
        if isinstance(stages, tuple) and (not stages or list(stages) != sorted(set(stages))):
            raise ValueError("a list of stages goes up and names each once, as in [3, 4]")
        return stages


class SpatialAttentionParams(StageMeansParams):
    """Of eq. 1 and 2."""

    hops: int = Field(2, ge=1, description="h: weighted means of each map")
    hidden: int = Field(32, ge=1, description="U: width of the hidden layer")


class GatedAttentionParams(Params):
    """Of eq. 3 and 5."""

    hidden: int = Field(64, ge=1, description="r: width of the hidden layer")
