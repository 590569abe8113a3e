"""FER2013: 35887 grey faces of 48 x 48 pixels, found by web searches for expressions.

Two forms of it are read. Kaggle's challenge has one table, `fer2013.csv` (in another archive
`icml_face_data.csv`, whose column names begin with a space), with the pixels as text. The copy
https://www.kaggle.com/datasets/msambare/fer2013 has files `train/angry/Training_10118481.jpg`
and puts both test sets into `test`; its files' names still tell them apart.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit_datasets.gathered import Gathered, images_of
from ferkit_datasets.params_wild import Fer2013Params
from ferkit_datasets.pixel_table import find_table, like_table, unpack
from ferkit_datasets.places import seen

CODES = {
    "0": "anger",
    "1": "disgust",
    "2": "fear",
    "3": "happy",
    "4": "sad",
    "5": "surprise",
    "6": "neutral",
}
"""The numbers of its table."""

FOLDERS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happy",
    "neutral": "neutral",
    "sad": "sad",
    "surprise": "surprise",
}
"""The folders of the copy in files."""

USAGES = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
"""Its words for the splits."""

ACCESS = "FER2013 (fer2013.csv, or the folders train and test with a folder per class)."


def make_fer2013(params: Fer2013Params, context: Context) -> FileDataset:
    """The data set `fer2013`."""
    return FileDataset(partial(read_fer2013, params))


def read_fer2013(params: Fer2013Params) -> Reading:
    """Read the table, whose images go into the user's cache, or the folders.

    Raises: FerkitError: neither is there, or nothing in it to use. RunError: the cache can't be
        written.
    """
    given = Path(params.path)
    table = given if given.is_file() else None
    found = Gathered(str(given.parent if table else given), CLASSES, access=ACCESS)
    table = table or find_table(found.root)
    if table is not None:
        _read_table(found, table)
    elif found.find("train") is not None:
        _read_folders(found, found.below("train"))
        if found.find("test") is not None:
            _read_folders(found, found.below("test"))
        else:
            what = "there is no validation and no test split."
            found.problem("missing folder", "test", what, dropped=False)
    else:
        close = like_table(found.root)
        raise FerkitError(
            "there is neither 'fer2013.csv' nor a folder 'train' in it.",
            where=str(found.root),
            hint=f"Did you mean '{close}'?" if close else f"Expected is the data set {ACCESS}",
        )
    return found.reading()


def _read_table(found: Gathered, table: Path) -> None:
    where = found.relative(table)
    for row in unpack(table):
        if row.code not in CODES:
            what = f"'{row.code}' is no label from 0 to 6."
            found.problem("unknown label", where, what, line=row.line)
        elif row.usage not in USAGES:
            what = f"'{row.usage}' is none of {', '.join(USAGES)}."
            found.problem("bad split word", where, what, line=row.line)
        elif row.why:
            found.problem("bad pixels", where, row.why, line=row.line)
        else:
            found.add(
                row.file,
                CODES[row.code],
                id=f"{row.usage}/{row.file.stem}",
                split=USAGES[row.usage],
                line=row.line,
            )


def _read_folders(found: Gathered, folder: Path) -> None:
    for place in (entry for entry in seen(folder) if entry.is_dir()):
        word = place.name.lower()
        if word not in FOLDERS:
            what = f"'{place.name}' is no expression; its images are not used."
            found.problem("unknown label", found.relative(place), what)
            continue
        for name in images_of(place):
            usage = name.partition("_")[0]
            split = USAGES.get(usage, folder.name.lower())
            found.add(place / name, FOLDERS[word], split=split)
