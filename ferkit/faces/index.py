"""The index for people: one Parquet table that ties a data set's rows to crops in a store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ferkit.contracts.data import Sample
from ferkit.errors import FerkitError
from ferkit.faces.clips import StoreClips, live_frames
from ferkit.faces.parts import FRAME_SCHEMA, read_encoding, read_parts, shard_name
from ferkit.faces.prepared import Prepared
from ferkit.files import replacing, told_plainly

OF_A_FRAME = (
    "source",
    "frame",
    "timestamp",
    "track",
    "box",
    "landmarks",
    "score",
    "valid_fraction",
)
"""Columns of the store's frames that an index repeats."""
INDEX_SCHEMA = pa.schema(
    [
        ("sample", pa.string()),
        *(FRAME_SCHEMA.field(name) for name in OF_A_FRAME),
        ("label", pa.string()),
        ("subject", pa.string()),
        ("split", pa.string()),
        ("key", pa.string()),
        ("shard", pa.string()),
        ("row", pa.int32()),
    ]
)
"""Columns of an index; those of a sample's frames are as in the store's `frames`."""


def unique_name(name: str, data: Mapping[str, Any]) -> str:
    """A name for files about a data set, such as "photos-1a2b3c4d": never that of another one.

    Args:
        name: for people.
        data: what tells it from other data sets, as plain values.
    """
    text = json.dumps(data, sort_keys=True, default=str)
    return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def index_file(folder: Path, name: str) -> Path:
    """Where the index of data set `name` belongs: STORE/<hash>/index-NAME.parquet."""
    return folder / f"index-{name}.parquet"


def index_prepared(prepared: Prepared, classes: Sequence[str], *, name: str) -> Path:
    """Write the index of what was prepared; where it is.

    Its samples are those of `prepared`, so that it goes with the tables of a run: where every
    face is a sample of its own, they are the faces.

    Args:
        classes: names in label order.
        name: of the data set, see `unique_name`; an index of that name is replaced.
    Raises: FerkitError, RunError: see `write_index`.
    """
    clips = prepared.source
    if not isinstance(clips, StoreClips):
        raise FerkitError("crops that are not in a store have no index.")
    path = index_file(clips.folder, name)
    keyed = list(zip(clips.keys, prepared.samples, strict=True))
    tracks = clips.tracks if clips.per_track else None
    write_index(clips.folder, keyed, classes, path, tracks=tracks)
    return path


def write_index(
    folder: Path,
    keyed: Sequence[tuple[str, Sample]],
    classes: Sequence[str],
    path: Path,
    *,
    tracks: Sequence[int] | None = None,
) -> None:
    """Write one row per crop of each sample: whose it is, and where it lies.

    Args:
        folder: of the store with its settings.
        keyed: samples with the keys their files have in the store; rows come in this order, then
            by track and frame. A sample that has no crops has no row.
        classes: names in label order; a sample without label gets null.
        path: of the index; it is replaced as a whole.
        tracks: of each of `keyed` the face of its file that it is; None: all that was cut.
    Raises: FerkitError: a label has no class, or the folder is not a store. RunError: a file of
        the store is damaged, or the index can't be written.
    """
    encoding = read_encoding(folder)
    names = [*classes, None]  # label -1 is the last
    for key, sample in keyed:
        if not -1 <= sample.label < len(classes):
            what = f"label {sample.label} of the sample in {folder} has no class."
            raise FerkitError(what, where=sample.id or key)
    first_parts = {
        row["key"]: row["first_part"] for row in read_parts(folder, "sources").to_pylist()
    }
    keys = list(dict.fromkeys(key for key, _ in keyed if key in first_parts))
    frames = read_parts(folder, "frames")
    code, live = live_frames(frames, keys, [first_parts[key] for key in keys])
    track, frame = frames["track"].to_numpy(), frames["frame"].to_numpy()
    live = live[np.lexsort((frame[live], track[live], code[live]))]
    bounds = np.searchsorted(code[live], np.arange(len(keys) + 1))
    number = {key: at for at, key in enumerate(keys)}
    owners: list[int] = []  # positions in `keyed`
    pieces = [np.zeros(0, np.int64)]
    for position, (key, _) in enumerate(keyed):
        if key in number:
            own = live[bounds[number[key]] : bounds[number[key] + 1]]
            if tracks is not None:
                own = own[track[own] == tracks[position]]
            pieces.append(own)
            owners += [position] * len(own)
    found = frames.take(pa.array(np.concatenate(pieces)))
    samples = [keyed[position][1] for position in owners]
    shards = [shard_name(shard, encoding) for shard in found["shard"].to_pylist()]
    columns = {name: found[name] for name in INDEX_SCHEMA.names if name in found.column_names}
    columns |= {
        "sample": pa.array([sample.id for sample in samples], pa.string()),
        "source": pa.array([sample.path for sample in samples], pa.string()),
        "label": pa.array([names[sample.label] for sample in samples], pa.string()),
        "subject": pa.array([sample.subject for sample in samples], pa.string()),
        "split": pa.array([sample.split for sample in samples], pa.string()),
        "shard": pa.array(shards, pa.string()),
    }
    table = pa.table(columns, schema=INDEX_SCHEMA)
    with told_plainly(path), replacing(path) as file:
        pq.write_table(table, file)
