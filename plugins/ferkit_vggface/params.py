"""Parameters of `vggface`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ferkit import suggest
from ferkit.plugin import Params, WeightsPath
from ferkit_vggface.blocks import BLOCKS, FULLY_CONNECTED, frozen_blocks

Block = Literal["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7"]


class VggFaceParams(Params):
    """Where the weights come from, and how fast they may change."""

    weights: WeightsPath | None = Field(
        None,
        description="file of VGG-Face's weights in a public layout, .pth, .safetensors or .t7 "
        "(read without running code in it); relative to the recipe; null: random weights, trained "
        "from scratch",
    )
    fetched: bool = Field(
        False, description="the weights that 'ferkit fetch vggface' put into the cache"
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 that the file must have, lower-case hex; null: not checked",
    )
    channel_order: Literal["auto", "rgb", "bgr"] = Field(
        "auto",
        description="colours in the order that the file's first convolution expects them; auto: "
        "as in the public file of its layout, an error where there are both",
    )
    normalisation: Literal["faces", "imagenet", "training"] = Field(
        "faces",
        description="with weights: VGG-Face's mean on the scale 0..255; torchvision's ImageNet "
        "statistics, for an ImageNet VGG-16; or those of the training data. Without weights "
        "always those of the training data",
    )
    fully_connected: bool = Field(
        True,
        description="keep fc6 and fc7, made for crops of 224 px (others are pooled to 7x7 "
        "first): 4096 features; else features are the mean of the last map: 512",
    )
    dropout: float = Field(
        0.5, ge=0, lt=1, description="probability, after each of fc6 and fc7, while training"
    )
    freeze: Block | None = Field(
        None,
        description="this block and all before it keep their weights: conv1 to conv5, fc6, fc7",
    )
    rates: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {},
        description="factor of the learning rate by block (conv1 to conv5, fc6, fc7), 1 where "
        "none is given, 0 freezes; such as {conv4: 0.1, conv5: 0.3}",
    )

    def provides(self) -> tuple[str, ...]:
        """What the features are made of."""
        return () if self.fully_connected else ("pooled_maps",)

    @field_validator("rates")
    @classmethod
    def _known_blocks(cls, rates: dict[str, float]) -> dict[str, float]:
        for name in rates:
            if name not in BLOCKS:
                close = suggest.nearest(name, BLOCKS)
                meant = f"did you mean {close!r}?" if close else f"blocks: {', '.join(BLOCKS)}"
                raise ValueError(f"no block {name!r} ({meant})")
        return rates

    @model_validator(mode="after")
    def _agreeing(self) -> VggFaceParams:
        named = set(self.rates) | ({self.freeze} if self.freeze else set())
        absent = sorted(named & set(FULLY_CONNECTED))
        if absent and not self.fully_connected:
            raise ValueError(f"{', '.join(absent)}: not there with fully_connected: false")
        for name in frozen_blocks(self.freeze):
            if self.rates.get(name):
                raise ValueError(f"{name} has a rate and is frozen by freeze: {self.freeze}")
        if self.weights is not None and self.fetched:
            raise ValueError("give weights or fetched, not both")
        if self.sha256 is not None and self.weights is None and not self.fetched:
            raise ValueError("sha256 is given without weights")
        return self
