"""Parameters of the transformer over frames."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ferkit.plugin import Params


class TemporalTransformerParams(Params):
    """Of the aggregation `temporal_transformer`."""

    layers: int = Field(1, ge=1, description="blocks, one after the other")
    width: int | None = Field(
        256, ge=1, description="numbers per frame within it; null: as many as the features have"
    )
    heads: int = Field(4, ge=1, description="attentions side by side; they divide the width")
    expansion: float = Field(
        2.0, gt=0, description="width of the hidden layer of a block, in widths of the block"
    )
    dropout: float = Field(0.1, ge=0, lt=1, description="probability, after each half of a block")
    position: Literal["sinusoidal", "learnt", "none"] = Field(
        "sinusoidal", description="how frames say where in the clip they are"
    )
    read: Literal["class_token", "mean"] = Field(
        "class_token",
        description="what is handed on: a token of its own that looks at all frames, or their mean",
    )
    max_frames: int = Field(64, ge=1, description="frames of a clip at most, for learnt positions")

    @model_validator(mode="after")
    def _heads_divide(self) -> TemporalTransformerParams:
        if self.width is not None and self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {self.width}")
        return self
