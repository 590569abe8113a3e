"""What a video file is, from its bytes."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from ferkit.errors import FerkitError
from ferkit.faces.container import Container, boxes, recognise


def box(kind: bytes, content: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I4s", 8 + len(content) if size is None else size, kind) + content


MOOV = box(b"ftyp", b"isom") + box(b"moov", bytes(20))
EBML = b"\x1a\x45\xdf\xa3\x84" + bytes(4)
SEGMENT = b"\x18\x53\x80\x67"
FLV = b"FLV\x01\x05" + struct.pack(">II", 9, 0)
TAG = b"\x09" + (40).to_bytes(3, "big") + bytes(7 + 40 + 4)
RIFF = b"RIFF" + struct.pack("<I", 104) + b"AVI "


@pytest.mark.parametrize(
    ("content", "name", "cut_off"),
    [
        (MOOV + box(b"mdat", bytes(99)), "mp4", False),
        (MOOV + box(b"mdat", bytes(99), 500), "mp4", True),
        (MOOV + box(b"mdat", bytes(99), 0), "mp4", False),  # 0: to the end of the file
        (MOOV + struct.pack(">I4sQ", 1, b"mdat", 115) + bytes(99), "mp4", False),
        (MOOV + struct.pack(">I4sQ", 1, b"mdat", 999) + bytes(99), "mp4", True),
        (box(b"mdat", bytes(99)) + box(b"moov", bytes(9)), "mp4", False),
        (EBML + SEGMENT + b"\x10\x00\x00\x40" + bytes(64), "matroska", False),
        (EBML + SEGMENT + b"\x10\x00\x00\x40" + bytes(63), "matroska", True),
        (EBML + SEGMENT + b"\x01" + b"\xff" * 7 + bytes(63), "matroska", False),  # not known
        (RIFF + bytes(100), "avi", False),
        (RIFF + bytes(99), "avi", True),
        (FLV + TAG * 3, "flv", False),
        (FLV + TAG * 3 + TAG[:-9], "flv", True),
        ((b"G" + bytes(187)) * 4, "mpegts", False),
        ((b"G" + bytes(187)) * 4 + b"G", "mpegts", True),
        ((bytes(4) + b"G" + bytes(187)) * 4, "mpegts", False),
        (b"OggS" + bytes(99), "ogg", False),
        (b"\0\0\1\xba" + bytes(99), "mpeg", False),
        (b"YUV4MPEG2 W4 H4\nFRAME\n" + bytes(24), "yuv4mpeg", False),
        (bytes(range(256)), "", False),
    ],
)
def test_containers(tmp_path: Path, content: bytes, name: str, cut_off: bool) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    assert recognise(path) == Container(name, cut_off)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"hello\n", "a text file, not a video"),
        ("für".encode() * 400, "a text file"),  # 1024 bytes end within a letter
        (b"ffconcat version 1.0\nfile a.mp4\n", "a text file"),
        (b"\xff\xd8\xff\xe1" + bytes(9), r"a picture \(JPEG\)"),
        (b"RIFF\0\0\0\0WEBPVP8 ", r"a picture \(WebP\)"),
        (box(b"ftyp", b"heic" + bytes(9)), r"a picture \(HEIC\)"),
        (b"BM" + bytes(60), r"a picture \(BMP\)"),
        (box(b"ftyp", b"isom") + box(b"mdat", bytes(9), 99), "its moov box"),
        (MOOV[:-1], "its moov box"),
    ],
)
def test_what_is_no_video(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(FerkitError, match=reason) as caught:
        recognise(path)
    assert caught.value.where == str(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FerkitError, match="no such file"):
        recognise(tmp_path / "a.mp4")
    with pytest.raises(FerkitError, match="no such file"):
        recognise(tmp_path)


def test_boxes_that_are_none_end_the_walk() -> None:
    content = box(b"free", bytes(4)) + box(b"junk", b"", 3) + bytes(99)
    assert [each.kind for each in boxes(io.BytesIO(content), 0, len(content))] == [b"free"]
