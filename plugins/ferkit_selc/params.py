"""Parameters of SELC."""

from __future__ import annotations

from pydantic import Field

from ferkit.plugin import Params


class SelcParams(Params):
    """Of the label update `selc`."""

    turning: int = Field(
        10, ge=0, description="epochs of a phase that are learnt with the labels as they are"
    )
    momentum: float = Field(
        0.9, ge=0, le=1, description="alpha, share of its label that a sample keeps each time"
    )
