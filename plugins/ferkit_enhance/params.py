"""Parameters of `clahe`."""

from __future__ import annotations

from pydantic import Field

from ferkit.plugin import Params


class ClaheParams(Params):
    """How strongly, and over how large a neighbourhood, contrast is evened out."""

    clip_limit: float = Field(
        2.0, gt=0, description="highest bin of a tile's histogram, multiples of the mean bin"
    )
    grid: int = Field(8, ge=1, description="tiles along each side of the crop")
