"""Parameters of `clahe` and `gamma`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from ferkit.plugin import Params


class ClaheParams(Params):
    """How strongly, and over how large a neighbourhood, contrast is evened out."""

    clip_limit: float = Field(
        2.0, gt=0, description="highest bin of a tile's histogram, multiples of the mean bin"
    )
    grid: int = Field(8, ge=1, description="tiles along each side of the crop")


def _rising(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError(f"the lower limit comes first, not {limits[0]:g} before {limits[1]:g}")
    return limits


Exponent = Annotated[float, Field(gt=0, le=10)]


class GammaParams(Params):
    """How bright images are to be, and how far they may be changed for it."""

    target: float = Field(
        0.65,
        gt=0,
        lt=1,
        description="median brightness (largest of red, green and blue) of an image, in (0, 1)",
    )
    limits: Annotated[tuple[Exponent, Exponent], AfterValidator(_rising)] = Field(
        (0.4, 1.5),
        description="lowest and highest exponent; below 1 brightens, above 1 darkens, [0.4, 1] only"
        " brightens",
    )
