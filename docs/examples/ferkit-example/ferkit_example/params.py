"""Parameters of the components. No torch here: `ferkit check` imports this module."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ferkit.plugin import Params

Share = Annotated[float, Field(ge=0, le=1)]


class CentreFaceParams(Params):
    """Where the face of a portrait lies, in fractions of its largest centred square."""

    eye_y: Share = Field(0.43, description="height of the eye line, fraction of the side")
    interocular: Share = Field(0.24, description="distance of the eyes, fraction of the side")


class HalfFacesParams(Params):
    """Of the region cropper `half_faces`."""

    size: int = Field(64, ge=8, le=1024, description="side of each crop, pixels")
    extent: float = Field(1.8, gt=0, description="side of each crop, distances between the eyes")


class ConvMixerParams(Params):
    """Of the backbone `conv_mixer`."""

    patch: int = Field(2, ge=1, description="side of a patch, pixels")
    width: int = Field(48, ge=1, description="channels")
    depth: int = Field(3, ge=1, description="blocks")
    reach: int = Field(5, ge=1, description="side of the window a block looks at, patches")


class BootstrapLabelsParams(Params):
    """Of the label update `bootstrap_labels`."""

    beta: Share = Field(0.95, description="how much of the label stays; the rest is belief")
    hard: bool = Field(False, description="believe in the most probable class alone")


class ConfidenceWeightParams(Params):
    """Of the sample weighting `confidence_weight`."""

    power: float = Field(1.0, ge=0, description="exponent; 0 weighs all samples the same")
    memory: float = Field(
        0.7, ge=0, lt=1, description="share of the epochs before in each sample's running mean"
    )


class CleanLabelParams(Params):
    """Of the loop `clean_label`."""

    epochs: int = Field(30, ge=1, description="passes over the larger of the two splits, at most")
    patience: int | None = Field(
        None, ge=1, description="stop after so many epochs without a lower validation loss"
    )
    ratio: int = Field(1, ge=1, description="unlabelled samples per labelled one in a step")
    weight: float = Field(1.0, ge=0, description="of the unlabelled loss once the ramp has ended")
    ramp_start: Share = Field(
        0.1, description="unlabelled loss is off until then, part of all steps"
    )
    ramp_end: Share = Field(0.5, description="and has its full weight from then, part of all steps")
