"""What the images of clips are that lie as folders: read once, and remembered in the store."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ferkit.errors import RunError
from ferkit.files import replacing, told_plainly

IMAGES = "images"
"""Folder of a store."""
_SCHEMA = pa.schema([("content", pa.string()), ("images", pa.list_(pa.string()))])


class ImageRecord:
    """Content key of a folder -> the content keys of its images in order, see `FolderContent`.

    A folder's content key says all about its images, so what is written never changes, files are
    named by what is in them, and writing needs no lock.

    Args:
        store: folder of a store.
    """

    def __init__(self, store: Path) -> None:
        self._folder = store / IMAGES
        self._known: dict[str, tuple[str, ...]] | None = None
        self._new: dict[str, tuple[str, ...]] = {}

    def get(self, content: str) -> tuple[str, ...] | None:
        """None: it is not known."""
        if self._known is None:
            self._known = _read(self._folder)
        return self._known.get(content)

    def add(self, content: str, images: tuple[str, ...]) -> None:
        """Know another folder."""
        if self.get(content) is None and self._known is not None:
            self._known[content] = self._new[content] = images

    def save(self) -> None:
        """Write what was added. Where the store can't be written, it is read again next time."""
        if not self._new:
            return
        name = hashlib.sha256(" ".join(sorted(self._new)).encode()).hexdigest()[:16]
        table = pa.table(
            {"content": list(self._new), "images": list(self._new.values())}, schema=_SCHEMA
        )
        with suppress(RunError), told_plainly(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._folder / f"{name}.parquet") as file:
                pq.write_table(table, file, compression="zstd", write_page_checksum=True)
        self._new = {}


def _read(folder: Path) -> dict[str, tuple[str, ...]]:
    """Of all files; one that is damaged is passed over: its folders are read again."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.glob("*.parquet")):
        with suppress(OSError, pa.ArrowException):
            table = pq.ParquetFile(path, page_checksum_verification=True).read()
            if table.schema.equals(_SCHEMA):
                images = map(tuple, table["images"].to_pylist())
                found |= zip(table["content"].to_pylist(), images, strict=True)
    return found
