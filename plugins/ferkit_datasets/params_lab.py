"""Parameters of the data sets that were photographed or filmed in a laboratory."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import DataPath, Params


class CkPlusParams(Params):
    """Parameters of `ck_plus`."""

    path: DataPath = Field(
        description="the folder with `cohn-kanade-images` and `Emotion` in it (or the folders "
        "that their archives unpack to)"
    )
    samples: Literal["sequences", "stills"] = Field(
        "sequences",
        description="each sequence is a clip; or its first frame is a picture that is neutral, and "
        "its last three are pictures with its label",
    )
    contempt: bool = Field(True, description="keep the class contempt")
    unlabelled: bool = Field(
        False,
        description="give the sequences without a label too, as unlabelled samples; of stills, "
        "the first and the last three frames",
    )
    landmarks: bool = Field(
        True,
        description="give stills their five landmarks where the folder `Landmarks` is there; "
        "faces are then not detected",
    )
