"""Videos through decord, in chunks."""

from __future__ import annotations

from collections import deque
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
from ferkit_decord.pieces import piece_end
from ferkit_decord.source import OTHER_READER, Source, source_of

MIB = 1 << 20

FEW_MIB, MANY_MIB = 64, 384
"""Decoded frames in a piece of a long video, at least and at most, where key frames allow."""

RESTARTS = 12
"""Times that a video in which decord can't jump is decoded from its beginning, at most."""


class DecordReader:
    """The video reader `decord`. Any number of threads may read with one of it."""

    def __init__(self, params: DecordParams, context: Context) -> None:
        self._params = params
        # FFmpeg otherwise writes its remarks about the stream to stderr, across progress bars.
        decord.logging.set_level(decord.logging.QUIET)

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        """Yield the sampled frames in order; frame 0 is the first that a player shows.

        Raises: FerkitError: the file can't be opened or holds no frame, or decord would need too
            much memory for it; or, after what could be decoded was yielded, it breaks off.
        """
        container = recognise(path)
        largest = self._params.largest_file_mib
        if path.stat().st_size > largest * MIB:
            raise FerkitError(
                f"larger than {largest:g} MiB; decord reads the whole file into memory.",
                where=str(path),
                hint=f"{OTHER_READER} Or raise decord's 'largest_file_mib'.",
            )
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
        """Decode the frames of these numbers.

        decord decodes on, without a bound, while the caller works on what it got. So frames of a
        long video are taken from it in pieces, and it is put down after each.
        """
        count = len(frames.seconds)
        if not len(wanted):
            none = f"has {count} frames; none in the part asked for" if count else "has no frame"
            raise FerkitError(f"the video {none}.", where=str(path))
        size = _frame_size(path, frames, int(wanted[0]), source=source)
        chunk, few, many = (
            max(1, int(mib * MIB) // size) for mib in (self._params.chunk_mib, FEW_MIB, MANY_MIB)
        )
        done = 0
        failure: Exception | None = None
        while failure is None and done < len(wanted):
            end = min(done + chunk, len(wanted))
            in_pieces = (count - int(wanted[done])) * size > MANY_MIB * MIB
            if in_pieces and len(wanted) - done <= many:
                end = len(wanted)
            elif in_pieces and frames.jumps():
                end = piece_end(frames.leads(wanted), done, few=few, many=many)
            elif in_pieces:
                end = done + many
                if (len(wanted) - done) / many > RESTARTS:
                    raise FerkitError(
                        "decord can't jump in this video, and it is too long to keep its frames.",
                        where=str(path),
                        hint=OTHER_READER,
                    )
            piece, failure = _taken(frames, wanted[done:end], source=source, chunk=chunk)
            if end == len(wanted):
                frames.close()
            elif in_pieces:
                frames.put_down()
            while piece:
                pixels = piece.popleft()
                numbers = wanted[done : done + len(pixels)]
                done += len(pixels)
                yield FrameChunk(
                    torch.from_numpy(pixels).permute(0, 3, 1, 2),
                    torch.from_numpy(numbers),
                    torch.from_numpy(frames.seconds[numbers]),
                    len(wanted),
                )
        if failure:
            raise FerkitError(
                f"the video breaks off before frame {int(wanted[done])}; it should have {count}.",
                where=str(path),
            ) from failure


def _frame_size(path: Path, frames: Frames, number: int, *, source: Source) -> int:
    """Bytes of a frame; one that decord can't decode, or would garble, is an error."""
    try:
        shown = source.shown(frames.frame(number))
    except Exception as error:  # decord raises its own, RuntimeError and IndexError
        raise FerkitError("no frame can be decoded.", where=str(path)) from error
    if garbles(shown.shape[1]):
        raise FerkitError(
            f"decord garbles videos {shown.shape[1]} pixels wide.",
            where=str(path),
            hint=OTHER_READER,
        )
    return shown.nbytes


def _taken(
    frames: Frames, numbers: npt.NDArray[np.int64], *, source: Source, chunk: int
) -> tuple[deque[npt.NDArray[np.uint8]], Exception | None]:
    """Frames of these numbers, (<= chunk, H, W, 3) each, and why there are no more."""
    taken: deque[npt.NDArray[np.uint8]] = deque()
    for start in range(0, len(numbers), chunk):
        some = numbers[start : start + chunk].tolist()
        if some[-1] - some[0] == len(some) - 1:
            try:
                taken.append(source.shown(frames.run(some[0], len(some))))
                continue
            except Exception:  # decord's are many; one by one, each gets another try
                frames.put_down()
        buffer = np.empty((0, 0, 0, 3), np.uint8)
        for filled, number in enumerate(some):
            try:
                shown = source.shown(frames.frame(number))
            except Exception as error:  # decord raises its own, RuntimeError and IndexError
                if filled:
                    taken.append(buffer[:filled])
                return taken, error
            if not filled:
                buffer = np.empty((len(some), *shown.shape), np.uint8)
            buffer[filled] = shown
        taken.append(buffer)
    return taken, None
