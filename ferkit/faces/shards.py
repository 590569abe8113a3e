"""Shards: files of crops that random access reads without decoding the rest.

`raw`: one NumPy array. `jpeg`: an Arrow IPC file with a column of JPEG files for each region. Both
are memory-mapped. docs/store.md has the figures behind the choice.
"""

from __future__ import annotations

import io
import mmap
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

Format = Literal["raw", "jpeg"]
SUFFIXES: dict[Format, str] = {"raw": ".npy", "jpeg": ".arrow"}
UNREADABLE = (OSError, EOFError, ValueError, IndexError, pa.ArrowException)
"""What opening and reading a damaged shard raises."""


class Encoding(NamedTuple):
    """How crops lie in shards.

    format: "raw" or "jpeg". quality: of JPEG, 1 to 100; unused for raw. regions: their names.
    image_size: side of the crops, pixels.
    """

    format: Format
    quality: int
    regions: tuple[str, ...]
    image_size: int


class Shard(Protocol):
    """An open shard; its methods raise one of `UNREADABLE` where it is damaged."""

    def __len__(self) -> int: ...

    def expect(self, row: int) -> None:
        """Ask the system to read a row from the disk, without waiting for it."""
        ...

    def copy_into(self, target: npt.NDArray[np.uint8], row: int) -> None:
        """Put the crops of a row into `target`, (R, 3, S, S)."""
        ...


def write_shard(file: IO[bytes], crops: npt.NDArray[np.uint8], encoding: Encoding) -> None:
    """Write crops (n, R, 3, S, S) to a binary file."""
    if encoding.format == "raw":
        np.lib.format.write_array(file, crops, allow_pickle=False)
        return
    columns = {
        name: pa.array([to_jpeg(crop, encoding.quality) for crop in crops[:, at]], pa.binary())
        for at, name in enumerate(encoding.regions)
    }
    batch = pa.RecordBatch.from_pydict(columns)
    with pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)


def open_shard(path: Path, encoding: Encoding) -> Shard:
    """Map a shard into memory.

    Raises: one of `UNREADABLE`: it is damaged, or of another shape than `encoding` says.
    """
    return (RawShard if encoding.format == "raw" else JpegShard)(path, encoding)


class RawShard:
    """A memory-mapped array (n, R, 3, S, S)."""

    def __init__(self, path: Path, encoding: Encoding) -> None:
        crops = np.load(path, mmap_mode="r", allow_pickle=False)
        shape = (len(encoding.regions), 3, encoding.image_size, encoding.image_size)
        if crops.dtype != np.uint8 or crops.shape[1:] != shape:
            raise ValueError(f"crops of shape {crops.shape[1:]}, not {shape}")
        self._file = MappedFile(path)
        self._row = crops[0].nbytes
        self._start = len(self._file.content) - crops.nbytes
        flat = np.frombuffer(self._file.content, np.uint8, offset=self._start)
        self._crops = flat.reshape(crops.shape)

    def __len__(self) -> int:
        return len(self._crops)

    def expect(self, row: int) -> None:
        """As `Shard` says."""
        self._file.expect(self._start + row * self._row, self._row)

    def copy_into(self, target: npt.NDArray[np.uint8], row: int) -> None:
        """As `Shard` says."""
        target[:] = self._crops[row]


class JpegShard:
    """A memory-mapped Arrow file; only the asked crops are decoded."""

    def __init__(self, path: Path, encoding: Encoding) -> None:
        self._file = MappedFile(path)
        content = pa.py_buffer(self._file.content)
        with pa.ipc.open_file(pa.BufferReader(content)) as reader:
            batch = reader.get_batch(0)
        if batch.schema.names != list(encoding.regions):
            raise ValueError(f"columns {batch.schema.names}, not {list(encoding.regions)}")
        batch.validate(full=True)  # the offsets below lie within the file
        self._rows: int = batch.num_rows
        self._bounds = []  # of each region, (n + 1,) places in the file
        for column in batch.columns:
            _, offsets, data = column.buffers()
            bounds = np.frombuffer(offsets, np.int32, self._rows + 1).astype(np.int64)
            self._bounds.append(bounds + (data.address - content.address if data else 0))

    def __len__(self) -> int:
        return self._rows

    def expect(self, row: int) -> None:
        """As `Shard` says."""
        for bounds in self._bounds:
            self._file.expect(int(bounds[row]), int(bounds[row + 1] - bounds[row]))

    def copy_into(self, target: npt.NDArray[np.uint8], row: int) -> None:
        """As `Shard` says."""
        for place, bounds in zip(target, self._bounds, strict=True):
            from_jpeg(self._file.content[bounds[row] : bounds[row + 1]], place)


class MappedFile:
    """A file in memory, whose pages are read when they are touched, or a little before."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.content = memoryview(self._map)

    def expect(self, start: int, length: int) -> None:
        """Have these bytes read from the disk; where the system can't, they come when touched.

        A page that is missed when touched costs a wait each, and the system then reads much
        that random access does not want.
        """
        if length > 0 and hasattr(mmap, "MADV_WILLNEED"):
            page = start - start % mmap.PAGESIZE
            self._map.madvise(mmap.MADV_WILLNEED, page, start + length - page)


def to_jpeg(crop: npt.NDArray[np.uint8], quality: int) -> bytes:
    """A crop (3, S, S) as a JPEG file in full colour resolution; b"" if it is all black.

    Black is what stands for a region that could not be cut.
    """
    if not crop.any():
        return b""
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(crop.transpose(1, 2, 0)))
    image.save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def from_jpeg(content: memoryview, target: npt.NDArray[np.uint8]) -> None:
    """Decode a JPEG file into `target`, (3, S, S).

    Raises: ValueError: it is damaged, or of another size.
    """
    if not len(content):
        target[:] = 0
        return
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            pixels = np.asarray(image)
    except (OSError, SyntaxError, struct.error) as error:
        raise ValueError("a JPEG file in it can't be decoded") from error
    if pixels.shape != (*target.shape[1:], 3):
        raise ValueError(f"a crop of shape {pixels.shape}, not {(*target.shape[1:], 3)}")
    target[:] = pixels.transpose(2, 0, 1)


def describe_encoding(encoding: Encoding) -> dict[str, Any]:
    """What of it belongs to a store's settings."""
    quality = {} if encoding.format == "raw" else {"jpeg_quality": encoding.quality}
    return {
        "regions": encoding.regions,
        "image_size": encoding.image_size,
        "format": encoding.format,
        **quality,
    }


def encoding_of(settings: Any) -> Encoding:
    """The encoding that a store's settings describe.

    Raises: KeyError, TypeError, ValueError: they do not.
    """
    format = settings["format"]
    if format not in SUFFIXES:
        raise ValueError(f"format {format!r}")
    regions: Sequence[str] = settings["regions"]
    quality = int(settings.get("jpeg_quality", 0))
    return Encoding(format, quality, tuple(regions), int(settings["image_size"]))
