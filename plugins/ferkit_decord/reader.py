"""Videos through decord, in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import decord
import numpy as np
import numpy.typing as npt
import torch

from ferkit.contracts.faces import FrameChunk, Sampling
from ferkit.errors import FerkitError
from ferkit.faces.container import recognise
from ferkit.faces.sampling import sampled_frames
from ferkit.plugin import Context
from ferkit_decord.decoding import Frames, garbles, opened
from ferkit_decord.params import DecordParams
from ferkit_decord.source import OTHER_READER, Source, source_of


class DecordReader:
    """The video reader `decord`. Any number of threads may read with one of it."""

    def __init__(self, params: DecordParams, context: Context) -> None:
        self._params = params
        # FFmpeg otherwise writes its remarks about the stream to stderr, across progress bars.
        decord.logging.set_level(decord.logging.QUIET)

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        """Yield the sampled frames in order; frame 0 is the first that a player shows.

        Raises: FerkitError: the file can't be opened or holds no frame; or, after what could
            be decoded was yielded, it breaks off.
        """
        container = recognise(path)
        with source_of(path, container) as source:
            try:
                frames = Frames(lambda: opened(source.uri, self._params.threads))
            except Exception as error:  # RuntimeError, DECORDError, AssertionError: no frame
                raise FerkitError(
                    "not a video that decord can open.", where=str(path), hint=OTHER_READER
                ) from error
            wanted = sampled_frames(frames.seconds, sampling)
            yield from self._chunks(path, frames, wanted, source=source)
            to_the_end = sampling.last is None or sampling.last >= len(frames.seconds)
            if to_the_end and source.cut_off:
                raise FerkitError(
                    f"the file was cut off; it ends after {len(frames.seconds)} frames.",
                    where=str(path),
                )

    def _chunks(
        self, path: Path, frames: Frames, wanted: npt.NDArray[np.int64], *, source: Source
    ) -> Iterator[FrameChunk]:
        """Decode the frames of these numbers."""
        count = len(frames.seconds)
        if not len(wanted):
            none = f"has {count} frames; none in the part asked for" if count else "has no frame"
            raise FerkitError(f"the video {none}.", where=str(path))
        buffer = np.empty((0, 0, 0, 3), np.uint8)
        done = filled = 0
        failure: Exception | None = None
        while failure is None and done < len(wanted):
            try:
                shown = source.shown(frames.frame(int(wanted[done])))
            except Exception as error:  # decord raises its own, RuntimeError and IndexError
                failure = error
            else:
                if not done and garbles(shown.shape[1]):
                    raise FerkitError(
                        f"decord garbles videos {shown.shape[1]} pixels wide.",
                        where=str(path),
                        hint=OTHER_READER,
                    )
                if not filled:
                    room = max(1, int(self._params.chunk_mib * 2**20) // shown.nbytes)
                    buffer = np.empty((min(room, len(wanted) - done), *shown.shape), np.uint8)
                buffer[filled] = shown
                filled, done = filled + 1, done + 1
            if done == len(wanted):
                frames.close()  # or it decodes on while the caller works on the last chunk
            if filled and (failure or filled == len(buffer) or done == len(wanted)):
                numbers = wanted[done - filled : done]
                yield FrameChunk(
                    torch.from_numpy(buffer[:filled]).permute(0, 3, 1, 2),
                    torch.from_numpy(numbers),
                    torch.from_numpy(frames.seconds[numbers]),
                    len(wanted),
                )
                filled = 0
        if failure and not done:
            raise FerkitError("no frame can be decoded.", where=str(path)) from failure
        if failure:
            raise FerkitError(
                f"the video breaks off before frame {int(wanted[done])}; it should have {count}.",
                where=str(path),
            ) from failure
