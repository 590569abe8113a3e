"""Parameters that loops on the labelled samples alone have in common."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import Params


class LabelledParams(Params):
    """Of loops that go through the labelled samples; a method's own come after them."""

    epochs: int = Field(30, ge=1, description="passes over the labelled samples, at most")
    steps: int | None = Field(
        None,
        ge=1,
        description="steps of an epoch, in which the labelled samples are gone through as often as "
        "it takes; null: once",
    )
    patience: int | None = Field(
        None, ge=1, description="stop after so many epochs without a lower validation loss"
    )
    keep: Literal["best", "last"] = Field(
        "best", description="weights of the lowest validation loss, or of the last epoch"
    )
