"""Parameters of the data sets that were gathered on the web."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ferkit.plugin import DataPath, Params


class MuxspaceParams(Params):
    """Parameters of `muxspace`."""

    path: DataPath = Field(description="a checkout of its repository: `images`, `data/legend.csv`")
    contempt: bool = Field(False, description="keep the class contempt, which has 9 images")


class Fer2013Params(Params):
    """Parameters of `fer2013`."""

    path: DataPath = Field(
        description="the folder with `fer2013.csv` (or that file), or with `train` and `test`"
    )


class FerPlusParams(Params):
    """Parameters of `ferplus`."""

    path: DataPath = Field(
        description="a checkout of FER+'s repository, or a folder with `fer2013new.csv` and "
        "`fer2013.csv` in it"
    )
    fer2013: DataPath | None = Field(
        None,
        description="`fer2013.csv` or its folder, if it lies elsewhere; not needed where the "
        "folders FER2013Train, FER2013Valid and FER2013Test hold the images",
    )
    target: Literal["majority", "probability", "cross_entropy"] = Field(
        "majority",
        description="of the training split. majority: the expression with more than half of the "
        "votes. cross_entropy: the distribution over the highest votes. probability: a label "
        "drawn from that, once for each image. Validation and test are labelled by majority",
    )
    seed: int = Field(0, ge=0, description="of the labels that `probability` draws")
    contempt: bool = Field(True, description="keep the class contempt")
    votes: Literal["fer2013new", "label"] = Field(
        "fer2013new",
        description="the list of votes: `fer2013new.csv`, or the files `label.csv` on which its "
        "authors' programme trains; they differ in 1602 images",
    )


class AffectNetParams(Params):
    """Parameters of `affectnet`."""

    path: DataPath = Field(
        description="the folder with `training.csv`, `validation.csv` (or in "
        "`Manually_Annotated_file_lists`) and `Manually_Annotated_Images`; or with `train_set` and "
        "`val_set`"
    )
    contempt: bool = Field(False, description="keep the class contempt")
    landmarks: bool = Field(
        True,
        description="give its landmarks, five of the 68, by which faces are then cut; false: a "
        "detector looks for them",
    )
