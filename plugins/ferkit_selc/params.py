"""Parameters of SELC."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ferkit.plugin import Params

Epochs = Annotated[int, Field(ge=0)]


class SelcParams(Params):
    """Of the label update `selc`."""

    turning: Epochs | Literal["auto"] = Field(
        10,
        description="epochs of a phase that are learnt with the labels as they are; auto: until "
        "the losses say that wrong labels begin to be learnt",
    )
    patience: int = Field(
        3,
        ge=1,
        description="with turning: auto, epochs without a greater distance of low and high losses "
        "after which labels move",
    )
    momentum: float = Field(
        0.9, ge=0, le=1, description="alpha, share of its label that a sample keeps each time"
    )

    def provides(self) -> tuple[str, ...]:
        """Where nothing is given there is no loss against it."""
        return ("split=labelled",) if self.turning == "auto" else ()
