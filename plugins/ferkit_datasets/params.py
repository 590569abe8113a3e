"""Parameters of the data sets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import DataPath, Params


class RafDbParams(Params):
    """Parameters of `raf_db`."""

    path: DataPath = Field(description="the distribution's folder `basic`, or the one it is in")
    images: Literal["aligned", "original"] = Field(
        "aligned", description="the 100 px crops of the distribution, or the photographs"
    )
    landmarks: bool = Field(
        True,
        description="give the photographs (not the `aligned` ones) the five points that people "
        "set, so that the labelled face is cut; false: a detector looks for a face",
    )
