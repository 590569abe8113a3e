"""DFEW: 16372 clips of films, ten votes each; 11697 of them have one emotion and a detected face.

The layout is that of its README (version 1.0) as public loaders read it. Splits for five folds are
`EmoLabel_DataSplit/train(single-labeled)/set_1.csv` and so on (columns `video_name`, `label`); the
folder is called `train(single_labeled)` too. Aligned faces are
`Clip/clip_224x224/00001/00001_00001.jpg`, videos are `Clip/original/1.mp4`; zeros before a number
do not matter, nor a folder between, as the archives come in parts. Votes are in
`Annotation/annotation.xlsx` (columns `order`, `1happy` to `7fear`, `label`), also as `.csv`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit.suggest import hint
from ferkit_datasets.clips import below_root, folders_in, videos_in
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.lists import code_of, read_list
from ferkit_datasets.params_video import DfewParams
from ferkit_datasets.spreadsheet import SheetRow, read_sheet

CODES = {
    "1": "happy",
    "2": "sad",
    "3": "neutral",
    "4": "anger",
    "5": "surprise",
    "6": "disgust",
    "7": "fear",
}
"""The labels of its lists."""

VOTES = {
    "1happy": "happy",
    "2sad": "sad",
    "3neutral": "neutral",
    "4angry": "anger",
    "5surprise": "surprise",
    "6disgust": "disgust",
    "7fear": "fear",
}
"""The columns of the annotation."""

COLUMNS = ("order", *VOTES)

SPLITS = "EmoLabel_DataSplit"
ANNOTATION = "Annotation/annotation"
CLIPS = {"frames": "Clip/clip_224x224", "original": "Clip/original"}


def make_dfew(params: DfewParams, context: Context) -> FileDataset:
    """The data set `dfew`."""
    return FileDataset(partial(read_dfew, params))


def read_dfew(params: DfewParams) -> Reading:
    """Read the lists of a fold, look the clips up, and read the votes if they are there.

    Raises: FerkitError: not the folder of DFEW, or nothing in it to use. IncompleteError: a list or
        the folder of the clips is not there.
    """
    access = "DFEW (folders 'EmoLabel_DataSplit' and 'Clip/clip_224x224')."
    found = Gathered(params.path, CLASSES, access=access)
    lists = {part: _list(found, part, params.fold) for part in ("train", "test")}
    place = CLIPS[params.clips]
    folder = found.part(place, partial(found.below, place))
    clips = None if folder is None else _clips(found, folder, params.clips)
    votes = _votes(found) if params.votes else {}
    named: set[int] = set()
    for split, table in lists.items():
        if table is not None:
            _read_list(found, table, split, clips, votes, named)
    there = sorted((clips or {}).items()) if all(lists.values()) else []
    for number, clip in there:
        if number in named:
            continue
        if params.unlabelled:
            found.add(clip, None, id=f"{number:05}", clip=clip.is_dir(), split="unlabelled")
        else:
            what = "the lists do not name it: it has no one emotion, or no detected face."
            found.problem("left out", below_root(found, clip), what)
    return found.reading()


def _list(found: Gathered, part: str, fold: int) -> Path | None:
    """The list of a split; None where it is not there."""
    places = [
        f"{SPLITS}/{folder}/set_{fold}.csv"
        for name in (f"{part}(single-labeled)", f"{part}(single_labeled)")
        for folder in (name, f"{name}/{name}")
    ]
    return found.part(places[0], partial(found.first_of, *places))


def _clips(found: Gathered, folder: Path, kind: str) -> dict[int, Path]:
    """Clips by their number, in the folder and in those in it, whatever these are called."""
    met = folders_in if kind == "frames" else videos_in
    parts = [inner for inner in folders_in(folder) if not inner.name.isdecimal()]
    clips: dict[int, Path] = {}
    for clip in (clip for place in (folder, *parts) for clip in met(place)):
        if not clip.stem.isdecimal():
            continue
        if int(clip.stem) in clips:
            what = f"clip {int(clip.stem)} is there twice."
            found.problem("repeated clip", below_root(found, clip), what)
        clips.setdefault(int(clip.stem), clip)
    return clips


def _read_list(
    found: Gathered,
    path: Path,
    split: str,
    clips: Mapping[int, Path] | None,
    votes: Mapping[int, tuple[float, ...]],
    named: set[int],
) -> None:
    relative = below_root(found, path)
    for line, (name, label) in read_list(path, ("video_name", "label")):
        number, code = code_of(name), code_of(label)
        if not number.isdecimal():
            found.problem("bad row", relative, f"'{number}' is no clip's number.", line=line)
            continue
        named.add(int(number))
        clip = None if clips is None else clips.get(int(number))
        if code not in CODES:
            what = f"clip {number} has the label '{code}', not 1 to 7."
            found.problem("unknown label", relative, what, line=line)
        elif clips is None:  # the folder was told
            continue
        elif clip is None:
            what = f"there is no clip {number}."
            found.problem("missing file", relative, what, line=line)
        else:
            found.add(
                clip,
                CODES[code],
                clip=clip.is_dir(),
                id=f"{int(number):05}",
                split=split,
                line=line,
                votes=votes.get(int(number)),
            )


def _votes(found: Gathered) -> dict[int, tuple[float, ...]]:
    """Votes over the classes by clip; none, and a problem, where the annotation is not there."""
    sheet = found.root / f"{ANNOTATION}.xlsx"
    table = found.root / f"{ANNOTATION}.csv"
    rows: Iterable[tuple[int, Sequence[str]]]
    if sheet.is_file():
        path, rows = sheet, _sheet(sheet)
    elif table.is_file():
        path, rows = table, read_list(table, COLUMNS)
    else:
        what = "the clips have no votes without it."
        found.problem("missing file", f"{ANNOTATION}.xlsx", what, dropped=False)
        return {}
    votes: dict[int, tuple[float, ...]] = {}
    for line, (order, *cells) in rows:
        given = dict(zip(VOTES.values(), cells, strict=True))
        try:
            number, counts = int(float(order)), tuple(float(given[name]) for name in CLASSES)
            if not all(0 <= count < math.inf for count in counts):
                raise ValueError(counts)
            votes[number] = counts
        except (ValueError, OverflowError):
            what = "the row has no clip and seven numbers of votes."
            found.problem("bad row", below_root(found, path), what, line=line, dropped=False)
    return votes


def _sheet(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows of the annotation below its header, with the cells of `COLUMNS`."""
    header, *rows = read_sheet(path) or [SheetRow(1, [])]
    names = [name.strip() for name in header.cells]
    for name in COLUMNS:
        if name not in names:
            raise FerkitError(
                f"there is no column '{name}'.",
                where=str(path),
                hint=hint(name, [each for each in names if each], label="Its columns"),
            )
    places = [names.index(name) for name in COLUMNS]
    for line, cells in rows:
        yield line, [cells[at] if at < len(cells) else "" for at in places]
