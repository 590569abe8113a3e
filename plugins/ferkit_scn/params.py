"""Parameters of SCN."""

from __future__ import annotations

from pydantic import Field

from ferkit.plugin import Params


class ScnParams(Params):
    """Of the sample weighting `scn`."""

    top_share: float = Field(
        0.7, gt=0, lt=1, description="share of a step's samples that are to have more attention"
    )
    margin: float = Field(
        0.15, ge=0, le=1, description="by which their mean attention is to exceed the others'"
    )
    learn_margin: bool = Field(
        False, description="the margin is learnt with the network, from that value on"
    )
    factor: float = Field(1.0, ge=0, description="of the rank regularisation in the loss")


class ScnRelabelParams(Params):
    """Of the label update `scn_relabel`."""

    start_epoch: int = Field(
        10, ge=1, description="first epoch of a phase in which labels change, counted from 1"
    )
    margin: float = Field(
        0.2,
        ge=0,
        le=1,
        description="by which the largest probability must exceed that of the sample's label",
    )
