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


class RafdParams(Params):
    """Parameters of `rafd`."""

    path: DataPath = Field(description="the folder with the images; they may lie at any depth")
    angles: tuple[Literal[0, 45, 90, 135, 180], ...] = Field(
        (90,), min_length=1, description="cameras by their angle, degrees; 90 is the frontal one"
    )
    gazes: tuple[Literal["frontal", "left", "right"], ...] = Field(
        ("frontal", "left", "right"), min_length=1, description="directions of the gaze"
    )
    contempt: bool = Field(False, description="keep the class contempt")


class JaffeParams(Params):
    """Parameters of `jaffe`."""

    path: DataPath = Field(
        description="the folder with the images and the read-me file; they may lie at any depth"
    )


class KdefParams(Params):
    """Parameters of `kdef`."""

    path: DataPath = Field(
        description="the distribution's folder `KDEF`, or the one it is in (`KDEF_and_AKDEF`)"
    )
    angles: tuple[Literal["FL", "HL", "S", "HR", "FR"], ...] = Field(
        ("S",),
        min_length=1,
        description="views: full left profile, half left, straight, half right, full right",
    )
