"""Shards: files of crops that random access reads without decoding the rest.

`raw`: one NumPy array, read by memory-mapping. `jpeg`: an Arrow IPC file, also memory-mapped, with
a column of JPEG files for each region. docs/store.md has the figures behind the choice.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

Format = Literal["raw", "jpeg"]
SUFFIXES: dict[Format, str] = {"raw": ".npy", "jpeg": ".arrow"}


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
    """An open shard."""

    def __len__(self) -> int: ...

    def copy_into(self, target: npt.NDArray[np.uint8], row: int) -> None:
        """Put the crops of a row into `target`, (R, 3, S, S).

        Raises: ValueError, OSError: they are damaged.
        """
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
    batch = pa.record_batch(columns)
    with pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)


def open_shard(path: Path, encoding: Encoding) -> Shard:
    """Map a shard into memory.

    Raises: ValueError, OSError: it is damaged, or of another shape than `encoding` says.
    """
    return (RawShard if encoding.format == "raw" else JpegShard)(path, encoding)


class RawShard:
    """A memory-mapped array (n, R, 3, S, S)."""

    def __init__(self, path: Path, encoding: Encoding) -> None:
        self._crops: npt.NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
        size = encoding.image_size
        shape = (len(encoding.regions), 3, size, size)
        if self._crops.dtype != np.uint8 or self._crops.shape[1:] != shape:
            raise ValueError(f"crops of shape {self._crops.shape[1:]}, not {shape}")

    def __len__(self) -> int:
        return len(self._crops)

    def copy_into(self, target: npt.NDArray[np.uint8], row: int) -> None:
        """As `Shard` says."""
        target[:] = self._crops[row]


class JpegShard:
    """A memory-mapped Arrow file; only the asked crops are decoded."""

    def __init__(self, path: Path, encoding: Encoding) -> None:
        self._size = encoding.image_size
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        if table.column_names != list(encoding.regions):
            raise ValueError(f"columns {table.column_names}, not {list(encoding.regions)}")
        self._columns: list[Any] = [column.combine_chunks() for column in table.columns]
        self._rows: int = table.num_rows

    def __len__(self) -> int:
        return self._rows

    def copy_into(self, target: npt.NDArray[np.uint8], row: int) -> None:
        """As `Shard` says."""
        for place, column in zip(target, self._columns, strict=True):
            from_jpeg(column[row].as_buffer(), place)


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


def from_jpeg(content: pa.Buffer, target: npt.NDArray[np.uint8]) -> None:
    """Decode a JPEG file into `target`, (3, S, S).

    Raises: ValueError, OSError: it is damaged, or of another size.
    """
    if not len(content):
        target[:] = 0
        return
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        pixels = np.asarray(image)
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
