"""Parameters of erasing attention consistency."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from ferkit.training.labelled_params import LabelledParams

Share = Annotated[float, Field(ge=0, le=1)]


class EacParams(LabelledParams):
    """Of the loop `eac`."""

    weight: float = Field(5.0, ge=0, description="factor of the consistency (lambda)")
    erasing: float = Field(
        0.5, ge=0, le=1, description="probability that a part of a sample is erased"
    )
    area: tuple[Share, Share] = Field(
        (0.02, 0.25), description="least and greatest share of the image that is erased"
    )
    same_erasing: bool = Field(
        True, description="the mirrored image lost the same part; false: a draw of its own"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.area[0] > self.area[1]:
            raise ValueError("area: the first number must not exceed the second")
        return self
