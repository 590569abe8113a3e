"""Parameters of the torchvision backbones."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import Params, WeightsPath


class WeightsParams(Params):
    """Where weights come from, and what they expect."""

    weights: WeightsPath | None = Field(
        None,
        description="file of weights in torchvision's naming, .safetensors or .pth (read without "
        "running code in it); relative to the recipe; null: random weights",
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 that the file must have, lower-case hex; null: not checked",
    )
    normalisation: Literal["imagenet", "training"] = Field(
        "imagenet",
        description="with weights: mean and deviation that they were trained with, or those of "
        "the training data; without weights always those of the training data",
    )


class ResNetParams(WeightsParams):
    """Of the backbone `resnet`."""

    depth: Literal[18, 34, 50, 101, 152] = Field(18, description="number of layers")
    small_input: bool = Field(
        False,
        description="a stem for crops under about 100 px: 3x3 convolution of stride 1 without "
        "max-pooling, instead of 7x7 of stride 2 with it",
    )


class VggParams(WeightsParams):
    """Of the backbone `vgg`."""

    depth: Literal[11, 13, 16, 19] = Field(16, description="number of layers")
    batch_norm: bool = Field(False, description="batch norm after each convolution")
    fully_connected: bool = Field(
        False,
        description="keep the two fully connected layers of 4096 (crops are pooled to 7x7 first); "
        "else features are the mean of the last map",
    )

    def provides(self) -> tuple[str, ...]:
        """What the features are made of."""
        return () if self.fully_connected else ("pooled_maps",)


class NamedParams(WeightsParams):
    """Of the backbone `torchvision`."""

    name: Literal[
        "mobilenet_v3_small",
        "mobilenet_v3_large",
        "efficientnet_b0",
        "efficientnet_v2_s",
        "convnext_tiny",
        "convnext_small",
    ] = Field("mobilenet_v3_small", description="torchvision's name of the network")
