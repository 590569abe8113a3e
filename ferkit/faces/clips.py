"""Random access to the crops of a store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from ferkit.contracts.data import Clips
from ferkit.errors import RunError
from ferkit.faces.parts import damaged, read_parts, shard_file
from ferkit.faces.shards import UNREADABLE, Encoding, Shard, open_shard

OPEN_SHARDS = 128
"""Shards mapped into memory at a time; each holds a file handle."""
EXPECTED = 64
"""Crops that the system is asked to read from the disk at a time."""
DECODERS = 8
"""Threads that decode JPEG, at most; no more than torch has."""
UNSENT = ("_mapped", "_lock")
"""Attributes that another process makes for itself."""

_Wanted = tuple[npt.NDArray[np.uint8], int]
"""Where a crop is to go, and its place in the arrays below."""


class StoreClips:
    """A `ClipSource` over a store: row i are the crops of one source, or of one face in it.

    Args:
        folder: of the store.
        keys, tracks: (N,) what row i is: its source, and the face's number there; where the
            frames of all faces of a source make one clip, `tracks` are 0.
        starts: (N + 1,) row i has the frames starts[i] to starts[i + 1] of the next arrays.
        shards, rows: (M,) where each frame lies.
        valid: (M, R) bool; False for a region that could not be cut.
        per_track: whether each row is one face of its source.
        frames: at most so many frames of each row, evenly spaced; None: all.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keys: Sequence[str],
        tracks: Sequence[int],
        starts: npt.NDArray[np.int64],
        shards: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        valid: npt.NDArray[np.bool_],
        encoding: Encoding,
        per_track: bool = False,
        frames: int | None = None,
    ) -> None:
        self.regions = encoding.regions
        self.image_size = encoding.image_size
        self._encoding = encoding
        self.keys, self.tracks = tuple(keys), tuple(tracks)
        self.per_track = per_track
        self.folder = folder
        self._starts, self._shards, self._rows, self._valid = starts, shards, rows, valid
        self._frames = frames
        self._mapped: OrderedDict[int, Shard] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def of(
        cls,
        folder: Path,
        keys: Sequence[str],
        first_parts: Sequence[int],
        *,
        encoding: Encoding,
        per_track: bool = False,
    ) -> StoreClips:
        """Look the sources up in the store's Parquet rows.

        Args:
            keys: of sources that are done; one may come twice.
            first_parts: the part each begins in; earlier frames are those of a killed attempt.
            per_track: one row per face of each source, by ascending track, not per source.
        """
        table = read_parts(folder, "frames")
        code, live = live_frames(table, keys, first_parts)
        track = table["track"].to_numpy().astype(np.int64)
        frame = table["frame"].to_numpy()
        within = (frame, track) if per_track else (track, frame)
        live = live[np.lexsort((*(column[live] for column in within), code[live]))]
        number = {key: at for at, key in enumerate(dict.fromkeys(keys))}
        bounds = np.searchsorted(code[live], np.arange(len(number) + 1))
        # One row, or one per track, of each asked source; those asked for twice come twice.
        rows: list[tuple[str, int]] = []
        pieces = [np.zeros(0, np.int64)]
        for key in keys:
            own = live[bounds[number[key]] : bounds[number[key] + 1]]
            if not per_track:
                rows.append((key, 0))
                pieces.append(own)
                continue
            different, starts = np.unique(track[own], return_index=True)
            rows += [(key, int(one)) for one in different]
            pieces += np.split(own, starts[1:]) if len(own) else []
        chosen = np.concatenate(pieces)
        fractions = table["valid_fraction"].combine_chunks().flatten().to_numpy()
        return cls(
            folder,
            keys=[key for key, _ in rows],
            tracks=[one for _, one in rows],
            starts=np.cumsum([len(piece) for piece in pieces], dtype=np.int64),
            shards=table["shard"].to_numpy().astype(np.int64)[chosen],
            rows=table["row"].to_numpy().astype(np.int64)[chosen],
            valid=fractions.reshape(-1, len(encoding.regions))[chosen] > 0,
            encoding=encoding,
            per_track=per_track,
        )

    def limited(self, frames: int | None) -> StoreClips:
        """The same rows with at most `frames` frames each, evenly spaced; None: all."""
        return StoreClips(
            self.folder,
            keys=self.keys,
            tracks=self.tracks,
            starts=self._starts,
            shards=self._shards,
            rows=self._rows,
            valid=self._valid,
            encoding=self._encoding,
            per_track=self.per_track,
            frames=frames,
        )

    def __len__(self) -> int:
        return len(self._starts) - 1

    def read(self, index: Sequence[int]) -> Clips:
        """Rows `index` as uint8 clips, padded at the end to the longest T among them.

        Raises: RunError: a shard is missing or damaged.
        """
        chosen = [self._frames_of(int(i)) for i in index]
        length = max((len(frames) for frames in chosen), default=0)
        shape = (len(chosen), max(1, length), len(self.regions))
        frames = np.zeros((*shape, 3, self.image_size, self.image_size), np.uint8)
        valid = np.zeros(shape, np.bool_)
        wanted: list[_Wanted] = []
        for number, own in enumerate(chosen):
            wanted += zip(frames[number], own.tolist(), strict=False)
            valid[number, : len(own)] = self._valid[own]
        # By shard, so that few are open at a time even if the batch is spread over many.
        wanted.sort(key=lambda one: int(self._shards[one[1]]))
        for start in range(0, len(wanted), EXPECTED):
            self._fill(wanted[start : start + EXPECTED])
        return Clips(torch.from_numpy(frames), torch.from_numpy(valid))

    def batches(self, batch_size: int) -> Iterator[Clips]:
        """All rows in order."""
        for start in range(0, len(self), batch_size):
            yield self.read(range(start, min(start + batch_size, len(self))))

    def _frames_of(self, row: int) -> npt.NDArray[np.int64]:
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        row %= len(self)
        own = np.arange(self._starts[row], self._starts[row + 1])
        if self._frames is None or len(own) <= self._frames:
            return own
        # The middles of as many equal parts.
        return own[(2 * np.arange(self._frames) + 1) * len(own) // (2 * self._frames)]

    def _fill(self, wanted: Sequence[_Wanted]) -> None:
        """Have all rows read from the disk at once, then copy or decode each."""
        shards: dict[int, Shard] = {}
        for _, place in wanted:
            number = int(self._shards[place])
            try:
                shard = shards.get(number)
                if shard is None:
                    shard = shards[number] = self._shard(number)
                shard.expect(int(self._rows[place]))
            except UNREADABLE as error:
                raise self._damaged(number, error) from error

        def fill(one: _Wanted) -> None:
            target, place = one
            number = int(self._shards[place])
            try:
                shards[number].copy_into(target, int(self._rows[place]))
            except UNREADABLE as error:
                raise self._damaged(number, error) from error

        threads = min(DECODERS, torch.get_num_threads(), len(wanted))
        if self._encoding.format == "raw" or threads < 2:
            for one in wanted:
                fill(one)
            return
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(fill, wanted):
                pass

    def _damaged(self, shard: int, error: Exception) -> RunError:
        return damaged(shard_file(self.folder, shard, self._encoding), error)

    def _shard(self, number: int) -> Shard:
        with self._lock:  # batches are read ahead in a thread
            mapped = self._mapped.get(number)
            if mapped is None:
                path = shard_file(self.folder, number, self._encoding)
                mapped = open_shard(path, self._encoding)
                self._mapped[number] = mapped
                if len(self._mapped) > OPEN_SHARDS:
                    self._mapped.popitem(last=False)
            self._mapped.move_to_end(number)
            return mapped

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name not in UNSENT}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._mapped, self._lock = OrderedDict(), threading.Lock()


def live_frames(
    table: pa.Table, keys: Sequence[str], first_parts: Sequence[int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which rows of the frames count: those of asked sources, from the part they begin in.

    Args:
        table: of all frames, as `read_parts` gives them.
        keys, first_parts: of the asked sources.
    Returns: (M,) position of each frame's source among the different keys, -1 if it is not
        asked for; (L,) positions of the frames that count, ascending.
    """
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    begins = dict(zip(keys, first_parts, strict=True))
    column = table["key"].to_pylist()
    code = np.array([numbers.get(key, -1) for key in column], np.int64)
    begin = np.array([begins.get(key, 0) for key in column], np.int64)
    part = table["part"].to_numpy().astype(np.int64)
    return code, np.flatnonzero((code >= 0) & (part >= begin))
