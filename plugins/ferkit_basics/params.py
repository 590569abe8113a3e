"""Parameters of the plain parts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import Params
from ferkit.training.labelled_params import LabelledParams


class SmallCnnParams(Params):
    """Of the backbone `small_cnn`."""

    width: int = Field(16, ge=1, description="channels of the first block; each doubles them")
    stride: Literal[1, 2] = Field(
        1,
        description="pixels from one place of the first convolution to the next; 2 stands for the "
        "first pooling and is faster",
    )
    grid: int = Field(
        3, ge=1, description="the last map is averaged to so many cells a side, all kept"
    )
    even_light: bool = Field(
        True, description="bring every image to mean 0 and deviation 1 before the first block"
    )


class FixedParams(Params):
    """Of the label update `fixed`."""

    eps: float = Field(
        0.05, ge=0, le=1, description="probability moved from the label to the other classes"
    )


class ConfidenceParams(Params):
    """Of the sample weighting `confidence`."""

    threshold: float = Field(
        0.95, ge=0, le=1, description="least probability of the likeliest class that counts"
    )


class SupervisedParams(LabelledParams):
    """Of the loop `supervised`."""
