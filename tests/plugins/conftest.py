"""Videos whose frames carry their number, for the tests of readers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

with suppress(ImportError):
    # Before decord: it opens its libraries to the whole process, and the libvpx that comes first
    # is everyone's. PyAV's can't write with decord's.
    import av  # noqa: F401

BITS = 8  # blocks of a picture, four in a row; the third row is red, green, blue, white
COLOURS = ((220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 230, 230))


def picture(number: int, height: int, width: int) -> np.ndarray:
    """Frame `number`: a light block for each bit that is set, (H, W, 3)."""
    image = np.full((height, width, 3), 64, np.uint8)
    high, wide = height // 3, width // 4
    for bit in range(BITS):
        row, column = divmod(bit, 4)
        level = 200 if number >> bit & 1 else 30
        image[row * high : (row + 1) * high, column * wide : (column + 1) * wide] = level
    for column, colour in enumerate(COLOURS):
        image[2 * high :, column * wide : (column + 1) * wide] = colour
    return image


@pytest.fixture(scope="session")
def number_of() -> Callable[[Tensor], int]:
    """Reads the number off a frame (3, H, W)."""

    def read(frame: Tensor) -> int:
        high, wide = frame.shape[1] // 3, frame.shape[2] // 4
        number = 0
        for bit in range(BITS):
            top, left = bit // 4 * high, bit % 4 * wide
            middle = frame[:, top + high // 4 : top + 3 * high // 4]
            block = middle[:, :, left + wide // 4 : left + 3 * wide // 4]
            number |= int(block.float().mean() > 115) << bit
        return number

    return read


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    """Writes a video of numbered frames and returns its path."""
    av = pytest.importorskip("av", reason="PyAV, which writes the test videos, is not installed")

    def write(
        name: str,
        *,
        count: int = 40,
        height: int = 96,
        width: int = 128,
        codec: str = "libx264",
        pixels: str = "yuv420p",
        times: Sequence[int] | None = None,
        options: Mapping[str, str] | None = None,
        container: Mapping[str, str] | None = None,
        aspect: Fraction | None = None,
        sound: bool = False,
        draw: Callable[[int], Any] | None = None,
    ) -> Path:
        """`times`: of each frame in 25ths of a second. `draw`: PyAV frames instead of numbers."""
        if codec not in av.codecs_available:
            pytest.skip(f"this PyAV can't write {codec}")
        path = tmp_path / name
        with av.open(str(path), "w", options=dict(container or {})) as output:
            stream = output.add_stream(codec, rate=25, options=dict(options or {}))
            stream.width, stream.height, stream.pix_fmt = width, height, pixels
            if aspect is not None:
                stream.codec_context.sample_aspect_ratio = aspect
            tone = output.add_stream("aac", rate=16000, layout="mono") if sound else None
            for number in range(count):
                if draw is None:
                    image = picture(number, height, width)
                    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                else:
                    frame = draw(number)
                frame.pts = number if times is None else times[number]
                frame.time_base = Fraction(1, 25)
                try:
                    packets = stream.encode(frame)
                except av.error.ArgumentError:
                    if "vpx" not in codec:
                        raise
                    pytest.skip("PyAV can't write VP9 here: decord's libvpx was loaded before")
                for packet in packets:
                    output.mux(packet)
                if tone is not None:
                    silence = np.zeros((1, 640), np.float32)
                    heard = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
                    heard.sample_rate, heard.pts = 16000, 640 * number
                    for packet in tone.encode(heard):
                        output.mux(packet)
            for each in [stream] if tone is None else [stream, tone]:
                for packet in each.encode(None):
                    output.mux(packet)
        return path

    return write


@pytest.fixture(scope="session")
def turn_mp4() -> Callable[[Path, Sequence[int]], None]:
    """Sets a, b, c, d of the matrix in the first track's header of an MP4 file."""

    def turn(path: Path, matrix: Sequence[int]) -> None:
        content = bytearray(path.read_bytes())
        start = content.index(b"tkhd") + 4 + 40
        a, b, c, d = (each << 16 for each in matrix)
        struct.pack_into(">9i", content, start, a, b, 0, c, d, 0, 0, 0, 1 << 30)
        path.write_bytes(content)

    return turn


@pytest.fixture(scope="session")
def hide_frames() -> Callable[[Path, int], None]:
    """Lets the edit list of an MP4 file begin so many frames later."""

    def hide(path: Path, frames: int) -> None:
        content = bytearray(path.read_bytes())
        start = content.index(b"elst") + 16
        (begins,) = struct.unpack_from(">i", content, start)
        struct.pack_into(">i", content, start, begins + 512 * frames)  # 12800 ticks per second
        path.write_bytes(content)

    return hide
