"""The prepared store: one folder per settings, content-addressed, safe against kills."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ferkit.faces.clips import StoreClips, live_frames
from ferkit.faces.keys import FileState, settings_hash
from ferkit.faces.parts import (
    DOCUMENT,
    FRAMES,
    KEPT,
    SCHEMA_VERSION,
    SHARDS,
    SOURCES,
    FrameRow,
    SourceRow,
    Status,
    describe,
    part_file,
    part_numbers,
    read_parts,
    read_settings,
    shard_file,
    write_part,
)
from ferkit.faces.shards import Encoding, Format, describe_encoding
from ferkit.files import TEMPORARY, replacing, told_plainly
from ferkit.interrupting import uninterrupted
from ferkit.locking import locked

PART_BYTES = 32 << 20
"""Crops of a part, about; what a kill may lose."""
PART_SOURCES = 512
PART_SECONDS = 10.0


class Store:
    """A store with one set of settings, for reading and, within `writing`, for adding.

    Args:
        root: folder that holds stores, one subfolder for each settings.
        settings: everything that the crops depend on besides the files.
        regions: names of the regions, in order.
        image_size: side of the crops, pixels.
        format: "raw", or "jpeg": lossy, and about a tenth of the size.
        jpeg_quality: 1 to 100; of format "jpeg" only.
    Raises: FerkitError: the folder is of a newer version, or not a store. RunError: a file of it
        is damaged.
    """

    def __init__(
        self,
        root: Path,
        settings: Mapping[str, Any],
        *,
        regions: Sequence[str],
        image_size: int,
        format: Format = "raw",
        jpeg_quality: int = 95,
    ) -> None:
        self.regions = tuple(regions)
        self.image_size = image_size
        self._encoding = Encoding(format, jpeg_quality, self.regions, image_size)
        everything = {**describe_encoding(self._encoding), **settings}
        self.folder = root / settings_hash(everything)
        self.sources: dict[str, SourceRow] = {}
        self._by_path: dict[str, tuple[FileState, str]] = {}
        document = self.folder / DOCUMENT
        if document.exists():
            read_settings(self.folder)
        else:
            with told_plainly(root, hint=KEPT):
                for name in (SHARDS, FRAMES, SOURCES):
                    (self.folder / name).mkdir(parents=True, exist_ok=True)
                with replacing(document) as file:
                    file.write(describe({"schema_version": SCHEMA_VERSION, "settings": everything}))
        self.refresh()

    def refresh(self) -> None:
        """Read again which sources are done."""
        for row in read_parts(self.folder, "sources").drop_columns("part").to_pylist():
            self._know(SourceRow(**row))

    def known_key(self, path: str, state: FileState) -> str | None:
        """Content key of a file that was prepared and has not been touched since."""
        known = self._by_path.get(path)
        return known[1] if known is not None and known[0] == state else None

    @contextmanager
    def writing(self, *, waiting: Callable[[str], None]) -> Iterator[StoreWriter]:
        """Hold the store's lock and add to it; what is buffered is written at the end.

        Also when the block ends by an error: complete sources are never thrown away. Ctrl-C at
        the end waits until they are written.
        """
        with locked(self.folder / "lock", what="the store", waiting=waiting):
            self.refresh()
            self._sweep()
            writer = StoreWriter(self.folder)
            try:
                yield writer
            finally:
                with uninterrupted():
                    writer.close()
                    self.refresh()

    def clips(self, keys: Sequence[str], *, per_track: bool = False) -> StoreClips:
        """The crops of sources `keys`, in that order; each must be done and not failed.

        Args:
            per_track: one row per face of each source, by ascending track; otherwise the crops
                of all its faces make one row. `keys` and `tracks` of the answer say which.
        """
        return StoreClips.of(
            self.folder,
            keys,
            [self.sources[key].first_part for key in keys],
            encoding=self._encoding,
            per_track=per_track,
        )

    def _know(self, row: SourceRow) -> None:
        self.sources[row.key] = row
        if row.source:  # drawn ones have no file
            state = FileState(row.size, row.mtime_ns)
            self._by_path[row.source] = (state, row.key)

    def _sweep(self) -> None:
        """Remove what a killed writer left: temporary files, and parts that no source counts.

        Rows go before their crops, so that a kill in between leaves only what is swept again.
        """
        for name in (SHARDS, FRAMES, SOURCES):
            for path in (self.folder / name).glob(f"*{TEMPORARY}"):
                path.unlink(missing_ok=True)
        rows = [row for row in self.sources.values() if row.status != "failed"]
        frames = read_parts(self.folder, "frames")
        _, live = live_frames(frames, [row.key for row in rows], [row.first_part for row in rows])
        used = set(frames["part"].to_numpy()[live].tolist())
        for number in set(part_numbers(self.folder, FRAMES)) - used:
            part_file(self.folder, FRAMES, number).unlink(missing_ok=True)
        for number in set(part_numbers(self.folder, SHARDS)) - used:
            shard_file(self.folder, number, self._encoding).unlink(missing_ok=True)


class StoreWriter:
    """Collects crops and writes them in parts; one thread at a time, and none once it is closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._closed = False
        numbers = [n for what in (SHARDS, FRAMES, SOURCES) for n in part_numbers(folder, what)]
        self._number = max(numbers, default=-1) + 1
        self._crops: list[npt.NDArray[np.uint8]] = []
        self._frames: list[FrameRow] = []
        self._sources: list[SourceRow] = []
        self._bytes = 0
        self._open: dict[str, tuple[int, int]] = {}  # key -> first part, frames so far
        self._written_at = time.monotonic()

    def next_part(self) -> int:
        """A part number for someone else to write, never given twice."""
        with self._turn():
            self.flush()
            self._number += 1
            return self._number - 1

    def add(self, crops: npt.NDArray[np.uint8], frames: Sequence[FrameRow]) -> None:
        """Add crops (n, R, 3, S, S) of sources that are not finished yet."""
        if not len(frames):
            return
        with self._turn():
            for frame in frames:
                first, count = self._open.get(frame.key, (self._number, 0))
                self._open[frame.key] = first, count + 1
            self._crops.append(crops)
            self._frames += frames
            self._bytes += crops.nbytes
            if self._bytes >= PART_BYTES:
                self.flush()

    def finish(
        self,
        key: str,
        source: str,
        *,
        state: FileState | None = None,
        status: Status = "ok",
        kind: str = "",
        reason: str = "",
    ) -> None:
        """Say that all frames of a source have been added, or why it has none."""
        size, mtime_ns = state or (0, 0)
        with self._turn():
            first, count = self._open.pop(key, (self._number, 0))
            self._sources.append(
                SourceRow(key, source, size, mtime_ns, status, kind, reason, count, first)
            )
            late = time.monotonic() - self._written_at > PART_SECONDS
            if late or len(self._sources) >= PART_SOURCES:
                self.flush()

    def also_known_as(self, row: SourceRow, source: str, state: FileState) -> None:
        """Remember that a file has the content of a source that is done."""
        size, mtime_ns = state
        with self._turn():
            self._sources.append(row._replace(source=source, size=size, mtime_ns=mtime_ns))

    def flush(self) -> None:
        """Write what is buffered as a part."""
        with self._turn():
            if self._frames or self._sources:
                crops = np.concatenate(self._crops) if self._crops else np.zeros(0, np.uint8)
                write_part(self._folder, self._number, crops, self._frames, self._sources)
                self._number += 1
            self._crops, self._frames, self._sources, self._bytes = [], [], [], 0
            self._written_at = time.monotonic()

    def close(self) -> None:
        """Write what is buffered, and no more: the store may then be another process's."""
        with self._lock:
            try:
                self.flush()
            finally:
                self._closed = True

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise RuntimeError("the store's writer is closed")
            yield
