"""Random access to the crops of a store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from ferkit.contracts.data import Clips
from ferkit.faces.parts import SHARDS, part_file, read_parts

OPEN_SHARDS = 128
"""Shards mapped into memory at a time; each holds a file handle."""
UNSENT = ("_mapped", "_lock")
"""Attributes that another process makes for itself."""


class StoreClips:
    """A `ClipSource` over a store: row i are the crops of the i-th of the asked sources.

    Args:
        folder: of the store.
        starts: (N + 1,) row i has the frames starts[i] to starts[i + 1] of the next arrays.
        shards, rows: (M,) where each frame lies.
        valid: (M, R) bool; False for a region that could not be cut.
        frames: at most so many frames of each row, evenly spaced; None: all.
    """

    def __init__(
        self,
        folder: Path,
        *,
        starts: npt.NDArray[np.int64],
        shards: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        valid: npt.NDArray[np.bool_],
        regions: tuple[str, ...],
        image_size: int,
        frames: int | None = None,
    ) -> None:
        self.regions = regions
        self.image_size = image_size
        self._folder = folder
        self._starts, self._shards, self._rows, self._valid = starts, shards, rows, valid
        self._frames = frames
        self._mapped: OrderedDict[int, npt.NDArray[np.uint8]] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def of(
        cls,
        folder: Path,
        keys: Sequence[str],
        first_parts: Sequence[int],
        *,
        regions: tuple[str, ...],
        image_size: int,
    ) -> StoreClips:
        """Look the sources up in the store's Parquet rows.

        Args:
            keys: of sources that are done; one may come twice.
            first_parts: the part each begins in; earlier frames are those of a killed attempt.
        """
        table = read_parts(folder, "frames")
        wanted: dict[str, int] = {}  # key -> number among the different ones
        for key in keys:
            wanted.setdefault(key, len(wanted))
        begins = dict(zip(keys, first_parts, strict=True))
        column = table["key"].to_pylist()
        code = np.array([wanted.get(key, -1) for key in column], np.int64)
        begin = np.array([begins.get(key, 0) for key in column], np.int64)
        part = table["part"].to_numpy().astype(np.int64)
        live = np.flatnonzero((code >= 0) & (part >= begin))
        frame = table["frame"].to_numpy()[live]
        order = np.lexsort((frame, code[live]))
        live = live[order]
        bounds = np.searchsorted(code[live], np.arange(len(wanted) + 1))
        # One row per asked source; those asked for twice are pointed to twice.
        pieces = [np.arange(bounds[wanted[key]], bounds[wanted[key] + 1]) for key in keys]
        chosen = live[np.concatenate([np.zeros(0, np.int64), *pieces])]
        fractions = table["valid_fraction"].combine_chunks().flatten().to_numpy()
        return cls(
            folder,
            starts=np.cumsum([0, *(len(piece) for piece in pieces)], dtype=np.int64),
            shards=table["shard"].to_numpy().astype(np.int64)[chosen],
            rows=table["row"].to_numpy().astype(np.int64)[chosen],
            valid=fractions.reshape(-1, len(regions))[chosen] > 0,
            regions=regions,
            image_size=image_size,
        )

    def limited(self, frames: int | None) -> StoreClips:
        """The same rows with at most `frames` frames each, evenly spaced; None: all."""
        return StoreClips(
            self._folder,
            starts=self._starts,
            shards=self._shards,
            rows=self._rows,
            valid=self._valid,
            regions=self.regions,
            image_size=self.image_size,
            frames=frames,
        )

    def __len__(self) -> int:
        return len(self._starts) - 1

    def read(self, index: Sequence[int]) -> Clips:
        """Rows `index` as uint8 clips, padded at the end to the longest T among them."""
        chosen = [self._frames_of(int(i)) for i in index]
        length = max((len(frames) for frames in chosen), default=0)
        shape = (len(chosen), max(1, length), len(self.regions))
        frames = np.zeros((*shape, 3, self.image_size, self.image_size), np.uint8)
        valid = np.zeros(shape, np.bool_)
        for number, own in enumerate(chosen):
            for slot, place in enumerate(own.tolist()):
                shard = self._shard(int(self._shards[place]))
                frames[number, slot] = shard[self._rows[place]]
            valid[number, : len(own)] = self._valid[own]
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

    def _shard(self, number: int) -> npt.NDArray[np.uint8]:
        with self._lock:  # batches are read ahead in a thread
            mapped = self._mapped.get(number)
            if mapped is None:
                path = part_file(self._folder, SHARDS, number)
                mapped = np.load(path, mmap_mode="r", allow_pickle=False)
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
