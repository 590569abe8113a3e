"""Parameters of the file data sets."""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from ferkit.plugin import DataPath, Params


def _text_of_number(value: object) -> object:
    """YAML reads `1: happy` as a number; names of labels are text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _pattern(value: str) -> str:
    try:
        groups = re.compile(value).groups
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    if groups != 1:
        raise ValueError(f"must have exactly one group in parentheses, this has {groups}")
    return value


def _encoding(value: str) -> str:
    try:
        codecs.lookup(value)
    except LookupError as error:
        raise ValueError(f"no encoding {value!r}") from error
    return value


def _distinct(value: tuple[str, ...]) -> tuple[str, ...]:
    doubles = sorted({name for name in value if value.count(name) > 1})
    if doubles:
        raise ValueError(f"named twice: {', '.join(doubles)}")
    return value


Name = Annotated[str, BeforeValidator(_text_of_number), StringConstraints(min_length=1)]
Pattern = Annotated[str, AfterValidator(_pattern)]
ClassNames = Annotated[tuple[Name, ...], AfterValidator(_distinct), Field(min_length=1)]


Clips = Literal["files", "folders"]
CLIPS = (
    "files: each image is a sample. folders: each of the lowest folders with images is one, a "
    "clip. Videos are samples either way"
)


class FolderParams(Params):
    """Parameters of `folder`."""

    path: DataPath = Field(description="the folder that holds one folder per class")
    classes: ClassNames | None = Field(
        None,
        description="class names in label order; default: the names there are, in the order "
        "anger, disgust, fear, happy, neutral, sad, surprise if all are among these, else sorted",
    )
    labels: dict[Name, Name | None] = Field(
        default_factory=dict,
        description="folder name -> class, where they differ; null leaves the folder out",
    )
    clips: Clips = Field("files", description=CLIPS)
    splits: bool = Field(
        False, description="whether the class folders lie in train, validation, test, unlabelled"
    )
    subject: Pattern | None = Field(
        None,
        description="regular expression for the path below the folder; its group is the subject",
    )
    group: Pattern | None = Field(
        None, description="the same for samples that belong together, such as a sequence"
    )


class UnlabelledFolderParams(Params):
    """Parameters of `unlabelled_folder`."""

    path: DataPath = Field(description="the folder; images and videos at any depth below it count")
    clips: Clips = Field("files", description=CLIPS)
    subject: Pattern | None = Field(
        None,
        description="regular expression for the path below the folder; its group is the subject",
    )


class Columns(Params):
    """What the columns of a table are called; null ignores the column of that name."""

    path: Name = Field(
        "path",
        description="file, or folder with the images of a clip, relative to the table or `root`",
    )
    label: Name | None = Field("label", description="name of the class")
    split: Name | None = Field("split", description="train, validation, test or unlabelled")
    subject: Name | None = Field("subject", description="who is shown")
    group: Name | None = Field("group", description="samples that belong together")
    landmarks: Name | None = Field(
        "landmarks",
        description="ten numbers, x and y in pixels of left eye, right eye, nose, left and right "
        "mouth corner, left as seen in the image; or else the columns left_eye_x, "
        "left_eye_y, right_eye_x ... right_mouth_y",
    )
    first_frame: Name | None = Field(
        "first_frame", description="of a clip of which only a part is meant, counted from 0"
    )
    last_frame: Name | None = Field("last_frame", description="the part's last frame")
    votes: dict[Name, Name] | None = Field(
        None, description="class -> column with the votes or probability it got"
    )


class TableParams(Params):
    """Parameters of `table`."""

    path: DataPath = Field(description="a CSV, TSV or Parquet file")
    root: DataPath | None = Field(
        None, description="folder that the paths are relative to; default: the table's"
    )
    columns: Columns = Field(default_factory=Columns, description="names of the columns")
    classes: ClassNames | None = Field(
        None,
        description="class names in label order; default: the names there are, in the order "
        "anger, disgust, fear, happy, neutral, sad, surprise if all are among these, else sorted",
    )
    labels: dict[Name, Name | None] = Field(
        default_factory=dict,
        description="label in the table -> class, where they differ; null leaves the row out",
    )
    encoding: Annotated[str, AfterValidator(_encoding)] = Field(
        "utf-8", description="of a text table; a byte-order mark overrules it"
    )
