"""AffectNet, the images that people annotated: expression, valence and arousal, 68 landmarks.

Both forms in which it was given out are read, by what is there:

* `training.csv` and `validation.csv`, which name files below `Manually_Annotated_Images`. The
  latter list came without a line of column names.
* `train_set` and `val_set`, each with `images/N.jpg` of 224 px and `annotations/N_exp.npy`,
  `N_val.npy`, `N_aro.npy` (text in arrays without a shape) and `N_lnd.npy` (136 numbers, x and y
  in turn). It holds the eight expressions only; one image of contempt in `val_set` is gone.

The test set was never given out, so the validation set is the test split here, as in most papers.
That landmarks are in pixels of the image is what programmes that draw them rely on; the read-me
of the release was not seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ferkit.data.filed import FileDataset, Reading
from ferkit.plugin import Context
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.lists import read_list
from ferkit_datasets.names import kept_classes
from ferkit_datasets.npy import read_npy
from ferkit_datasets.params_wild import AffectNetParams
from ferkit_datasets.points68 import COUNT, Point, five_of

CODES = {
    "0": "neutral",
    "1": "happy",
    "2": "sad",
    "3": "surprise",
    "4": "fear",
    "5": "disgust",
    "6": "anger",
    "7": "contempt",
    "8": "none",
    "9": "uncertain",
    "10": "no face",
}
"""The numbers of its expressions; the last three are no classes here."""

COLUMNS = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
"""Of its lists, in order."""

LISTS = {"training.csv": "train", "validation.csv": "test"}
FOLDERS = {"train_set": "train", "val_set": "test"}

ACCESS = (
    "AffectNet (training.csv and validation.csv beside Manually_Annotated_Images, or the "
    "folders train_set and val_set)."
)


class Annotated(NamedTuple):
    """An image's annotations as text. where, line: of the list, or the file they come from."""

    file: Path
    split: str
    code: str
    valence: str
    arousal: str
    points: Sequence[str | float]
    where: str
    line: int


def make_affectnet(params: AffectNetParams, context: Context) -> FileDataset:
    """The data set `affectnet`."""
    return FileDataset(partial(read_affectnet, params))


def read_affectnet(params: AffectNetParams) -> Reading:
    """Read the annotations, in either form, and look the images up.

    Raises: FerkitError: neither form is there, or nothing in it to use.
    """
    found = Gathered(params.path, kept_classes(contempt=params.contempt), access=ACCESS)
    if any((found.root / folder).is_dir() for folder in FOLDERS):
        _read_folders(found, params)
    else:
        _read_lists(found, params)
    return found.reading()


def _read_lists(found: Gathered, params: AffectNetParams) -> None:
    inside = ("Manually_Annotated_file_lists", "Manually_Annotated/Manually_Annotated_file_lists")
    lists = [found.first_of(name, *(f"{folder}/{name}" for folder in inside)) for name in LISTS]
    images = found.first_of(
        "Manually_Annotated_Images",
        "Manually_Annotated/Manually_Annotated_Images",
        "Manually_Annotated",
    )
    for table, split in zip(lists, LISTS.values(), strict=True):
        where = found.relative(table)
        for line, (name, *_, points, code, valence, arousal) in read_list(
            table, COLUMNS, unnamed=COLUMNS
        ):
            values = points.split(";") if params.landmarks else ()
            row = Annotated(images / name, split, code, valence, arousal, values, where, line)
            _add(found, row, landmarks=params.landmarks)
    for entry in sorted(images.iterdir()):
        if entry.is_dir():
            found.surplus(entry)


def _read_folders(found: Gathered, params: AffectNetParams) -> None:
    for folder, split in FOLDERS.items():
        images = found.below(folder, "images")
        annotations = found.below(folder, "annotations")
        numbers = [
            entry.name.removesuffix("_exp.npy")
            for entry in annotations.iterdir()
            if entry.name.endswith("_exp.npy")
        ]
        for number in sorted(numbers, key=lambda name: (len(name), name)):
            _add_number(found, images / f"{number}.jpg", annotations, split, params)
        found.surplus(images)


def _add_number(
    found: Gathered, image: Path, annotations: Path, split: str, params: AffectNetParams
) -> None:
    told: dict[str, list[str | float]] = {}
    for kind in ("exp", "val", "aro", *(["lnd"] if params.landmarks else ())):
        file = annotations / f"{image.stem}_{kind}.npy"
        try:
            told[kind] = read_npy(file)
        except FileNotFoundError:
            told[kind] = []
        except (ValueError, OSError) as error:
            drop = kind == "exp"
            if drop:
                found.pass_over(image)
            what = f"{str(error).rstrip('.')}."
            found.problem("bad annotation", found.relative(file), what, dropped=drop)
            if drop:
                return
            told[kind] = []
    code, valence, arousal = (
        str(told[kind][0]) if len(told[kind]) == 1 else "" for kind in ("exp", "val", "aro")
    )
    where = found.relative(annotations / f"{image.stem}_exp.npy")
    points = told.get("lnd", ())
    row = Annotated(image, split, code, valence, arousal, points, where, 0)
    _add(found, row, landmarks=params.landmarks)


def _add(found: Gathered, row: Annotated, *, landmarks: bool) -> None:
    name = CODES.get(row.code)
    if name is None or name not in found.classes:
        found.pass_over(row.file)
        image = found.relative(row.file)
        if name is None:
            what = f"'{row.code}' of {image} is no expression from 0 to 10."
            found.problem("unknown label", row.where, what, line=row.line)
        else:
            what = f"{image} is annotated as {name}."
            found.problem("left out", row.where, what, line=row.line)
        return
    five = _five(row.points)
    attributes = {
        kind: value
        for kind, text in (("valence", row.valence), ("arousal", row.arousal))
        if (value := _degree(text)) is not None
    }
    added = found.add(
        row.file,
        name,
        split=row.split,
        line=row.line,
        landmarks=five,
        attributes=attributes,
    )
    if added and landmarks and five is None:
        what = f"{found.relative(row.file)} has no 68 landmarks that lie as in a face."
        found.problem("bad landmarks", row.where, what, line=row.line, dropped=False)


def _degree(text: str) -> float | None:
    """Valence or arousal, -1 to 1; None where it is not given."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -1 <= value <= 1 else None


def _five(values: Sequence[str | float]) -> tuple[Point, ...] | None:
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return None
    if len(numbers) != 2 * COUNT or not all(map(math.isfinite, numbers)):
        return None
    return five_of(list(zip(numbers[::2], numbers[1::2], strict=True)))
