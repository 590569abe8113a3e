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

from ferkit.errors import FerkitError, RunError
from ferkit.faces.shards import SUFFIXES, Encoding, encoding_of, write_shard
from ferkit.files import replacing, told_plainly

SHARDS, FRAMES, SOURCES = "shards", "frames", "sources"
"""Folders of a store."""
Status = Literal["ok", "partial", "failed"]
SCHEMA_VERSION = 2
DOCUMENT = "store.json"
"""File of a store that says its version and settings."""
KEPT = "What is in the store stays and will not be prepared again."
"""Said where a store can't be written."""

FRAME_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("source", pa.string()),
        ("frame", pa.int64()),
        ("timestamp", pa.float64()),
        ("track", pa.int32()),
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
    not be cut. track: which of the faces of its source it is; 0 for a single one. `shard` and
    `row` are added when the part is written.
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
    track: int = 0


class SourceRow(NamedTuple):
    """A source that is done.

    key, source: as above; source "" where it was drawn. size, mtime_ns: the file's. status: "ok",
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
    """Path of the rows of part `number`: STORE/frames/000007.parquet, STORE/sources/..."""
    return folder / what / f"{number:06d}.parquet"


def shard_file(folder: Path, number: int, encoding: Encoding) -> Path:
    """Path of the crops of part `number`: STORE/shards/000007.npy or .arrow."""
    return folder / shard_name(number, encoding)


def shard_name(number: int, encoding: Encoding) -> str:
    """The same, as seen from the store's folder."""
    return f"{SHARDS}/{number:06d}{SUFFIXES[encoding.format]}"


def part_numbers(folder: Path, what: str) -> list[int]:
    """Numbers of the parts of one kind, ascending."""
    endings = SUFFIXES.values() if what == SHARDS else (".parquet",)
    found = (folder / what).glob("*")
    return sorted(
        int(path.stem) for path in found if path.suffix in endings and path.stem.isdigit()
    )


def write_part(
    folder: Path,
    number: int,
    crops: npt.NDArray[np.uint8],
    frames: Sequence[FrameRow],
    sources: Sequence[SourceRow],
) -> None:
    """Write one part; once this returns, it survives a kill.

    Args:
        folder: of the store with these settings; its store.json says how crops are kept.
        number: not used before.
        crops: (n, R, 3, S, S), one for each of `frames`.
        sources: those that this part completes.
    Raises: RunError: the disk is full, or can't be written.
    """
    encoding = read_encoding(folder)
    with told_plainly(folder, hint=KEPT):
        if len(frames):
            with replacing(shard_file(folder, number, encoding)) as file:
                write_shard(file, crops, encoding)
            placed: dict[str, Sequence[Any]] = _columns(frames, FrameRow._fields)
            placed["shard"] = [number] * len(frames)
            placed["row"] = range(len(frames))
            table = pa.table(placed, schema=FRAME_SCHEMA)
            with replacing(part_file(folder, FRAMES, number)) as file:
                pq.write_table(table, file, write_page_checksum=True)
        if len(sources):
            table = pa.table(_columns(sources, SourceRow._fields), schema=SOURCE_SCHEMA)
            with replacing(part_file(folder, SOURCES, number)) as file:
                pq.write_table(table, file, write_page_checksum=True)


def read_parts(
    folder: Path, what: Literal["frames", "sources"], *, damage: list[RunError] | None = None
) -> pa.Table:
    """All rows of one kind in the order they were written, with their `part` number.

    Args:
        damage: gets an error for each damaged file, which is then passed over; None: raise it.
    Raises: RunError: a file is damaged.
    """
    schema = FRAME_SCHEMA if what == FRAMES else SOURCE_SCHEMA
    tables = [pa.table({name: [] for name in schema.names}, schema=schema)]
    parts: list[int] = []
    for number in part_numbers(folder, what):
        try:
            tables.append(read_part(part_file(folder, what, number), schema))
        except FileNotFoundError:  # a writer has just swept it: nothing in it counted
            continue
        except RunError as error:
            if damage is None:
                raise
            damage.append(error)
            continue
        parts += [number] * len(tables[-1])
    return pa.concat_tables(tables).append_column("part", pa.array(parts, pa.int32()))


def read_part(path: Path, schema: pa.Schema) -> pa.Table:
    """Rows of one file.

    Raises: RunError: it is damaged, or has other columns. FileNotFoundError: it is gone.
    """
    try:
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
        if not table.schema.equals(schema):
            raise pa.ArrowInvalid("other columns than a store has")
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, error) from error
    return table


def damaged(path: Path, error: Exception) -> RunError:
    """What to say of a store's file that can't be read."""
    reason = "is missing" if isinstance(error, FileNotFoundError) else "is damaged"
    detail = "" if isinstance(error, FileNotFoundError) else f" ({first_line(error)})"
    store = path.parent.parent
    return RunError(
        f"a file of the store {reason}{detail}.",
        where=str(path),
        hint=f"Delete the folder {store} and prepare again, or bring the file back.",
    )


def first_line(error: Exception) -> str:
    """The first line of a message, without its full stop."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings in a store's `store.json`.

    Raises: FerkitError: it is not the description of a store, or one of another version.
    """
    path = folder / DOCUMENT
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version, settings = document["schema_version"], document.get("settings")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FerkitError("not the description of a store.", where=str(path)) from error
    if version != SCHEMA_VERSION:
        raise FerkitError(
            f"the store has schema version {version}, this ferkit reads {SCHEMA_VERSION}.",
            where=str(path),
            hint="Update ferkit."
            if isinstance(version, int) and version > SCHEMA_VERSION
            else "Prepare again; this folder may be deleted.",
        )
    if not isinstance(settings, dict):
        raise FerkitError("not the description of a store.", where=str(path))
    return settings


def read_encoding(folder: Path) -> Encoding:
    """How the crops of a store are kept, as its `store.json` says.

    Raises: FerkitError: it does not say so.
    """
    settings = read_settings(folder)
    try:
        return encoding_of(settings)
    except (KeyError, TypeError, ValueError) as error:
        what = "does not say how the store keeps its crops."
        raise FerkitError(what, where=str(folder / DOCUMENT)) from error


def _columns(rows: Sequence[Any], names: Sequence[str]) -> dict[str, Sequence[Any]]:
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def describe(document: Mapping[str, Any]) -> bytes:
    """A mapping as readable JSON."""
    return (json.dumps(document, indent=2, sort_keys=True, default=str) + "\n").encode()
