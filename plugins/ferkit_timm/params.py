"""Parameters of `timm`."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ferkit.plugin import Params, WeightsPath
from ferkit_timm.names import unknown_name


class TimmParams(Params):
    """Which network, what of it, and where its weights come from."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?$",
        description="timm's name of the network, with or without that of a training, such as "
        "resnet18 or resnet18.a1_in1k, which tells the normalisation; nothing is downloaded",
    )
    weights: WeightsPath | None = Field(
        None,
        description="file of weights with timm's names, .safetensors or .pth (read without running "
        "code in it); relative to the recipe; null: random weights",
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 that the file must have, lower-case hex; null: not checked",
    )
    normalisation: Literal["own", "training"] = Field(
        "own",
        description="with weights: mean and deviation that timm says of this training, or those "
        "of the training data; without weights always those of the training data",
    )
    features: Literal["own", "mean"] = Field(
        "own",
        description="own: what the network gives its classifier; mean: the mean of its last map, "
        "which class maps need",
    )
    maps: int = Field(
        4,
        ge=0,
        description="how many maps it offers: of the last stages, or of the last blocks where "
        "there are none; 0: none",
    )

    def provides(self) -> tuple[str, ...]:
        """What it offers with these values."""
        if not self.maps:
            return ()
        return ("maps", "pooled_maps") if self.features == "mean" else ("maps",)

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        """Refuse what timm does not know, where timm is installed; else making it says so."""
        with suppress(ImportError):
            if (unknown := unknown_name(name)) is not None:
                raise ValueError(f"{unknown.what} {unknown.hint}")
        return name

    @model_validator(mode="after")
    def _agreeing(self) -> TimmParams:
        if self.features == "mean" and not self.maps:
            raise ValueError("features: mean needs maps of at least 1")
        if self.sha256 is not None and self.weights is None:
            raise ValueError("sha256 is given without weights")
        return self
