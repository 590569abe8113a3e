"""What the boxes of MP4 files say."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from ferkit_decord.mp4 import Mp4, read_mp4

from ferkit.faces.container import boxes


def box(kind: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return struct.pack(">I4s", 8 + len(inside), kind) + inside


def table(kind: bytes, *numbers: int, start: int = 0) -> bytes:
    return box(kind, struct.pack(f">{1 + len(numbers)}I", start, *numbers))


def track(handler: bytes, *tables: bytes, matrix: tuple[int, ...] = (1, 0, 0, 1)) -> bytes:
    a, b, c, d = (each << 16 for each in matrix)
    header = bytes(40) + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + bytes(8)
    kind = box(b"hdlr", bytes(8) + handler + bytes(13))
    media = box(b"mdia", kind, box(b"minf", box(b"stbl", *tables)))
    return box(b"trak", box(b"tkhd", header), media)


SIZES = table(b"stsz", 0, 5, 10, 20, 30, 40, 50)
RUNS = table(b"stsc", 2, 1, 2, 1, 3, 1, 1)  # two samples in chunks 1 and 2, then one each
CHUNKS = table(b"stco", 3, 1000, 2000, 3000)
"""Samples end at 1010, 1030, 2030, 2070 and 3050."""


def write(path: Path, *boxes: bytes, size: int) -> Path:
    content = box(b"ftyp", b"isom") + box(b"moov", *boxes) + struct.pack(">I4s", 9999, b"mdat")
    path.write_bytes(content.ljust(size, b"\0"))
    return path


@pytest.mark.parametrize(
    ("size", "frames"), [(1029, 1), (1030, 2), (2069, 3), (2070, 4), (3049, 4), (3050, 5)]
)
def test_whole_frames_of_a_cut_off_file(tmp_path: Path, size: int, frames: int) -> None:
    sound, video = track(b"soun"), track(b"vide", SIZES, RUNS, CHUNKS)
    path = write(tmp_path / "a.mp4", sound, video, size=size)
    found = read_mp4(path)
    assert found.mirror is None
    assert found.shortened is not None
    index = found.shortened
    (moov,) = (each for each in boxes(io.BytesIO(index), 0, len(index)) if each.kind == b"moov")
    assert moov.end == len(index)
    inner = [each.kind for each in boxes(io.BytesIO(index), moov.inside, moov.end)]
    assert inner == [b"free", b"trak"]
    at = index.index(b"stsz") + 12
    assert int.from_bytes(index[at : at + 4], "big") == frames
    # Nothing else has changed.
    original = bytearray(path.read_bytes()[: len(index)])
    original[at : at + 4] = frames.to_bytes(4, "big")
    assert index == original.replace(b"trak", b"free", 1)


def test_files_that_cannot_be_shortened(tmp_path: Path) -> None:
    video = track(b"vide", SIZES, RUNS, CHUNKS)
    assert read_mp4(write(tmp_path / "a.mp4", video, size=1005)) == Mp4()  # no frame is whole
    assert read_mp4(write(tmp_path / "a.mp4", track(b"vide"), size=2000)) == Mp4()  # no tables
    assert read_mp4(write(tmp_path / "a.mp4", track(b"soun"), size=2000)) == Mp4()


def test_tables_of_equal_sizes_and_long_offsets(tmp_path: Path) -> None:
    sizes = table(b"stsz", 10, 4)
    runs = table(b"stsc", 1, 1, 2, 1)
    chunks = box(b"co64", struct.pack(">IIQQ", 0, 2, 1000, 2000))
    found = read_mp4(write(tmp_path / "a.mp4", track(b"vide", sizes, runs, chunks), size=2015))
    assert found.shortened is not None
    assert found.shortened[found.shortened.index(b"stsz") + 12 :][:4] == (3).to_bytes(4, "big")


@pytest.mark.parametrize(("begins", "mended"), [(512, True), (2048, False)])
def test_edit_lists(tmp_path: Path, begins: int, mended: bool) -> None:
    """The first frame has a delay of 1024: an edit that begins later hides it."""
    video = track(b"vide", SIZES, RUNS, CHUNKS, table(b"ctts", 1, 5, 1024))
    edits = box(b"edts", table(b"elst", 1, 9, begins, 1 << 16))
    with_edits = struct.pack(">I4s", len(video) + len(edits), b"trak") + edits + video[8:]
    found = read_mp4(write(tmp_path / "a.mp4", with_edits, size=2500))
    assert (found.shortened is not None) is mended


@pytest.mark.parametrize(
    ("matrix", "axis"),
    [
        ((1, 0, 0, 1), None),
        ((0, 1, -1, 0), None),
        ((-1, 0, 0, -1), None),
        ((-1, 0, 0, 1), 0),
        ((1, 0, 0, -1), 0),
        ((0, 1, 1, 0), 1),
    ],
)
def test_mirrored_matrices(tmp_path: Path, matrix: tuple[int, ...], axis: int | None) -> None:
    assert (
        read_mp4(write(tmp_path / "a.mp4", track(b"vide", matrix=matrix), size=99)).mirror == axis
    )
