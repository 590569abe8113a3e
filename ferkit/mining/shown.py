"""Whether a clip shows what it was cut from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from ferkit.contracts.faces import FrameChunk, Sampling, VideoReader
from ferkit.errors import FerkitError, RunError
from ferkit.faces.cuts import thumbnail

MOST_LOSS = 0.04
"""Of an encoded clip: largest mean difference of a frame's thumbnail, fraction of white."""
SLACK_S = 1e-3
"""Seconds that timestamps may differ by."""
SINGLE = 2.0**-22
"""Readers may tell seconds in single precision: how much that changes them, as a fraction."""


class Mismatch(Exception):
    """A clip is not what it should be; the text is half a sentence."""


class Shown:
    """What some frames of a video show, in little space.

    Attributes:
        seconds: of each frame.
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._digests: list[bytes] = []
        self._small: list[Tensor] = []

    def add(self, chunk: FrameChunk) -> None:
        """The next frames."""
        self.seconds += chunk.timestamp.tolist()
        for frame in chunk.frames:
            pixels = frame.permute(1, 2, 0).contiguous().numpy()
            self._digests.append(hashlib.blake2b(pixels, digest_size=16).digest())
            self._small.append((thumbnail(frame) * 255).round().to(torch.uint8))

    def require_same(self, clip: Shown, *, exact: bool) -> None:
        """Compare with a clip, frame by frame.

        Args:
            exact: every pixel must be equal; else frames must look alike.
        Raises: Mismatch: they differ.
        """
        if len(clip.seconds) != len(self.seconds):
            raise Mismatch(f"{len(clip.seconds)} of {len(self.seconds)} frames can be read")
        for place, (wanted, given) in enumerate(zip(self.seconds, clip.seconds, strict=True)):
            late = (given - clip.seconds[0]) - (wanted - self.seconds[0])
            if abs(late) > SLACK_S + SINGLE * (abs(wanted) + abs(given)):
                raise Mismatch(f"frame {place} comes {late:+.3g} s late")
        if exact:
            if clip._digests != self._digests:
                raise Mismatch("frames differ")
            return
        for place, (own, other) in enumerate(zip(self._small, clip._small, strict=True)):
            loss = float((own.float() - other.float()).abs().mean()) / 255
            if loss > MOST_LOSS:
                raise Mismatch(f"frame {place} differs by {loss:.0%}")


def part_of(
    reader: VideoReader, path: Path, first: int, last: int, shown: Shown
) -> Iterator[FrameChunk]:
    """The frames `first` to `last` of a video; `shown` is told of them.

    Raises: Mismatch: the reader gives other frames than these.
    """
    expected = first
    try:
        for chunk in _closing(reader, path, Sampling("all", first=first, last=last)):
            if chunk.number.tolist() != list(range(expected, expected + len(chunk.frames))):
                raise Mismatch(f"the video reader skips frames after {expected - 1}")
            expected += len(chunk.frames)
            shown.add(chunk)
            yield chunk
    except RunError:
        raise
    except FerkitError as error:
        if expected <= last:  # else it breaks off after what is wanted
            raise Mismatch(error.what.rstrip(".")) from error
    if expected != last + 1:
        raise Mismatch(f"the video reader gives {expected - first} of {last - first + 1} frames")


def shown_by(reader: VideoReader, path: Path) -> Shown:
    """What a whole file shows.

    Raises: Mismatch: it can't be read to its end.
    """
    shown = Shown()
    try:
        for chunk in _closing(reader, path, Sampling("all")):
            shown.add(chunk)
    except RunError:
        raise
    except FerkitError as error:
        raise Mismatch(error.what.rstrip(".")) from error
    return shown


def _closing(reader: VideoReader, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
    chunks = reader.read(path, sampling)
    try:
        yield from chunks
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
