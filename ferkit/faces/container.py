"""What a video file is and whether it is whole, from its bytes alone.

Video readers ask this before a decoder sees the file: decoders write their remarks to stderr,
take pictures and play lists for videos, and tell a file that was cut off from one that ends in
different ways or not at all.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ferkit.errors import FerkitError

HEAD = 1024  # bytes that tell the container

_PICTURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
_PICTURE_BRANDS = {b"avif", b"heic", b"heix", b"mif1"}
_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof"}
_MAGIC = {
    b"\x1a\x45\xdf\xa3": "matroska",
    b"FLV": "flv",
    b"OggS": "ogg",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "asf",
    b"\x00\x00\x01\xba": "mpeg",
    b"YUV4MPEG2": "yuv4mpeg",
    b"DKIF": "ivf",
}


class Container(NamedTuple):
    """A video file by its first bytes.

    name: "mp4" (MOV and 3GP, too), "matroska" (WebM, too), "avi", "mpegts", "mpeg", "flv", "ogg",
        "asf", ...; "" where the bytes are not known, which need not mean that they are no video.
    cut_off: the file ends before its container says it does. False where it does not say.
    """

    name: str
    cut_off: bool


class Box(NamedTuple):
    """A box of an MP4 file: its bytes are [start, end), its content is [inside, end)."""

    kind: bytes
    start: int
    inside: int
    end: int


def recognise(path: Path) -> Container:
    """Tell the container of a video file.

    Raises: FerkitError: there is no such file, it is empty, a picture or text, or an MP4 file
        whose index is missing. OSError: it can't be read this time.
    """
    if not path.is_file():
        raise FerkitError("no such file.", where=str(path))
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(HEAD)
        if not head:
            raise FerkitError("the file is empty.", where=str(path))
        name = _name(head, path)
        return Container(name, _cut_off(name, file, head=head, size=size, path=path))


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes of an MP4 file that lie side by side in [start, end).

    The last one may claim to end beyond `end`. Bytes that are no box end the walk.
    Source: ISO/IEC 14496-12, 4.2.
    """
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        length, inside = int.from_bytes(head[:4], "big"), start + 8
        if length == 1:
            length, inside = int.from_bytes(head[8:16], "big"), start + 16
        elif length == 0:  # to the end
            length = end - start
        if length < inside - start:
            return
        yield Box(head[4:8], start, inside, start + length)
        start += length


def _name(head: bytes, path: Path) -> str:
    """The container's name. Raises FerkitError where it is surely no video."""
    picture = next((kind for magic, kind in _PICTURES.items() if head.startswith(magic)), None)
    if head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS:
        picture = head[8:12].decode().upper()
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        picture = "WebP"
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        picture = "BMP"
    if picture:
        raise FerkitError(
            f"a picture ({picture}), not a video.",
            where=str(path),
            hint="Give it the ending of a picture, or leave it out.",
        )
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    if head[4:8] in _FIRST_BOXES:
        return "mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if any(head[at : at + 3 * step : step] == b"GGG" for at, step in ((0, 188), (4, 192))):
        return "mpegts"  # G is 0x47, the byte that begins each packet
    if _is_text(head):
        raise FerkitError("a text file, not a video.", where=str(path), hint="Leave it out.")
    return ""


def _is_text(head: bytes) -> bool:
    """Whether bytes, which may end within a character, are UTF-8 text. Play lists are."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\t\n\r\f\ufeff" for letter in text)


def _cut_off(name: str, file: BinaryIO, *, head: bytes, size: int, path: Path) -> bool:
    if name == "mp4":
        found = list(boxes(file, 0, size))
        whole = {box.kind for box in found if box.end <= size}
        if b"moov" not in whole:
            raise FerkitError(
                "the index of the video (its moov box) is missing: the recording or the copy"
                " was not finished.",
                where=str(path),
                hint="Copy it again, or leave it out.",
            )
        return found[-1].end > size
    if name == "avi":
        return 8 + int.from_bytes(head[4:8], "little") > size
    if name == "matroska":
        return _matroska_end(head, size) > size
    if name == "flv":
        return _flv_end(file, start=int.from_bytes(head[5:9], "big"), size=size) > size
    if name == "mpegts":
        return size % (188 if head[0] == 0x47 else 192) != 0
    return False


def _flv_end(file: BinaryIO, *, start: int, size: int) -> int:
    """Where the tag that reaches the end of a Flash video ends.

    Source: Adobe Flash Video File Format Specification 10.1, E.3 and E.4.1.
    """
    end = start + 4
    while end < size:
        file.seek(end)
        end += 11 + int.from_bytes(file.read(4)[1:], "big") + 4
    return end


def _matroska_end(head: bytes, size: int) -> int:
    """Where the segment of a Matroska file ends; `size` where it does not say.

    Source: RFC 8794, 4 and 6 (element sizes: the first set bit tells the number of bytes).
    """

    def number(at: int) -> tuple[int, int, bool]:
        """An element's size, the place after it, and whether it is known."""
        length = 9 - head[at].bit_length()
        value = int.from_bytes(head[at : at + length], "big") & ((1 << 7 * length) - 1)
        return value, at + length, value != (1 << 7 * length) - 1

    content, after, _ = number(4)
    at = after + content
    if head[at : at + 4] != b"\x18\x53\x80\x67" or len(head) < at + 12:
        return size
    content, after, known = number(at + 4)
    return after + content if known else size
