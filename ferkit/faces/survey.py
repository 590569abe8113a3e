"""What is in a store: read without changing it, past whatever is damaged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ferkit.errors import FerkitError, RunError
from ferkit.faces.clips import live_frames
from ferkit.faces.images import IMAGES
from ferkit.faces.parts import (
    DOCUMENT,
    FRAMES,
    SHARDS,
    SOURCES,
    SourceRow,
    Status,
    damaged,
    part_numbers,
    read_encoding,
    read_parts,
    read_settings,
    shard_file,
)
from ferkit.faces.shards import UNREADABLE, Encoding, open_shard
from ferkit.files import TEMPORARY


@dataclass(frozen=True)
class Survey:
    """A store with one set of settings, as it was found.

    Args:
        folder: of the store.
        settings: as in its `store.json`.
        encoding: how crops are kept.
        sources: the last row of each key, in the order they were finished.
        names: paths by which each key is known.
        frames: rows of the crops that count, in the order they were written.
        orphan_crops: crops that no source counts: those of an attempt that was killed.
        orphan_shards: shards whose rows were never written.
        half_written: temporary files, of a writer that is at work or was killed.
        lacking: sources that have fewer crops than they should.
        disk_bytes: of all files.
        damage: what could not be read; the rest leaves it out.
    """

    folder: Path
    settings: Mapping[str, Any]
    encoding: Encoding
    sources: tuple[SourceRow, ...]
    names: Mapping[str, tuple[str, ...]]
    frames: pa.Table
    orphan_crops: int
    orphan_shards: int
    half_written: int
    lacking: int
    disk_bytes: int
    damage: tuple[RunError, ...]

    def with_status(self, status: Status) -> list[SourceRow]:
        """Sources that went so."""
        return [row for row in self.sources if row.status == status]

    @property
    def tracks(self) -> int:
        """Faces told apart: pairs of source and track."""
        different: int = self.frames.group_by(["key", "track"]).aggregate([]).num_rows
        return different

    @property
    def frames_per_source(self) -> npt.NDArray[np.int64]:
        """Crops of each source that has some, ascending."""
        counts = Counter(self.frames["key"].to_pylist())
        return np.array(sorted(counts.values()), np.int64)

    @property
    def valid_fraction(self) -> npt.NDArray[np.float32]:
        """(M, R) of each crop: the part of it within the frame, 0 if it could not be cut."""
        column = self.frames["valid_fraction"].combine_chunks()
        flat: npt.NDArray[np.float32] = column.flatten().to_numpy()
        return flat.reshape(-1, len(self.encoding.regions))


def settings_folders(store: Path) -> list[Path]:
    """The stores in a folder: those of its subfolders with a `store.json`, or itself.

    Raises: FerkitError: there is none.
    """
    if not store.is_dir():
        what = "no such folder." if not store.exists() else "not a folder."
        raise FerkitError(what, where=str(store))
    if (store / DOCUMENT).exists():
        return [store]
    found = sorted(path.parent for path in store.glob(f"*/{DOCUMENT}"))
    if not found:
        raise FerkitError(
            "not a store: neither it nor a folder in it has a store.json.",
            where=str(store),
            hint="Give the folder that 'ferkit prepare' names, or one within it.",
        )
    return found


def survey(folder: Path) -> Survey:
    """Look through one store. Another process may add to it meanwhile.

    Raises: FerkitError: it is not the description of a store, or one of another version.
    """
    settings, encoding = read_settings(folder), read_encoding(folder)
    damage: list[RunError] = []
    # Sources first: the crops of one that is done were written before it.
    rows = read_parts(folder, "sources", damage=damage).drop_columns("part").to_pylist()
    sources = {row["key"]: SourceRow(**row) for row in rows}
    names: dict[str, list[str]] = {}
    for row in rows:
        known = names.setdefault(row["key"], [])
        if row["source"] not in known:
            known.append(row["source"])
    frames = read_parts(folder, "frames", damage=damage)
    used = [row for row in sources.values() if row.status != "failed"]
    _, live = live_frames(frames, [row.key for row in used], [row.first_part for row in used])
    orphans = len(frames) - len(live)
    frames = frames.take(pa.array(live))
    readable = np.isin(frames["shard"].to_numpy(), _readable(folder, frames, encoding, damage))
    frames = frames.filter(pa.array(readable))
    counts = Counter(frames["key"].to_pylist())
    known_parts = set(part_numbers(folder, FRAMES))
    return Survey(
        folder=folder,
        settings=settings,
        encoding=encoding,
        sources=tuple(sources.values()),
        names={key: tuple(known) for key, known in names.items()},
        frames=frames,
        orphan_crops=orphans,
        orphan_shards=len(set(part_numbers(folder, SHARDS)) - known_parts),
        half_written=sum(1 for _ in folder.rglob(f"*{TEMPORARY}")),
        lacking=sum(counts[row.key] < row.frames for row in used),
        disk_bytes=_disk_bytes(folder),
        damage=tuple(damage),
    )


def _readable(
    folder: Path, frames: pa.Table, encoding: Encoding, damage: list[RunError]
) -> Sequence[int]:
    """Numbers of the shards that can be opened and have all their rows."""
    found = []
    needed = frames.group_by("shard").aggregate([("row", "max")]).to_pylist()
    for one in sorted(needed, key=lambda each: int(each["shard"])):
        path = shard_file(folder, one["shard"], encoding)
        try:
            if len(open_shard(path, encoding)) <= one["row_max"]:
                raise ValueError("it has fewer crops than it should")
        except UNREADABLE as error:
            damage.append(damaged(path, error))
            continue
        found.append(one["shard"])
    return found


def _disk_bytes(folder: Path) -> int:
    total = 0
    for name in (SHARDS, FRAMES, SOURCES, IMAGES, "."):
        for path in (folder / name).glob("*"):
            try:
                total += path.stat().st_size if path.is_file() else 0
            except FileNotFoundError:  # renamed by a writer
                continue
    return total
