"""The files of a store: shards of crops, and the Parquet rows that say what lies in them.

Each file is written under a temporary name, flushed to disk and renamed; `sources` comes last.
So a kill leaves whole files, and frames of a source that no `sources` row names do not count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from ferkit.files import TEMPORARY, replacing, told_plainly

SHARDS, FRAMES, SOURCES = "shards", "frames", "sources"
"""Folders of a store."""
Status = Literal["ok", "partial", "failed"]
KEPT = "What is in the store stays and will not be prepared again."
"""Said where a store can't be written."""

FRAME_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("source", pa.string()),
        ("frame", pa.int64()),
        ("timestamp", pa.float64()),
        ("box", pa.list_(pa.float32())),
        ("landmarks", pa.list_(pa.float32())),
        ("score", pa.float32()),
        ("faces", pa.int32()),
        ("valid_fraction", pa.list_(pa.float32())),
        ("shard", pa.int32()),
        ("row", pa.int32()),
    ]
)
SOURCE_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("source", pa.string()),
        ("size", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("status", pa.string()),
        ("kind", pa.string()),
        ("reason", pa.string()),
        ("frames", pa.int32()),
        ("first_part", pa.int32()),
    ]
)


class FrameRow(NamedTuple):
    """One crop: where it comes from, and where it lies.

    key: of its source. source: path. frame: number in the video, 0 for photographs.
    timestamp: s. box: 4 px. landmarks: 10 px (x, y of five). score: in [0, 1]. faces: how many
    the frame shows. valid_fraction: per region, the part of it within the frame; 0 if it could
    not be cut. `shard` and `row` are added when the part is written.
    """

    key: str
    source: str
    frame: int
    timestamp: float
    box: Sequence[float]
    landmarks: Sequence[float]
    score: float
    faces: int
    valid_fraction: Sequence[float]


class SourceRow(NamedTuple):
    """A source that is done.

    key, source: as above. size, mtime_ns: the file's, 0 if it has none. status: "ok",
    "partial" (some frames could not be read) or "failed". kind, reason: of the failure, "" if
    none. frames: crops it has. first_part: number of the first part that has its frames.
    """

    key: str
    source: str
    size: int
    mtime_ns: int
    status: Status
    kind: str
    reason: str
    frames: int
    first_part: int


def part_file(folder: Path, what: str, number: int) -> Path:
    """Path of part `number`: STORE/shards/000007.npy, STORE/frames/000007.parquet, ..."""
    return folder / what / f"{number:06d}{'.npy' if what == SHARDS else '.parquet'}"


def part_numbers(folder: Path, what: str) -> list[int]:
    """Numbers of the parts of one kind, ascending."""
    return sorted(int(path.stem) for path in (folder / what).glob("*") if path.suffix != TEMPORARY)


def write_part(
    folder: Path,
    number: int,
    crops: npt.NDArray[np.uint8],
    frames: Sequence[FrameRow],
    sources: Sequence[SourceRow],
) -> None:
    """Write one part; once this returns, it survives a kill.

    Args:
        folder: of the store with these settings.
        number: not used before.
        crops: (n, R, 3, S, S), one for each of `frames`.
        sources: those that this part completes.
    Raises: RunError: the disk is full, or can't be written.
    """
    with told_plainly(folder, hint=KEPT):
        if len(frames):
            with replacing(part_file(folder, SHARDS, number)) as file:
                np.lib.format.write_array(file, crops, allow_pickle=False)
            placed: dict[str, Sequence[Any]] = _columns(frames, FrameRow._fields)
            placed["shard"] = [number] * len(frames)
            placed["row"] = range(len(frames))
            with replacing(part_file(folder, FRAMES, number)) as file:
                pq.write_table(pa.table(placed, schema=FRAME_SCHEMA), file)
        if len(sources):
            columns = _columns(sources, SourceRow._fields)
            with replacing(part_file(folder, SOURCES, number)) as file:
                pq.write_table(pa.table(columns, schema=SOURCE_SCHEMA), file)


def read_parts(folder: Path, what: Literal["frames", "sources"]) -> pa.Table:
    """All rows of one kind in the order they were written, with their `part` number."""
    schema = FRAME_SCHEMA if what == FRAMES else SOURCE_SCHEMA
    tables = [pa.table({name: [] for name in schema.names}, schema=schema)]
    parts: list[int] = []
    for number in part_numbers(folder, what):
        tables.append(pq.read_table(part_file(folder, what, number), schema=schema))
        parts += [number] * len(tables[-1])
    return pa.concat_tables(tables).append_column("part", pa.array(parts, pa.int32()))


def _columns(rows: Sequence[Any], names: Sequence[str]) -> dict[str, Sequence[Any]]:
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def describe(document: Mapping[str, Any]) -> bytes:
    """A mapping as readable JSON."""
    return (json.dumps(document, indent=2, sort_keys=True, default=str) + "\n").encode()
