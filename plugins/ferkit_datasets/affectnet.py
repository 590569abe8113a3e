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
from ferkit_datasets.lists import code_of, read_list
from ferkit_datasets.names import kept_classes
from ferkit_datasets.npy import read_npy
from ferkit_datasets.params_wild import AffectNetParams
from ferkit_datasets.places import folders_like, seen, within
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

    One of the two splits will do; that the other is not there is told.

    Raises: FerkitError: neither form is there, or nothing in it to use.
    """
    found = Gathered(params.path, kept_classes(contempt=params.contempt), access=ACCESS)
    lists = _lists(found)
    folders = [name for name in FOLDERS if found.find(f"{name}/annotations") is not None]
    if folders:
        _read_folders(found, folders, params)
    elif lists:
        _read_lists(found, lists, params)
        for name in FOLDERS:
            if found.find(name) is not None:
                what = "has no folder 'annotations' and is not read; the lists are."
                found.problem("surplus folder", name, what, dropped=False)
    else:
        met = next((name for name in FOLDERS if found.find(name) is not None), None)
        found.below("training.csv" if met is None else f"{met}/annotations")
    return found.reading()


def _lists(found: Gathered) -> dict[str, Path]:
    """Split -> its list, of those that are there."""
    inside = ("Manually_Annotated_file_lists", "Manually_Annotated/Manually_Annotated_file_lists")
    met: dict[str, Path] = {}
    for name, split in LISTS.items():
        places = (name, *(f"{folder}/{name}" for folder in inside))
        if any(found.find(place) for place in places):
            met[split] = found.first_of(*places)
    return met


def _read_lists(found: Gathered, lists: dict[str, Path], params: AffectNetParams) -> None:
    images = found.fullest(
        "Manually_Annotated_Images",
        "Manually_Annotated/Manually_Annotated_Images",
        "Manually_Annotated",
        holds=folders_like(r"\d+"),
    )
    for name, split in LISTS.items():
        if split not in lists:
            found.problem("missing file", name, f"there is no {split} split.", dropped=False)
    for split, table in lists.items():
        where = found.relative(table)
        for line, (name, *_, points, code, valence, arousal) in read_list(
            table, COLUMNS, unnamed=COLUMNS
        ):
            values = points.split(";") if params.landmarks else ()
            file = within(images, name)
            if file is None:
                what = f"'{name}' is no path below {found.relative(images)}."
                found.problem("bad path", where, what, line=line)
                continue
            row = Annotated(file, split, code, valence, arousal, values, where, line)
            _add(found, row, landmarks=params.landmarks)
    for entry in seen(images):
        if entry.is_dir():
            found.surplus(entry)


def _read_folders(found: Gathered, there: Sequence[str], params: AffectNetParams) -> None:
    for folder, split in FOLDERS.items():
        if folder not in there:
            what = f"there is no {split} split."
            found.problem("missing folder", f"{folder}/annotations", what, dropped=False)
            continue
        images = found.below(folder, "images")
        annotations = found.below(folder, "annotations")
        numbers = [
            entry.name.removesuffix("_exp.npy")
            for entry in annotations.iterdir()
            if entry.name.endswith("_exp.npy") and not entry.name.startswith(".")
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
    name = CODES.get(code_of(row.code))
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
    five, why = _five(row.points)
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
        what = f"{found.relative(row.file)} has no 68 landmarks{why}."
        kind = "odd landmarks" if why else "missing landmarks"
        found.problem(kind, row.where, what, line=row.line, dropped=False)


def _degree(text: str) -> float | None:
    """Valence or arousal, -1 to 1; None where it is not given."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -1 <= value <= 1 else None


def _five(values: Sequence[str | float]) -> tuple[tuple[Point, ...] | None, str]:
    """The five, and in what the 68 fall short: "" if they are not all there."""
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return None, ""
    if len(numbers) != 2 * COUNT or not all(map(math.isfinite, numbers)):
        return None, ""
    five = five_of(list(zip(numbers[::2], numbers[1::2], strict=True)))
    return five, " that lie as in an upright face"
