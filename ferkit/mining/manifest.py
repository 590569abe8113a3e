"""The list of what was mined: a table that the data set `table` reads as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ferkit.errors import RunError
from ferkit.files import write_whole

MANIFEST = "manifest.csv"
CLIPS = "clips"
"""Folder of the clips, beside the manifest."""


class Row(NamedTuple):
    """A part of a video.

    path: the clip, relative to the manifest; or the video itself where no clip was written.
    first_frame, last_frame: which part of `path` is meant; blank for a clip, all of it.
    source: the video. source_first, source_last: frame numbers in it, from 0, both included.
    start_s, end_s: seconds from its start. frames: how many. median_area: of the box, fraction
    of the frame. mean_score: of the face. how: copied (the packets of the video), encoded (anew)
    or indexed (no clip). group: the video again; clips of one video stay on one side of a split.
    """

    path: str
    first_frame: str
    last_frame: str
    source: str
    source_first: int
    source_last: int
    start_s: float
    end_s: float
    frames: int
    median_area: float
    mean_score: float
    how: str
    group: str


def write_manifest(out: Path, rows: Iterable[Row]) -> Path:
    """Write the rows, sorted by video and frame.

    Raises: RunError: the file can't be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(Row._fields)
    for row in sorted(rows, key=lambda row: (row.source, row.source_first)):
        start, end = f"{row.start_s:.3f}", f"{row.end_s:.3f}"
        area, score = f"{row.median_area:.4f}", f"{row.mean_score:.4f}"
        values = row._replace(start_s=0, end_s=0, median_area=0, mean_score=0)._asdict()
        values.update(start_s=start, end_s=end, median_area=area, mean_score=score)
        writer.writerow(values.values())
    return write_whole(out / MANIFEST, text.getvalue())


def read_manifest(out: Path) -> list[Row]:
    """The rows of an earlier call; none if there was none.

    Raises: RunError: the file is not what was written.
    """
    path = out / MANIFEST
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        if not lines or tuple(lines[0]) != Row._fields:
            raise ValueError("other columns")
        return [_row(line) for line in lines[1:]]
    except (OSError, ValueError, TypeError) as error:
        raise RunError(
            f"not a manifest as mining writes it ({error}).",
            where=str(path),
            hint="Move it away, or choose another --out. Findings stay.",
        ) from error


def _row(cells: Sequence[str]) -> Row:
    row = Row(*cells)  # type: ignore[arg-type]
    return row._replace(
        source_first=int(row.source_first),
        source_last=int(row.source_last),
        start_s=float(row.start_s),
        end_s=float(row.end_s),
        frames=int(row.frames),
        median_area=float(row.median_area),
        mean_score=float(row.mean_score),
    )
