"""Parameters of `mtcnn`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ferkit.plugin import Params

Threshold = Annotated[float, Field(ge=0, le=1)]


class MtcnnParams(Params):
    """Where MTCNN looks, and what it takes for a face."""

    min_face_px: float = Field(
        40.0,
        ge=12,
        description="side of the smallest face looked for, pixels of the frame after"
        " `largest_side`; half of it costs four times the time",
    )
    min_face_fraction: float = Field(
        0.0,
        ge=0,
        le=1,
        description="the same as a fraction of the frame's shorter side; the larger of both holds",
    )
    thresholds: tuple[Threshold, Threshold, Threshold] = Field(
        (0.6, 0.7, 0.7), description="lowest score to pass each of the three networks"
    )
    factor: float = Field(
        0.709, gt=0.1, lt=1, description="size of each pyramid level relative to the one before"
    )
    largest_side: int | None = Field(
        1280,
        ge=48,
        description="frames with a longer side are scaled down to it, pixels; null: never."
        " Boxes and landmarks are in pixels of the frame as given",
    )
    half: bool | None = Field(
        None,
        description="whether the networks compute in 16-bit floats; null: on a GPU, where it is"
        " faster, and nowhere else",
        json_schema_extra={"crops": False},  # the fingerprint tells what is in force
    )
