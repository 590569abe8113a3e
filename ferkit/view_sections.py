"""The sections of a recipe on the views of a training step: weak (A12) and strong (B17)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from ferkit.section import Section


class AugmentationSection(Section):
    """The weak view (paper A: A12): one random affine map per clip, equal over its frames."""

    flip: Annotated[float, Field(ge=0, le=1, description="probability")] = 0.5
    zoom: Annotated[float, Field(ge=0, lt=1, description="scale within 1 +- zoom")] = 0.1
    shift: Annotated[float, Field(ge=0, lt=1, description="fraction of the side")] = 0.1
    rotation: Annotated[float, Field(ge=0, le=180, description="degrees")] = 10.0


Operation = Literal[
    "brightness",
    "contrast",
    "colour",
    "sharpness",
    "posterise",
    "solarise",
    "auto_contrast",
    "equalise",
    "flip",
    "translate_x",
    "translate_y",
    "rotate",
    "shear_x",
    "shear_y",
    "identity",
]

OPERATIONS: tuple[Operation, ...] = get_args(Operation)

RANGES: Mapping[Operation, float] = MappingProxyType(
    {
        "brightness": 0.9,
        "contrast": 0.9,
        "colour": 0.9,
        "sharpness": 0.9,
        "posterise": 4.0,
        "solarise": 1.0,
        "translate_x": 0.3,
        "translate_y": 0.3,
        "rotate": 30.0,
        "shear_x": 0.3,
        "shear_y": 0.3,
    }
)
"""Change at magnitude 9. Brightness to sharpness: the factor is 1 +- so much. Posterise: bits
taken away. Solarise: share of the levels that is inverted, from the brightest down. Translate:
fraction of the side. Rotate: degrees. Shear: tangent. Operations that are not here have no
magnitude."""

LIMITS: Mapping[Operation, float] = MappingProxyType(
    {**dict.fromkeys(RANGES, 1.0), "posterise": 7.0, "rotate": 180.0}
)
"""The largest change that `ranges` may ask for."""

LEVELS = 9
"""The magnitude at which an operation reaches the end of its range."""

Level = Annotated[int, Field(ge=0, le=LEVELS)]


class StrongSection(Section):
    """The strong view (paper B: B17): RandAugment, one draw per clip."""

    operations: tuple[Operation, ...] = Field(
        ("brightness", "contrast", "translate_x", "translate_y", "sharpness", "flip"),
        min_length=1,
        description="drawn from with equal chances, and with replacement; a name given twice is "
        "twice as likely",
    )
    count: tuple[Annotated[int, Field(ge=0, le=16)], Annotated[int, Field(ge=1, le=16)]] = Field(
        (2, 4), description="fewest and most operations of a clip"
    )
    magnitude: tuple[Level, Level] = Field(
        (0, LEVELS),
        description="least and greatest, whole numbers from 0 (no change) to 9 (end of the range);"
        " drawn for each operation, like its sign",
    )
    ranges: dict[Operation, Annotated[float, Field(gt=0)]] = Field(
        {},
        description="change at magnitude 9, for operations that shall not have their usual one",
    )
    probability: float = Field(
        1.0, ge=0, le=1, description="of each drawn operation to be carried out"
    )
    border: Literal["grey", "mirror"] = Field(
        "grey", description="what comes from outside the image when it is moved"
    )
    cutout: float = Field(
        0.0,
        ge=0,
        le=1,
        description="side of a grey square that covers a random place at last, fraction of the"
        " image's; 0: none",
    )
    per_frame: bool = Field(
        False, description="draw for each frame; regions of a frame are still treated alike"
    )
    weak_first: bool = Field(
        False, description="make a weak view first (`augmentation`), with a draw of its own"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for name, (least, most) in (("count", self.count), ("magnitude", self.magnitude)):
            if least > most:
                raise ValueError(f"{name}: the first number must not exceed the second")
        for operation, value in self.ranges.items():
            if operation not in RANGES:
                raise ValueError(f"ranges: {operation} has no magnitude")
            if value > LIMITS[operation]:
                raise ValueError(f"ranges: {operation} must be at most {LIMITS[operation]:g}")
        return self

    def largest(self, operation: Operation) -> float:
        """Change at magnitude 9, in the operation's units; 0 where it has no magnitude."""
        return self.ranges.get(operation, RANGES.get(operation, 0.0))
