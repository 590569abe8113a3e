"""Small videos whose frames carry their number.

One is a motion JPEG in an AVI file, written here byte by byte, so that it needs no encoder. The
others are written by PyAV.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

HEIGHT, WIDTH = 96, 128
RATE = 25
"""Frames per second; the unit of `times` below."""

COLOURS = ((220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 230, 230))
"""The lowest third of each frame, from left to right."""

DARK, LIGHT = 30, 200
"""Grey of a bit that is not set and of one that is."""

_ROWS, _COLUMNS = 3, 4


def numbered_frame(number: int) -> Tensor:
    """Eight squares for the bits of a number, the lowest first, and `COLOURS` below them.

    Args:
        number: 0 to 255.
    Returns: (3, 96, 128) uint8 RGB.
    """
    bits = [LIGHT if number >> bit & 1 else DARK for bit in range(8)]
    cells = torch.tensor([*([grey] * 3 for grey in bits), *COLOURS], dtype=torch.uint8)
    grid = cells.reshape(_ROWS, _COLUMNS, 3).permute(2, 0, 1)
    tall = grid.repeat_interleave(HEIGHT // _ROWS, 1)
    return tall.repeat_interleave(WIDTH // _COLUMNS, 2)


def read_number(frame: Tensor) -> int:
    """The number that a decoded frame (3, 96, 128) carries."""
    grey = _middles(frame)[:, :2].float().mean(0).flatten()
    return sum(1 << bit for bit, level in enumerate(grey.tolist()) if level > (DARK + LIGHT) / 2)


def read_colours(frame: Tensor) -> Tensor:
    """What a decoded frame (3, 96, 128) shows where `COLOURS` are: (4, 3) float."""
    return _middles(frame)[:, 2].T.float()


def _middles(frame: Tensor) -> Tensor:
    """Mean of the middle of each square: (3, 3, 4)."""
    cells = frame.float().reshape(3, _ROWS, HEIGHT // _ROWS, _COLUMNS, WIDTH // _COLUMNS)
    return cells[:, :, 8:-8, :, 8:-8].mean((2, 4))


def write_avi(path: Path, count: int) -> None:
    """Frames 0 to count - 1 as JPEGs in an AVI file, 25 per second.

    Source: Microsoft, AVI RIFF File Reference.
    """
    pictures = [_jpeg(number) for number in range(count)]
    largest = max(map(len, pictures))
    movie, index = b"movi", b""
    for picture in pictures:
        index += struct.pack("<4s3I", b"00dc", 0x10, len(movie), len(picture))  # a key frame
        movie += _chunk(b"00dc", picture)
    about = struct.pack(
        "<14I",
        *(1_000_000 // RATE, largest * RATE, 0, 0x10, count, 0, 1, largest, WIDTH, HEIGHT),
        *(0, 0, 0, 0),
    )
    stream = struct.pack(
        "<4s4sIHHIIIIIIII4H",
        *(b"vids", b"MJPG", 0, 0, 0, 0, 1, RATE, 0, count, largest, 0xFFFFFFFF, 0),
        *(0, 0, WIDTH, HEIGHT),
    )
    form = struct.pack(
        "<IiiHH4sIiiII", 40, WIDTH, HEIGHT, 1, 24, b"MJPG", 3 * WIDTH * HEIGHT, 0, 0, 0, 0
    )
    one = _chunk(b"LIST", b"strl" + _chunk(b"strh", stream) + _chunk(b"strf", form))
    head = _chunk(b"LIST", b"hdrl" + _chunk(b"avih", about) + one)
    body = b"AVI " + head + _chunk(b"LIST", movie) + _chunk(b"idx1", index)
    path.write_bytes(_chunk(b"RIFF", body))


def write_mp4(path: Path, times: Sequence[int], *, quarter_turn: bool = False) -> None:
    """Frames 0, 1, ... as MPEG-4 with B-frames in an MP4 file, by PyAV.

    Args:
        times: of each frame, ascending, in 25ths of a second.
        quarter_turn: the file says that players are to turn it clockwise.
    Raises: ImportError: there is no PyAV.
    """
    import av

    options = {"g": "10", "bf": "2", "qscale": "2", "flags": "+qscale"}
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, time in enumerate(times):
            pixels = numbered_frame(number).permute(1, 2, 0).contiguous().numpy()
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, RATE)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    if quarter_turn:
        content = bytearray(path.read_bytes())
        matrix = content.index(b"tkhd") + 4 + 40  # ISO/IEC 14496-12, 8.3.2
        one = 1 << 16
        struct.pack_into(">9i", content, matrix, 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
        path.write_bytes(content)


def _jpeg(number: int) -> bytes:
    file = io.BytesIO()
    pixels = numbered_frame(number).permute(1, 2, 0).contiguous().numpy()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return file.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    """A piece of a RIFF file; pieces begin at even places."""
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
