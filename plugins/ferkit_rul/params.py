"""Parameters of relative uncertainty learning."""

from __future__ import annotations

from pydantic import Field

from ferkit.training.labelled_params import LabelledParams


class RulParams(LabelledParams):
    """Of the loop `rul`."""

    uncertainty_dim: int = Field(
        64, ge=1, description="numbers of which a sample's uncertainty is the mean"
    )
    uncertainty_dropout: float = Field(
        0.4, ge=0, lt=1, description="probability, before the layer that makes these numbers"
    )
