"""Parameters of the croppers. Positions are fractions of the crop's side, from its top left."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from ferkit.plugin import Params

Position = Annotated[float, Field(ge=-1, le=2)]
Point = tuple[Position, Position]


class FaceParams(Params):
    """Where the eyes come to lie in the crop of the face."""

    size: int = Field(224, ge=8, le=1024, description="side of the crop, pixels")
    interocular: float = Field(
        0.32, gt=0, le=1, description="distance of the eyes, fraction of the side"
    )
    eye_y: Position = Field(0.37, description="height of the eye line, fraction of the side")


class EyesParams(Params):
    """Where the eyes come to lie in a crop of theirs alone."""

    size: int = Field(224, ge=8, le=1024, description="side of the crop, pixels")
    eyes_x: float = Field(
        0.2, ge=0, lt=0.5, description="left eye, fraction of the side; the right one mirrors it"
    )
    eyes_y: Position = Field(0.6, description="both eyes, fraction of the side")


class MouthParams(Params):
    """Where the mouth's corners come to lie in a crop of theirs alone."""

    size: int = Field(224, ge=8, le=1024, description="side of the crop, pixels")
    mouth_x: float = Field(
        0.2, ge=0, lt=0.5, description="left corner, fraction of the side; the right one mirrors it"
    )
    mouth_y: Position = Field(0.4, description="both corners, fraction of the side")


class FaceEyesMouthParams(FaceParams):
    """As `FaceParams`, and where eyes and mouth corners lie in their own crops."""

    eyes_x: float = Field(
        0.2,
        ge=0,
        lt=0.5,
        description="eyes crop: left eye, fraction of the side; the right one mirrors it",
    )
    eyes_y: Position = Field(0.6, description="eyes crop: both eyes, fraction of the side")
    mouth_x: float = Field(
        0.2,
        ge=0,
        lt=0.5,
        description="mouth crop: left corner, fraction of the side; the right one mirrors it",
    )
    mouth_y: Position = Field(0.4, description="mouth crop: both corners, fraction of the side")


class FivePointParams(Params):
    """Where the five landmarks come to lie in the crop of the face."""

    size: int = Field(224, ge=8, le=1024, description="side of the crop, pixels")
    margin: float = Field(
        0.0,
        gt=-0.4,
        le=2,
        description="added around the template on each side, fraction of its side",
    )
    template: tuple[Point, Point, Point, Point, Point] | None = Field(
        None,
        description="left eye, right eye, nose, left and right mouth corner, each x and y as"
        " fractions of the side; default: ArcFace's",
    )

    @field_validator("template")
    @classmethod
    def _spread_out(cls, template: tuple[Point, ...] | None) -> tuple[Point, ...] | None:
        if template is not None and len(set(template)) < len(template):
            raise ValueError("two of the five places are the same")
        return template
