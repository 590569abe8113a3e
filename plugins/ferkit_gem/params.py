"""Parameters of GeM."""

from __future__ import annotations

from pydantic import Field

from ferkit.plugin import Params


class GemParams(Params):
    """Of the aggregation `gem`."""

    p: float = Field(3.0, ge=1, description="power at first; 1 is the mean, large is the maximum")
    eps: float = Field(1e-6, gt=0, description="what is smaller in a map counts as this")
    per_channel: bool = Field(False, description="a power for each channel instead of one for all")
    rate: float = Field(
        10.0, ge=0, description="factor of the power's learning rate; 0: it stays as it is"
    )
