"""The containers that `containers.py` compares: each writes rows of R blobs and reads some back.

A block is a list of rows, a row is a list of R bytes objects: raw pixels, or JPEG files. Each
block makes one file (shard, fragment, chunk) of about the same size whatever the container.
"""

from __future__ import annotations

import importlib.util
import json
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from ferkit.faces.shards import MappedFile
from ferkit.files import replacing

Blob = bytes | memoryview
Row = Sequence[Blob]
Block = Sequence[Row]


class Opened(Protocol):
    """A container that is open for reading."""

    def some(self, rows: Sequence[int]) -> Iterator[Row]: ...

    def all(self) -> Iterator[Row]:
        """Every row in order, by the container's own way to go through it."""
        ...


class Shards:
    """Files of one block each, an opened one being a function from row to blobs.

    ahead: rows of a batch are asked of the system before the first is touched.
    """

    def __init__(
        self, folder: Path, ending: str, open_one: Callable[[Path], Any], *, ahead: bool = False
    ) -> None:
        self._shards = [open_one(path) for path in sorted(folder.glob(f"*{ending}"))]
        self._starts = np.cumsum([0, *(len(shard) for shard in self._shards)])
        self._ahead = ahead

    def some(self, rows: Sequence[int]) -> Iterator[Row]:
        owners = np.searchsorted(self._starts, rows, side="right") - 1
        places = [
            (self._shards[owner], row - int(self._starts[owner]))
            for owner, row in zip(owners.tolist(), rows, strict=True)
        ]
        if self._ahead:
            for shard, row in places:
                shard.expect(row)
        for shard, row in places:
            yield shard[row]

    def all(self) -> Iterator[Row]:
        total = int(self._starts[-1])
        for start in range(0, total, 32):
            yield from self.some(range(start, min(total, start + 32)))


class Mapped:
    """`.npy` of raw blobs (n, R, bytes), memory-mapped; asked ahead: the store's format "raw"."""

    def __init__(self, path: Path) -> None:
        shape = np.load(path, mmap_mode="r").shape
        self._file = MappedFile(path)
        self._row = int(np.prod(shape[1:]))
        self._start = len(self._file.content) - shape[0] * self._row
        flat = np.frombuffer(self._file.content, np.uint8, offset=self._start)
        self._blobs = flat.reshape(shape)

    def __len__(self) -> int:
        return len(self._blobs)

    def __getitem__(self, row: int) -> Row:
        return [blob.data for blob in self._blobs[row]]

    def expect(self, row: int) -> None:
        self._file.expect(self._start + row * self._row, self._row)


