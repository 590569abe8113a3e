"""Parameters of the data sets that were gathered on the web."""

from __future__ import annotations

from pydantic import Field

from ferkit.plugin import DataPath, Params


class MuxspaceParams(Params):
    """Parameters of `muxspace`."""

    path: DataPath = Field(description="a checkout of its repository: `images`, `data/legend.csv`")
    contempt: bool = Field(False, description="keep the class contempt, which has 9 images")
