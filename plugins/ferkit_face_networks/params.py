"""Parameters of `ir50` and `mobilefacenet`."""

from __future__ import annotations

from typing import Literal, TypeVar

from pydantic import Field, model_validator

from ferkit.plugin import Params, WeightsPath

Self = TypeVar("Self", bound="FaceNetworkParams")


class FaceNetworkParams(Params):
    """What both have."""

    weights: WeightsPath | None = Field(
        None,
        description="file of weights, .pth or .safetensors (read without running code in it), in "
        "the layout; relative to the recipe; null: random weights",
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 that the file must have, lower-case hex; null: not checked",
    )
    channel_order: Literal["auto", "rgb", "bgr"] = Field(
        "auto",
        description="colours in the order that the file's first convolution expects them; auto: "
        "as the authors of the layout publish theirs",
    )
    normalisation: Literal["127.5", "128", "training"] = Field(
        "127.5",
        description="with weights: pixels of 0..255 minus 127.5, divided by this number, or the "
        "statistics of the training data; without weights always the latter",
    )
    embedding: bool = Field(
        True,
        description="keep the layers that make the embedding, for crops of 112 px (the last map of "
        "others is pooled to 7x7 first); else features are the mean of the last map: 512",
    )

    def provides(self) -> tuple[str, ...]:
        """What the features are made of."""
        return () if self.embedding else ("pooled_maps",)

    @model_validator(mode="after")
    def _agreeing(self: Self) -> Self:
        if self.sha256 is not None and self.weights is None:
            raise ValueError("sha256 is given without weights")
        return self


class Ir50Params(FaceNetworkParams):
    """Of the backbone `ir50`."""

    layout: Literal["insightface", "evolve", "adaface", "poster"] = Field(
        "insightface",
        description="whose IR-50, as they differ in more than names: InsightFace's arcface_torch; "
        "face.evoLVe's and InsightFace_Pytorch's; AdaFace's; or POSTER's, which is the first three "
        "of its four stages, with 256 features and embedding: false",
    )
    dropout: float = Field(
        0.0, ge=0, lt=1, description="probability, before the embedding's layer, while training"
    )

    @model_validator(mode="after")
    def _without_embedding(self) -> Ir50Params:
        if self.layout == "poster" and self.embedding:
            raise ValueError("layout: poster has no embedding; write embedding: false")
        return self


class MobileFaceNetParams(FaceNetworkParams):
    """Of the backbone `mobilefacenet`."""

    layout: Literal["paper", "insightface"] = Field(
        "paper",
        description="paper: as published, 64 and 128 channels, with the names of "
        "InsightFace_Pytorch and face.evoLVe; insightface: arcface_torch's mbf, twice as wide",
    )
    dim: Literal[128, 512] = Field(
        512, description="length of the embedding: of most files 512, in the paper 128"
    )
