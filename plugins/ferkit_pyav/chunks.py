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
from ferkit_pyav.colour import Size, rgb_of
from ferkit_pyav.decoding import Stream
from ferkit_pyav.orientation import display_matrix, sideways, turned


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
                pixels = _pixels(frame, buffer.shape[1:3] if done else None)
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


def _pixels(frame: Any, size: tuple[int, int] | None) -> npt.NDArray[np.uint8]:
    """A frame as shown, (H, W, 3).

    Args:
        frame: of PyAV.
        size: height and width of the video's first frame as shown, which later ones are brought
            to should they differ.
    """
    matrix = display_matrix(frame)
    pixels = turned(rgb_of(frame), matrix)
    if size is not None and pixels.shape[:2] != size:
        width, height = size if sideways(matrix) else size[::-1]
        pixels = turned(rgb_of(frame, Size(width, height)), matrix)
    return pixels
