"""From a file to chunks of its sampled frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import torch

from ferkit.contracts.faces import FrameChunk, Sampling
from ferkit.errors import FerkitError
from ferkit.faces.container import recognise
from ferkit.faces.sampling import sampled_frames
from ferkit_pyav.colour import Size, ToRgb
from ferkit_pyav.decoding import Stream
from ferkit_pyav.orientation import Matrix, display_matrix, turned


def chunks(
    path: Path, sampling: Sampling, *, threads: int, chunk_bytes: int
) -> Iterator[FrameChunk]:
    """Yield the sampled frames of a video.

    Args:
        path: of the video.
        sampling: which frames.
        threads: of the decoder; 0 leaves the number to FFmpeg.
        chunk_bytes: most bytes of a chunk; one frame may be larger.
    Raises: FerkitError: it can't be opened, holds no frame, or breaks off.
    """
    cut_off = recognise(path).cut_off
    with Stream(path, threads=threads) as stream:
        wanted = sampled_frames(stream.timeline.seconds, sampling)
        count = len(stream.timeline.seconds)
        if not len(wanted):
            none = f"has {count} frames; none in the part asked for" if count else "has no frame"
            raise FerkitError(f"the video {none}.", where=str(path))
        upright = _Upright()
        done = 0
        failure: Exception | None = None
        buffer = np.empty((0, 0, 0, 3), np.uint8)
        filled = 0
        decoded = stream.frames(wanted.tolist())
        while True:
            try:
                frame = next(decoded, None)
            except av.error.FFmpegError as error:
                failure, frame = error, None
            if frame is not None:
                pixels = upright(frame)
                if not filled:
                    room = max(1, chunk_bytes // pixels.nbytes)
                    buffer = np.empty((min(room, len(wanted) - done), *pixels.shape), np.uint8)
                buffer[filled] = pixels
                filled, done = filled + 1, done + 1
            if filled and (frame is None or filled == len(buffer)):
                numbers = wanted[done - filled : done]
                yield FrameChunk(
                    torch.from_numpy(buffer[:filled]).permute(0, 3, 1, 2),
                    torch.from_numpy(numbers),
                    torch.from_numpy(stream.timeline.seconds[numbers]),
                    len(wanted),
                )
                filled = 0
            if frame is None:
                break
        if done < len(wanted):
            raise _broken(path, stream) from failure
        to_the_end = sampling.last is None or sampling.last >= count
        if to_the_end and (cut_off or stream.timeline.broken):
            raise FerkitError(
                f"the file was cut off; it ends after {count} frames.", where=str(path)
            )


def _broken(path: Path, stream: Stream) -> FerkitError:
    if stream.reached < 0:
        return FerkitError("no frame can be decoded.", where=str(path))
    frames = len(stream.timeline.seconds)
    return FerkitError(
        f"the video breaks off after frame {stream.reached}; it should have {frames}.",
        where=str(path),
    )


class _Upright:
    """Makes pixels of the frames of one video, as shown and of one size.

    Turned as the first frame's display matrix says: a video has one. Asking each frame for it
    would also keep the frame, which then refers to itself, until Python looks for such cycles.
    """

    def __init__(self) -> None:
        self._to_rgb = ToRgb()
        self._matrix: Matrix | None = None
        self._size: Size | None = None  # of the first frame, before it is turned

    def __call__(self, frame: Any) -> npt.NDArray[np.uint8]:
        """(H, W, 3)."""
        size = Size(frame.width, frame.height)
        if self._matrix is None or self._size is None:
            self._matrix, self._size = display_matrix(frame), size
        scaled = None if size == self._size else self._size
        return turned(self._to_rgb(frame, scaled), self._matrix)
