"""Parameters of the reader `decord`."""

from __future__ import annotations

from pydantic import Field

from ferkit.plugin import Params


class DecordParams(Params):
    """How decord decodes; none of it changes the pixels."""

    threads: int = Field(
        0,
        ge=0,
        description="threads per video; 0: as many as decord likes, and one for a long video",
        json_schema_extra={"crops": False},
    )
    chunk_mib: float = Field(
        64.0,
        gt=0,
        description="decoded frames handed over at a time, MiB; at least one frame",
        json_schema_extra={"crops": False},
    )
    largest_file_mib: float = Field(
        512.0,
        gt=0,
        description="largest video file, MiB: decord reads the whole file into memory",
        json_schema_extra={"crops": False},
    )
