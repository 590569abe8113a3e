"""Parameters of FAN."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import Params


class FanParams(Params):
    """Of the aggregation `fan`."""

    attention: Literal["self", "self_relation"] = Field(
        "self_relation",
        description="self: a mean weighted by a gate on each frame, length D; self_relation: "
        "weighted by a second gate too, on a frame beside that mean, length 2 D",
    )
    dropout: float = Field(0.5, ge=0, lt=1, description="probability, before each gate")
