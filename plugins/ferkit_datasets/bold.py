"""BoLD, the Body Language Dataset: clips of films in which people's feelings were rated.

The layout is that of `BOLD_public` as public loaders read it: tables without a header in
`annotations`, a row each for a person in a clip, and the clips in `videos`, such as
`videos/003/IzvOYVMltkI.mp4/0114.mp4`. Frames in the tables count from 0 in the clip, both ends
included, as a public loader reads them.

It rates 26 feelings by body language, none of which is an expression of the face: samples have no
label, and serve as unlabelled data. The ratings are attributes where a sample is one person.
The rows of the test have no ratings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ferkit.contracts.data import CLASSES
from ferkit.data.filed import FileDataset, Reading
from ferkit.faces.decode import VIDEO_SUFFIXES
from ferkit.plugin import Context
from ferkit_datasets.clips import below_root
from ferkit_datasets.gathered import Gathered
from ferkit_datasets.lists import read_list
from ferkit_datasets.params_video import BoldParams
from ferkit_datasets.places import within

TABLES = {"train": "train.csv", "validation": "val.csv", "test": "test_meta.csv"}

FEELINGS = (
    *("Peace", "Affection", "Esteem", "Anticipation", "Engagement", "Confidence", "Happiness"),
    *("Pleasure", "Excitement", "Surprise", "Sympathy", "Doubt/Confusion", "Disconnect"),
    *("Fatigue", "Embarrassment", "Yearning", "Disapproval", "Aversion", "Annoyance", "Anger"),
    *("Sensitivity", "Sadness", "Disquietment", "Fear", "Pain", "Suffering"),
)
"""Its 26 categories, in the order of the columns; from 0 to 1, the part of the raters."""

RATINGS = (*FEELINGS, "Valence", "Arousal", "Dominance")
"""The columns that are numbers; the last three are from 1 to 10."""

ABOUT = ("Gender", "Age", "Ethnicity", "annotation_confidence")
"""The last columns; the first three are codes, kept as they are."""

COLUMNS = ("video", "person_id", "min_frame", "max_frame", *RATINGS, *ABOUT)


class Row(NamedTuple):
    """video: below `videos`. first, last: frames of the clip. table: where it stands, at `line`."""

    video: str
    person: str
    first: int
    last: int
    cells: Sequence[str]
    split: str
    table: str
    line: int


def make_bold(params: BoldParams, context: Context) -> FileDataset:
    """The data set `bold`."""
    return FileDataset(partial(read_bold, params))


def read_bold(params: BoldParams) -> Reading:
    """Read the tables and look the clips up; a table that is not there is told.

    Raises: FerkitError: not the folder of BoLD, or nothing in it to use.
    """
    found = Gathered(params.path, CLASSES, access="BoLD (folder 'BOLD_public').")
    inside = "BOLD_public/" if found.find("BOLD_public") is not None else ""
    videos = found.below(f"{inside}videos")
    found.below(f"{inside}annotations")
    clips: dict[str, list[Row]] = {}
    for split, name in TABLES.items():
        place = f"{inside}annotations/{name}"
        if found.find(place) is None:
            found.problem("missing file", place, f"there is no {split} split.", dropped=False)
            continue
        for row in _rows(found, found.below(place), split):
            before = clips.setdefault(row.video, [])
            if before and row.split != before[0].split:
                what = f"'{row.video}' is of the split {before[0].split} already."
                found.problem("repeated row", row.table, what, line=row.line)
            elif any(row.person == other.person for other in before):
                what = f"'{row.video}' has this person already."
                found.problem("repeated row", row.table, what, line=row.line)
            else:
                before.append(row)
    for video, rows in clips.items():
        for people in [rows] if params.samples == "clips" else [[row] for row in rows]:
            _add(found, videos / video, people, params)
    for folder in sorted({(videos / video).parent for video in clips}):
        if folder.is_dir():
            found.surplus(folder, suffixes=VIDEO_SUFFIXES)
    return found.reading()


def _rows(found: Gathered, table: Path, split: str) -> Iterator[Row]:
    relative = below_root(found, table)
    for line, cells in read_list(table, COLUMNS, unnamed=COLUMNS):
        row = _row(cells, split, relative, line)
        if row is None:
            what = f"'{','.join(cells[:4])}' is no video, person, first and last frame."
            found.problem("bad row", relative, what, line=line)
        else:
            yield row


def _row(cells: Sequence[str], split: str, table: str, line: int) -> Row | None:
    try:
        video, person, first, last = cells[:4]
        row = Row(video, person, int(float(first)), int(float(last)), cells, split, table, line)
    except (ValueError, OverflowError):
        return None
    inside = within(Path(), video) is not None
    return row if inside and 0 <= row.first <= row.last else None


def _add(found: Gathered, clip: Path, people: list[Row], params: BoldParams) -> None:
    """A sample of a clip, with all its people or with one."""
    one = params.samples == "people"
    span = min(row.first for row in people), max(row.last for row in people)
    video = people[0].video
    found.add(
        clip,
        None,
        id=f"{video}#{people[0].person}" if one else video,
        span=span if params.frames == "annotated" else None,
        line=people[0].line,
        attributes=ratings(people[0].cells) if one else {"people": len(people)},
        group=video if one else "",
        split="unlabelled" if params.splits == "unlabelled" else people[0].split,
    )


def ratings(cells: Sequence[str]) -> dict[str, float | str]:
    """What a row says of a person by column name; cells that are empty or missing are left out.

    Args:
        cells: of the whole row: video, person, first and last frame, then the ratings.
    """
    known: dict[str, float | str] = {}
    for name, cell in zip((*RATINGS, *ABOUT), cells[4:], strict=False):
        text = cell.strip()
        if name in ABOUT[:3]:
            if text:
                known[name] = text
            continue
        try:
            number = float(text)
        except ValueError:
            continue
        if math.isfinite(number):
            known[name] = number
    return known
