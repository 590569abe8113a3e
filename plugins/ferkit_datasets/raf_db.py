"""RAF-DB, its basic emotions: 15339 photographs, each labelled by about forty people.

The layout is that of the release's read-me (version 1.1). A photograph may show several people, so
that the labelled face is told by five points which the authors' helpers set by hand, in
`Annotation/manual/train_00001_manu_attri.txt`: five lines of x and y in pixels of the photograph,
set apart by a tab or a blank (centres of the eyes, tip of the nose, corners of the mouth), then
sex, race and age. Public programmes align the photographs by them.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.errors import FerkitError
from ferkit.faces.decode import IMAGE_SUFFIXES
from ferkit.plugin import Context
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.lists import read_lines
from ferkit_datasets.params import RafDbParams
from ferkit_datasets.places import files_like, seen, within
from ferkit_datasets.points68 import Point

CODES = {
    "1": "surprise",
    "2": "fear",
    "3": "disgust",
    "4": "happy",
    "5": "sad",
    "6": "anger",
    "7": "neutral",
}
"""The numbers of its list of labels."""

LISTS = ("list_patition_label.txt", "list_partition_label.txt")
"""The list, with its spelling in the release and as its read-me has it."""

POINTS = 5


def make_raf_db(params: RafDbParams, context: Context) -> FileDataset:
    """The data set `raf_db`."""
    return FileDataset(partial(read_raf_db, params))


def read_raf_db(params: RafDbParams) -> Reading:
    """Read the list of labels and look its images up.

    Raises: FerkitError: not the folder of RAF-DB, or nothing in it to use. IncompleteError: the
        list or the folder of the images is not there.
    """
    found = Gathered(params.path, CLASSES, access="RAF-DB (folder 'basic').")
    inside = "basic/" if found.find("basic") is not None else ""
    places = [f"{inside}EmoLabel/{name}" for name in LISTS]
    table = found.part(places[0], partial(found.first_of, *places))
    place = f"{inside}Image/{params.images}"
    holds = files_like(r"(train|test)_.*\.\w+")
    look = partial(found.fullest, place, f"{place}/{params.images}", holds=holds)
    images = found.part(place, look)
    if table is None:
        for image in _images(images) if images is not None else ():
            found.add(image, None, split=image.name.partition("_")[0])
        return found.reading()
    if images is None:
        return found.reading()
    manual = None
    if params.images == "original" and params.landmarks:
        manual = _manual(found, f"{inside}Annotation/manual")
    relative = found.relative(table)
    for line, text in enumerate(read_lines(table), start=1):
        if not text.strip():
            continue
        file, code = (*text.split(), "", "")[:2]
        if code not in CODES:
            found.problem("unknown label", relative, f"'{text}' has no label 1 to 7.", line=line)
            continue
        stem, _, suffix = file.rpartition(".")
        name = f"{stem}_aligned.{suffix}" if params.images == "aligned" else file
        part = stem.partition("_")[0]
        if within(images, file) is None:
            found.problem("bad path", relative, f"'{file}' is no file in the folder.", line=line)
            continue
        if part not in ("train", "test"):
            found.problem("bad split word", relative, f"'{file}' is of no split.", line=line)
            continue
        five = None if manual is None else _five(manual / f"{stem}_manu_attri.txt")
        added = found.add(images / name, CODES[code], split=part, line=line, landmarks=five)
        if added and manual is not None and five is None:
            what = "does not hold five points; the face is detected."
            where = found.relative(manual / f"{stem}_manu_attri.txt")
            found.problem("missing landmarks", where, what, dropped=False)
    found.surplus(images)
    return found.reading()


def _images(folder: Path) -> list[Path]:
    """The images of both splits, as their names have it, sorted."""
    return [
        path
        for path in seen(folder)
        if path.name.startswith(("train_", "test_")) and path.suffix.lower() in IMAGE_SUFFIXES
    ]


def _manual(found: Gathered, place: str) -> Path | None:
    """The folder of the points; None, and a problem, where it is not there."""
    if found.find(place) is None:
        what = (
            "without it faces are detected, and where a photograph shows several people, the face "
            "that is found may not be the labelled one."
        )
        found.problem("missing folder", place, what, dropped=False)
        return None
    return found.fullest(place, f"{place}/manual", holds=files_like(r".*_manu_attri\.txt"))


def _five(file: Path) -> tuple[Point, ...] | None:
    """Both eyes, nose, both mouth corners, of each pair the smaller x first; None: not there."""
    try:
        cells = [[float(cell) for cell in line.split()] for line in read_lines(file)[:POINTS]]
    except (FerkitError, ValueError):
        return None
    if len(cells) < POINTS or any(len(pair) != 2 for pair in cells):
        return None
    if not all(math.isfinite(value) for pair in cells for value in pair):
        return None
    eye, other, nose, corner, last = ((x, y) for x, y in cells)
    if eye == other:
        return None
    return (*sorted((eye, other)), nose, *sorted((corner, last)))
