"""What decord does not tell about an MP4 or MOV file: mirroring, and how far it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from ferkit.faces.container import Box, boxes

INDEX_BYTES = 256 << 20
"""Largest part of a cut-off file, up to the end of its index, that is copied to mend it."""


class Mp4(NamedTuple):
    """What the boxes of a file say about its first video track.

    mirror: axis of (H, W, 3) along which a frame is mirrored after it was turned; None: it is not.
    fragments_end: for a file in fragments, bytes up to which it is whole; else 0.
    shortened: for a file that was cut off behind its index, its first bytes up to the end of the
        index, changed so that the index ends with the last whole frame and names no other track;
        None where that can't be done.
    """

    mirror: int | None = None
    fragments_end: int = 0
    shortened: bytes | None = None


def read_mp4(path: Path) -> Mp4:
    """Look into a file that has an index. Source: ISO/IEC 14496-12."""
    size = path.stat().st_size
    with path.open("rb") as file:
        top = list(boxes(file, 0, size))
        index = next(box for box in top if box.kind == b"moov")
        tracks = [box for box in boxes(file, index.inside, index.end) if box.kind == b"trak"]
        video = next((track for track in tracks if _handler(file, track) == b"vide"), None)
        if video is None:
            return Mp4()
        mirror = _mirror(file, video)
        if any(box.kind == b"moof" for box in top):
            whole = (box.end for box in top if box.kind == b"mdat" and box.end <= size)
            return Mp4(mirror, fragments_end=max(whole, default=0))
        if top[-1].end <= size or index.end > INDEX_BYTES:
            return Mp4(mirror)
        frames = _whole_frames(file, video, size=size)
        if not frames or _hides_frames(file, video):
            return Mp4(mirror)
        file.seek(0)
        begun = bytearray(file.read(index.end))
        sizes = _inside(file, video, *_TABLES, b"stsz")
        assert sizes is not None  # its frames were counted
        begun[sizes.inside + 8 : sizes.inside + 12] = frames.to_bytes(4, "big")
        for track in tracks:
            if track != video:
                begun[track.start + 4 : track.start + 8] = b"free"
        return Mp4(mirror, shortened=bytes(begun))


_TABLES = (b"mdia", b"minf", b"stbl")


def _inside(file: BinaryIO, box: Box, *kinds: bytes) -> Box | None:
    """The box that a path of kinds leads to."""
    found: Box | None = box
    for kind in kinds:
        if found is None:
            return None
        inner = boxes(file, found.inside, found.end)
        found = next((each for each in inner if each.kind == kind), None)
    return found


def _content(file: BinaryIO, box: Box | None) -> bytes:
    if box is None:
        return b""
    file.seek(box.inside)
    return file.read(box.end - box.inside)


def _handler(file: BinaryIO, track: Box) -> bytes:
    return _content(file, _inside(file, track, b"mdia", b"hdlr"))[8:12]


def _mirror(file: BinaryIO, track: Box) -> int | None:
    """The axis that is left to flip once a frame is turned by the matrix's angle."""
    header = _content(file, _inside(file, track, b"tkhd"))
    start = 52 if header[:1] == b"\x01" else 40
    if len(header) < start + 36:
        return None
    a, b, _, c, d = np.frombuffer(header, ">i4", 5, start).astype(np.int64).tolist()
    if a * d - b * c >= 0:
        return None
    return 0 if abs(a) + abs(d) >= abs(b) + abs(c) else 1


def _numbers(content: bytes, kind: str, *, start: int, count: int) -> npt.NDArray[np.int64]:
    item = np.dtype(kind)
    there = max(0, min(count, (len(content) - start) // item.itemsize))
    return np.frombuffer(content, item, there, start if there else 0).astype(np.int64)


def _whole_frames(file: BinaryIO, track: Box, *, size: int) -> int:
    """How many samples, in the order of decoding, lie within the first `size` bytes."""
    sizes = _content(file, _inside(file, track, *_TABLES, b"stsz"))
    runs = _content(file, _inside(file, track, *_TABLES, b"stsc"))
    chunks = _content(file, _inside(file, track, *_TABLES, b"stco"))
    long_chunks = _content(file, _inside(file, track, *_TABLES, b"co64"))
    if len(sizes) < 12 or len(runs) < 8 or len(chunks or long_chunks) < 8:
        return 0
    equal, count = _numbers(sizes, ">u4", start=4, count=2).tolist()
    lengths = np.full(count, equal) if equal else _numbers(sizes, ">u4", start=12, count=count)
    places = (
        _numbers(chunks, ">u4", start=8, count=int.from_bytes(chunks[4:8], "big"))
        if chunks
        else _numbers(long_chunks, ">u8", start=8, count=int.from_bytes(long_chunks[4:8], "big"))
    )
    # Runs of chunks with as many samples each: (first chunk from 1, samples, description).
    table = _numbers(runs, ">u4", start=8, count=3 * int.from_bytes(runs[4:8], "big"))
    first, samples = table[0::3][: len(table) // 3] - 1, table[1::3][: len(table) // 3]
    if not len(first) or not len(places):
        return 0
    of_run = np.searchsorted(first, np.arange(len(places)), side="right") - 1
    chunk = np.repeat(np.arange(len(places)), samples[of_run])[: len(lengths)]
    lengths = lengths[: len(chunk)]
    after = np.cumsum(lengths)  # bytes of all samples up to the end of each
    begins = np.searchsorted(chunk, chunk, side="left")  # the first sample of the same chunk
    ends = places[chunk] + after - (after - lengths)[begins]
    cut = np.flatnonzero(ends > size)
    return int(cut[0]) if len(cut) else len(chunk)


def _hides_frames(file: BinaryIO, track: Box) -> bool:
    """Whether the edit list begins after the first frame; a shortened index would show it."""
    edits = _content(file, _inside(file, track, b"edts", b"elst"))
    delays = _content(file, _inside(file, track, *_TABLES, b"ctts"))
    width = 8 if edits[:1] == b"\x01" else 4  # of a duration and of a time
    begins = [
        int.from_bytes(edits[at + width : at + 2 * width], "big", signed=True)
        for at in range(8, len(edits), 2 * width + 4)
    ]
    delay = int.from_bytes(delays[12:16], "big") if len(delays) >= 16 else 0
    return max(begins, default=0) > delay
