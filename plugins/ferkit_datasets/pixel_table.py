"""Tables that hold their images as text: unpacked once into the user's cache, then looked up."""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import os
import shutil
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from ferkit.cache import cache_folder
from ferkit.files import told_plainly, write_whole
from ferkit.locking import locked
from ferkit.suggest import nearest
from ferkit_datasets.lists import read_list

SIDE = 48
"""Width and height of an image, pixels."""

PART = 1000
"""Rows of a folder in the cache; a kill loses at most so many."""

WRITTEN_NS = 1_370_000_000 * 10**9
"""Modification time of every unpacked file, so that unpacking again changes no fingerprint."""

_WRITING = ".writing"
_INDEX = "index.csv"
_LOG = logging.getLogger("ferkit.datasets")


class Unpacked(NamedTuple):
    """A row of the table.

    number: from 0. line: of the table. code, usage: its label and its split, as they stand there.
    file: a PGM image, there unless `why` says what is wrong with the pixels.
    """

    number: int
    line: int
    code: str
    usage: str
    why: str
    file: Path


def unpack(table: Path) -> list[Unpacked]:
    """The rows of a table with the columns emotion, pixels and Usage; images are in the cache.

    They lie in a folder named by the table's digest. What a killed process unpacked stays and is
    gone on from; two processes wait for each other.

    Raises: FerkitError: not such a table. RunError: the cache can't be written.
    """
    with table.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    folder = cache_folder("pixels") / digest[:32]
    rows = _read_index(folder)
    if rows is None:
        with told_plainly(folder, hint="The variable FERKIT_CACHE moves the cache."):
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder / "lock", what="the cache of images", waiting=_LOG.warning):
                if _read_index(folder) is None:
                    _fill(folder, table)
        rows = _read_index(folder)
        assert rows is not None
    return rows


def parse_pixels(text: str) -> bytes | str:
    """Grey values row by row, 0 to 255; or a sentence on what is wrong with them."""
    try:
        pixels = bytes(map(int, text.split()))
    except ValueError:
        return "its pixels are not all numbers from 0 to 255."
    if len(pixels) != SIDE * SIDE:
        return f"it has {len(pixels)} pixels, not {SIDE} x {SIDE}."
    return pixels


def find_table(folder: Path) -> Path | None:
    """FER2013's table in a folder, under one of the names that Kaggle gives it."""
    for name in ("fer2013.csv", "fer2013/fer2013.csv", "icml_face_data.csv"):
        if (folder / name).is_file():
            return folder / name
    return None


def like_table(folder: Path) -> str | None:
    """A file there that is called nearly so."""
    return nearest("fer2013.csv", [entry.name for entry in folder.iterdir()])


def _fill(folder: Path, table: Path) -> None:
    """Unpack what the folder lacks; the index comes last and says that all is there."""
    _LOG.warning("%s: its images are unpacked, once, to %s", table, folder)
    for left in folder.glob(f"*{_WRITING}"):
        shutil.rmtree(left)
    rows = enumerate(read_list(table, ("emotion", "Usage", "pixels")))
    kept: list[str] = []
    for part, group in groupby(rows, key=lambda numbered: numbered[0] // PART):
        place = folder / f"{part:04}"
        if not place.is_dir():
            writing = place.with_suffix(_WRITING)
            writing.mkdir()
            lines = []
            for number, (line, (code, usage, text)) in group:
                pixels = parse_pixels(text)
                why = pixels if isinstance(pixels, str) else ""
                lines.append((number, line, code, usage, why))
                if isinstance(pixels, bytes):
                    _write_image(writing / _name(number), pixels)
            (writing / "rows.csv").write_text(_csv(lines), encoding="utf-8")
            writing.rename(place)
        else:
            for _ in group:  # of a process that was ended; only the table has to be read again
                pass
        kept.append((place / "rows.csv").read_text(encoding="utf-8"))
    write_whole(folder / _INDEX, "".join(kept))
    _LOG.warning("%s: unpacked", table)


def _write_image(file: Path, pixels: bytes) -> None:
    file.write_bytes(b"P5\n%d %d\n255\n" % (SIDE, SIDE) + pixels)
    os.utime(file, ns=(WRITTEN_NS, WRITTEN_NS))


def _name(number: int) -> str:
    return f"fer{number:07}.pgm"


def _csv(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _read_index(folder: Path) -> list[Unpacked] | None:
    """The rows; None unless all was unpacked and nobody has removed a folder since."""
    try:
        text = (folder / _INDEX).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    rows = []
    for number, line, code, usage, why in csv.reader(io.StringIO(text)):
        at = int(number)
        place = folder / f"{at // PART:04}" / _name(at)
        rows.append(Unpacked(at, int(line), code, usage, why, place))
    parts = len(rows) // PART + bool(len(rows) % PART)
    there = all((folder / f"{part:04}").is_dir() for part in range(parts))
    return rows if there else None
