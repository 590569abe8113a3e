"""Parameters of `enlightengan`."""

from __future__ import annotations

from pydantic import Field

from ferkit.plugin import Params, WeightsPath


class EnlightenGanParams(Params):
    """Where the generator's weights are, and how it is run."""

    weights: WeightsPath | None = Field(
        None,
        description="file of the generator's weights, the public 200_net_G_A.pth or a .safetensors"
        " file of the same names (read without running code in it); null: the file that 'ferkit"
        " fetch enlightengan' put into the cache",
        json_schema_extra={"crops": False},  # the fingerprint tells these three
    )
    sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 that the file must have, lower-case hex; null: the registry's, if"
        " it knows one",
        json_schema_extra={"crops": False},
    )
    tile_px: int = Field(
        1024,
        ge=512,
        multiple_of=16,
        description="longest side of a piece that is enhanced at once, pixels: larger images go"
        " through in overlapping pieces, with the same result; bounds the memory",
    )
    half: bool = Field(
        False,
        description="half precision on a GPU; a CPU computes in full",
        json_schema_extra={"crops": False},
    )
