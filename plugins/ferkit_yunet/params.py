"""Parameters of `yunet`."""

from __future__ import annotations

from pydantic import Field

from ferkit.plugin import Params


class YunetParams(Params):
    """Where YuNet looks, and what it takes for a face."""

    largest_side: int | None = Field(
        640,
        ge=32,
        description="frames with a longer side are scaled down to it, pixels; null: never. The"
        " network sees faces of about 10 to 300 pixels, so more finds smaller faces and misses"
        " large ones",
    )
    threshold: float = Field(
        0.6, ge=0.1, le=1, description="lowest score that is a face: geometric mean of both heads"
    )
    overlap: float = Field(
        0.3, ge=0, le=1, description="intersection over union above which the weaker box goes"
    )
    average: bool = Field(
        True,
        description="box and landmarks are the mean over all cells that see the face, weighted by"
        " their score; false: the strongest cell's, as OpenCV does",
    )
