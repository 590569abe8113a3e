"""Parameters of the confident joint."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import Params


class RelabelParams(Params):
    """Of the label update `confident_joint_relabel`."""

    warm_up: int = Field(
        10, ge=0, description="epochs of a phase in which nothing is taken for an error"
    )


class ConfidentJointParams(RelabelParams):
    """Of the sample weighting `confident_joint`."""

    factor: float = Field(
        0.0, ge=0, le=1, description="weight of a sample whose label is a candidate error"
    )
    count: Literal["joint", "any"] = Field(
        "joint",
        description="candidates: those counted off the diagonal of the confident joint, or all "
        "that reach the threshold of any other class",
    )
