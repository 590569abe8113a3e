"""Parameters of `efficientnet`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ferkit.plugin import Params, WeightsPath


class EfficientNetParams(Params):
    """Which network, and where its weights come from."""

    size: Literal["b0", "b2"] = Field("b0", description="b0: 1280 features; b2: 1408")
    padding: Literal["tensorflow", "symmetric"] = Field(
        "tensorflow",
        description="how the weights were trained: as in TensorFlow, with more padding below and "
        "right and batch norm's eps of 1e-3 (HSEmotion, timm's tf_ networks); or with equal "
        "padding and 1e-5 (torchvision's, timm's others)",
    )
    weights: WeightsPath | None = Field(
        None,
        description="file of weights: a state dict with timm's or torchvision's names, or a whole "
        "network of timm's, as HSEmotion's files are (read without running code in it); relative "
        "to the recipe; null: random weights",
    )
    fetched: bool = Field(
        False, description="the weights that 'ferkit fetch hsemotion' put into the cache"
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 that the file must have, lower-case hex; null: not checked",
    )
    normalisation: Literal["imagenet", "training"] = Field(
        "imagenet",
        description="with weights: ImageNet's mean and deviation, with which HSEmotion was trained "
        "too, or those of the training data; without weights always those of the training data",
    )

    @model_validator(mode="after")
    def _agreeing(self) -> EfficientNetParams:
        if self.weights is not None and self.fetched:
            raise ValueError("give weights or fetched, not both")
        if self.sha256 is not None and self.weights is None and not self.fetched:
            raise ValueError("sha256 is given without weights")
        return self