class Unmapped(Mapped):
    """The same file, each row by one read() at its place."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = os.open(path, os.O_RDONLY)

    def __getitem__(self, row: int) -> Row:
        content = memoryview(os.pread(self._file, self._row, self._start + row * self._row))
        step = self._row // self._blobs.shape[1]
        return [content[at : at + step] for at in range(0, self._row, step)]

    def __del__(self) -> None:
        os.close(self._file)


class ArrowFile:
    """Arrow IPC, memory-mapped, a binary column per region; asked ahead: the format "jpeg"."""

    def __init__(self, path: Path) -> None:
        self._file = MappedFile(path)
        content = pa.py_buffer(self._file.content)
        with pa.ipc.open_file(pa.BufferReader(content)) as reader:
            columns = reader.get_batch(0).columns
        self._bounds = []  # of each region: where its blobs begin and end in the file
        for column in columns:
            _, offsets, data = column.buffers()
            bounds = np.frombuffer(offsets, np.int32, len(column) + 1)
            self._bounds.append((bounds + (data.address - content.address)).tolist())

    def __len__(self) -> int:
        return len(self._bounds[0]) - 1

    def __getitem__(self, row: int) -> Row:
        return [self._file.content[bounds[row] : bounds[row + 1]] for bounds in self._bounds]

    def expect(self, row: int) -> None:
        for bounds in self._bounds:
            self._file.expect(bounds[row], bounds[row + 1] - bounds[row])


class Tar:
    """A WebDataset shard; it has no random access, so an index of offsets is kept beside it."""

    def __init__(self, path: Path) -> None:
        self._places = json.loads(path.read_text())
        self._file = MappedFile(path.with_suffix(".tar"))

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, row: int) -> Row:
        return [self._file.content[start : start + size] for start, size in self._places[row]]

    def expect(self, row: int) -> None:
        for start, size in self._places[row]:
            self._file.expect(start, size)


class TarFolder(Shards):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ".json", Tar, ahead=True)
        self._paths = [str(path.with_suffix(".tar")) for path in sorted(folder.glob("*.json"))]

    def all(self) -> Iterator[Row]:
        from webdataset import WebDataset

        for sample in WebDataset(self._paths, shardshuffle=False, empty_check=False):
            yield [value for name, value in sorted(sample.items()) if name.startswith("r")]


class Lance:
    def __init__(self, folder: Path) -> None:
        import lance

        self._data = lance.dataset(str(folder / "crops.lance"))

    def some(self, rows: Sequence[int]) -> Iterator[Row]:
        return rows_of(self._data.take(list(rows)))

    def all(self) -> Iterator[Row]:
        for batch in self._data.to_batches(batch_size=32):
            yield from rows_of(batch)


class Lit:
    def __init__(self, folder: Path) -> None:
        from litdata import StreamingDataset

        self._data = StreamingDataset(str(folder), shuffle=False)

    def some(self, rows: Sequence[int]) -> Iterator[Row]:
        for row in rows:
            yield list(self._data[row].values())

    def all(self) -> Iterator[Row]:
        for row in self._data:
            yield list(row.values())


def rows_of(table: Any) -> Iterator[Row]:
    columns = [column.to_pylist() for column in table.columns]
    return zip(*columns, strict=True)


def arrow_table(block: Block) -> Any:
    columns = zip(*block, strict=True)
    return pa.table({f"r{at}": pa.array(each, pa.binary()) for at, each in enumerate(columns)})


def write_npy(folder: Path, blocks: Iterable[Block]) -> None:
    for number, block in enumerate(blocks):
        flat = np.frombuffer(b"".join(blob for row in block for blob in row), np.uint8)
        with replacing(folder / f"{number:06d}.npy") as file:
            np.lib.format.write_array(file, flat.reshape(len(block), len(block[0]), -1))


def write_arrow(folder: Path, blocks: Iterable[Block]) -> None:
    for number, block in enumerate(blocks):
        table = arrow_table(block)
        with (
            replacing(folder / f"{number:06d}.arrow") as file,
            pa.ipc.new_file(file, table.schema) as writer,
        ):
            writer.write_table(table)


def write_tar(folder: Path, blocks: Iterable[Block]) -> None:
    from webdataset import TarWriter

    for number, block in enumerate(blocks):
        path = folder / f"{number:06d}.tar"
        with TarWriter(str(path)) as writer:
            for at, row in enumerate(block):
                regions = {f"r{one}.bin": bytes(blob) for one, blob in enumerate(row)}
                writer.write({"__key__": f"{number:06d}_{at:06d}", **regions})
        with tarfile.open(path) as tar:
            members = [(each.offset_data, each.size) for each in tar]
        each = len(block[0])
        places = [members[at : at + each] for at in range(0, len(members), each)]
        path.with_suffix(".json").write_text(json.dumps(places))


def write_lance(folder: Path, blocks: Iterable[Block]) -> None:
    import lance

    for number, block in enumerate(blocks):
        mode = "append" if number else "create"
        lance.write_dataset(arrow_table(block), str(folder / "crops.lance"), mode=mode)


def write_lit(folder: Path, blocks: Iterable[Block]) -> None:
    from litdata.streaming.writer import BinaryWriter

    writer, row_number = None, 0
    for block in blocks:
        writer = writer or BinaryWriter(str(folder), chunk_size=len(block))
        for row in block:
            writer[row_number] = {f"r{at}": bytes(blob) for at, blob in enumerate(row)}
            row_number += 1
    if writer is not None:
        writer.done()
        writer.merge()


class Kind:
    """A container: its name, how to write and open it, and the package it needs."""

    def __init__(
        self,
        name: str,
        write: Callable[[Path, Iterable[Block]], None],
        open_folder: Callable[[Path], Opened],
        *,
        package: tuple[str, str] | None = None,
        raw_only: bool = False,
    ) -> None:
        self.name = name
        self.write = write
        self.open = open_folder
        self.package = package
        self.raw_only = raw_only

    def installed(self) -> bool:
        return self.package is None or importlib.util.find_spec(self.package[1]) is not None


KINDS = (
    Kind("npy, mapped", write_npy, lambda at: Shards(at, ".npy", Mapped), raw_only=True),
    Kind(
        "npy, mapped, asked ahead",
        write_npy,
        lambda at: Shards(at, ".npy", Mapped, ahead=True),
        raw_only=True,
    ),
    Kind("npy, read()", write_npy, lambda at: Shards(at, ".npy", Unmapped), raw_only=True),
    Kind("Arrow IPC, mapped", write_arrow, lambda at: Shards(at, ".arrow", ArrowFile)),
    Kind(
        "Arrow IPC, mapped, asked ahead",
        write_arrow,
        lambda at: Shards(at, ".arrow", ArrowFile, ahead=True),
    ),
    Kind("Lance", write_lance, Lance, package=("pylance", "lance")),
    Kind("WebDataset + index", write_tar, TarFolder, package=("webdataset", "webdataset")),
    Kind("LitData", write_lit, Lit, package=("litdata", "litdata")),
)
