"""The frames of a video by number, through decord, and never another frame than asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import decord
import numpy as np
import numpy.typing as npt
from decord import video_reader

from ferkit_decord.times import shown_times

SEEK_OVER = 16
"""Frames that are decoded in vain rather than sought over."""

RETRIES = 3
"""Times that a frame is tried again. decord decodes ahead in a thread of its own, by some frames or
by a hundred, and where that meets damage, the good frames before it are lost."""

NO_COPIES = 1e-6
"""Share of frames that decord may replace by copies of their neighbours: less than one."""


class WrongFrame(Exception):
    """decord would have given another frame than the one that was asked for."""


class Frames:
    """Frames of one video in ascending order, for one thread.

    decord's own seeking is exact only where no frame is shown before the key frame that precedes
    it in the file; elsewhere (HEVC, open groups of pictures, MPEG-4 with B-frames, AVI) it gives
    frames that are some places off, and says nothing. Its position after a jump tells: decord
    sets it by the time of the frame that it met. So a jump counts only if that is the key frame
    aimed at. Otherwise all frames are decoded from the beginning, in order, which is exact; the
    unwanted ones are not converted to RGB.

    Args:
        open: opens the video anew.
    Attributes:
        seconds: start times of the frames that a player shows, (F,).
    """

    def __init__(self, open: Callable[[], Any]) -> None:
        self._open = open
        self._video = open()
        self._next = 0  # what decord gives next, as it counts
        self._shift = 0  # how far its numbers are ahead of ours
        self._key_frame: npt.NDArray[np.uint8] | None = None  # the one before the next
        self._last: tuple[int, npt.NDArray[np.uint8]] | None = None  # number and frame
        self.seconds, self._hidden, told = shown_times(self._video)
        self._keys = np.asarray(self._video.get_key_indices(), np.int64)
        # decord skips and jumps by time.
        self._may_skip = self._may_seek = told

    def frame(self, number: int) -> npt.NDArray[np.uint8]:
        """A frame, (H, W, 3); `number` must not be below that of the call before.

        Raises: WrongFrame, or one of decord's errors: it can't be decoded.
        """
        if self._last is not None and self._last[0] == number:
            return self._last[1]
        for _ in range(RETRIES):
            try:
                found = self._frame(number)
                break
            except Exception:  # decord's are many
                self.begin_again()
        else:
            found = self._frame(number)
        self._last = number, found
        return found

    def run(self, first: int, into: npt.NDArray[np.uint8]) -> None:
        """Write the frames from `first` on that follow one another, (n, H, W, 3); else as `frame`.

        Faster than one by one, with few copies: who takes frames more slowly than decord decodes
        lets it pile them up.
        """
        put(into, 0, self.frame(first))
        if len(into) > 1:
            self._key_frame = self._last = None
        for place in range(1, len(into)):
            put(into, place, pixels(self._video.next()))
            self._next += 1
        if self._position() != self._next:
            raise WrongFrame

    def close(self) -> None:
        """Give back decord's memory and threads; there are no more frames."""
        self._video = None

    def _frame(self, number: int) -> npt.NDArray[np.uint8]:
        self._jump_towards(number)
        wanted = number + self._shift
        for key in self._keys[(self._keys > self._next) & (self._keys <= wanted)].tolist():
            # Step over the key frame; asked for a frame past it, decord would jump.
            self._advance(key - 1)
        return self._advance(wanted)

    def _jump_towards(self, number: int) -> None:
        """Go to the key frame before a frame, where that pays and works."""
        place = int(np.searchsorted(self._keys, number + self._hidden, side="right")) - 1
        key = int(self._keys[place]) if place > 0 else 0
        if not self._may_seek or key - self._hidden <= self._next - self._shift + SEEK_OVER:
            return
        try:
            self._video.seek_accurate(key)
            exact = self._position() == key + 1  # it has the key frame in hand
            if exact:
                key_frame = pixels(self._video.next())
        except Exception:  # decord's are many
            exact = False
        if exact:
            # Packets that an edit list hides count only once decord has jumped.
            self._next, self._shift, self._key_frame = key + 1, self._hidden, key_frame
        else:
            self._may_seek = False
            self.begin_again()

    def begin_again(self) -> None:
        """Open the video anew; the next frame may be any."""
        self._video = None  # it holds the whole file, and two need not be in memory
        self._video = self._open()
        self._next = self._shift = 0
        self._key_frame = self._last = None

    def _advance(self, index: int) -> npt.NDArray[np.uint8]:
        """The frame that decord counts as `index`; no key frame may lie between."""
        if index == self._next - 1 and self._key_frame is not None:
            return self._key_frame
        self._key_frame = None
        if self._may_skip and index > self._next:
            self._video.seek_accurate(index)
        else:
            for _ in range(self._next, index):
                self._video.next()
        found = pixels(self._video.next())
        if self._position() != index + 1:
            raise WrongFrame
        self._next = index + 1
        return found

    def _position(self) -> int:
        return int(video_reader._CAPI_VideoReaderGetCurrentPosition(self._video._handle))


def opened(uri: str, threads: int) -> Any:
    """A decord reader of a file or FFmpeg address, on the CPU.

    Raises: one of decord's errors, RuntimeError or AssertionError: it can't be opened.
    """
    return decord.VideoReader(uri, ctx=decord.cpu(0), num_threads=threads, fault_tol=NO_COPIES)


def pixels(frame: Any) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 of what decord returned."""
    # Someone may have set decord's global bridge, which turns frames into other libraries'.
    array: npt.NDArray[np.uint8] = (
        frame.asnumpy() if hasattr(frame, "asnumpy") else np.asarray(frame)
    )
    return array


def put(into: npt.NDArray[np.uint8], place: int, frame: npt.NDArray[np.uint8]) -> None:
    """Write a frame to its place. Raises: ValueError: it has another size than the others."""
    if frame.shape != into.shape[1:]:
        raise ValueError(f"a frame of {frame.shape} among frames of {into.shape[1:]}")
    into[place] = frame


def garbles(width: int) -> bool:
    """Whether decord mistakes the padding of rows for pixels in frames of this width.

    FFmpeg pads rows to a multiple of a power of two, which depends on the processor; decord
    takes rows whose bytes are a multiple of the width for unpadded ones.
    """
    row = 3 * width
    padded = (-(-row // step) * step for step in (16, 32, 64))
    return any(each != row and each % width == 0 for each in padded)
