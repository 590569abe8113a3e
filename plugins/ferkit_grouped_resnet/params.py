"""Parameters of `grouped_resnet`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ferkit.plugin import DataPath, Params

Form = Literal["auto", "grouped", "apart"]


class GroupedResNetParams(Params):
    """How large the network is, how it is computed, and where its first weights come from."""

    depth: Literal[18, 34] = Field(18, description="number of layers")
    width: int = Field(
        32,
        ge=1,
        description="channels per region of the first stage, doubled by each further stage: 32, "
        "64, 128, 256 as in the paper; 64 is a plain ResNet's width",
    )
    form: Form = Field(
        "auto",
        description="how it is computed; results differ by rounding only. grouped: convolutions "
        "with groups. apart: one convolution per region. auto: what is fastest on the device",
    )
    zero_init_residual: bool = Field(
        False,
        description="begin with residual blocks that add nothing: the last batch norm of each has "
        "the scale 0",
    )
    weights: DataPath | None = Field(
        None,
        description="file of a plain ResNet of this depth and width, which each region starts "
        "from: .safetensors or .pth in torchvision's naming (read without running code in it), "
        "relative to the recipe; null: random weights, others in each region",
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 that the file must have, lower-case hex; null: not checked",
    )
    normalisation: Literal["imagenet", "training"] = Field(
        "imagenet",
        description="with weights: mean and deviation of ImageNet, or those of the training data; "
        "without weights always those of the training data",
    )

    @model_validator(mode="after")
    def _agreeing(self) -> GroupedResNetParams:
        if self.weights is not None and self.zero_init_residual:
            raise ValueError("zero_init_residual is of random weights, and weights are given")
        if self.weights is None and self.sha256 is not None:
            raise ValueError("sha256 is given without weights")
        return self
