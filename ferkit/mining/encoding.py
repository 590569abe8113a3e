"""Frames to a new video file."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO

import av
import numpy as np
import numpy.typing as npt

from ferkit.contracts.faces import FrameChunk
from ferkit.mining.output import mp4

KEY_EVERY = 25
"""Frames from one key frame to the next, so that a few frames are read without the rest."""
H264 = {"crf": "16", "preset": "veryfast", "bf": "0", "g": str(KEY_EVERY)}
"""No frame is decoded before an earlier one: readers that know no edit lists see the same times."""
MPEG4 = {"qmin": "1", "qmax": "3", "bf": "0", "g": str(KEY_EVERY)}
TICKS_H264, TICKS_MPEG4 = 90_000, 60_000  # per second; MPEG-4 has 16 bits for them
MPEG4_BITS = 60_000_000
"""Per second, at most; what is used follows from qmax."""
BT601 = 5
"""FFmpeg's number for the colours that RGB is turned into."""


def encode(
    chunks: Iterator[FrameChunk], file: BinaryIO, *, rate: float, codec: str | None = None
) -> None:
    """Write frames as an MP4 file that begins at 0 s, at their own times.

    Frames of an odd width or height get one more column or row, a copy of the last one: the
    codecs ask for even sizes, and positions in the frame stay.

    Args:
        chunks: of one video; all frames of one size.
        rate: frames per second, about: the encoder plans by it, the times are the frames' own.
        codec: None: H.264 if FFmpeg was built with it, else MPEG-4.
    Raises: Mismatch: the encoder refuses. OSError: the file can't be written.
    """
    name = codec or best_codec()
    ticks = TICKS_H264 if name == "libx264" else TICKS_MPEG4
    with mp4(file) as target:
        stream: Any = None
        began, last = 0.0, -1
        for chunk in chunks:
            for pixels, second in zip(chunk.frames, chunk.timestamp.tolist(), strict=True):
                even = even_sized(pixels.permute(1, 2, 0).numpy())
                if stream is None:
                    began = second
                    stream = _stream(target, name, even.shape, rate=rate, ticks=ticks)
                frame = av.VideoFrame.from_ndarray(even, format="rgb24")
                last = max(last + 1, round((second - began) * ticks))
                frame.pts, frame.time_base = last, Fraction(1, ticks)
                _write(target, stream, frame, rate)
        if stream is not None:
            _write(target, stream, None, rate)


def best_codec() -> str:
    """Name of the encoder: H.264 if there is one, else MPEG-4, which FFmpeg always has."""
    try:
        av.Codec("libx264", "w")
    except ValueError:  # PyAV's error for an unknown codec is one, too
        return "mpeg4"
    return "libx264"


def even_sized(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(H, W, 3) with the last row or column twice where their number is odd."""
    height, width = pixels.shape[:2]
    padded = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(padded)


def _stream(target: Any, name: str, shape: tuple[int, ...], *, rate: float, ticks: int) -> Any:
    options = H264 if name == "libx264" else MPEG4
    stream = target.add_stream(name, rate=Fraction(rate).limit_denominator(1001), options=options)
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = stream.time_base = Fraction(1, ticks)
    context.colorspace = BT601
    if name != "libx264":
        context.bit_rate = MPEG4_BITS
    return stream


def _write(target: Any, stream: Any, frame: av.VideoFrame | None, rate: float) -> None:
    for packet in stream.encode(frame):
        if not packet.duration:
            packet.duration = round(1 / (rate * packet.time_base))
        target.mux(packet)
