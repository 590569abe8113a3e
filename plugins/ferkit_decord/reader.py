"""Videos through decord, in chunks."""

from __future__ import annotations

import errno
import math
from collections.abc import Iterator
from contextlib import ExitStack, suppress
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
from ferkit_decord.apart import FramesApart, Lost, possible
from ferkit_decord.decoding import Frames, garbles, opened, put
from ferkit_decord.params import DecordParams
from ferkit_decord.source import OTHER_READER, Source, source_of

MIB = 1 << 20

AT_HAND_MIB = 128
"""Frames that are all taken from decord, which is then closed, before any is handed over. If more
are wanted, a process of its own decodes them."""


class DecordReader:
    """The video reader `decord`. Any number of threads may read with one of it."""

    def __init__(self, params: DecordParams, context: Context) -> None:
        self._params = params
        # FFmpeg otherwise writes its remarks about the stream to stderr, across progress bars.
        decord.logging.set_level(decord.logging.QUIET)

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        """Yield the sampled frames in order; frame 0 is the first that a player shows.

        Raises: FerkitError: the file can't be opened or holds no frame; or, after what could be
            decoded was yielded, it breaks off. OSError: it is too large, or decord's own process
            ended.
        """
        container = recognise(path)
        largest = self._params.largest_file_mib
        if path.stat().st_size > largest * MIB:
            # As an OSError it is not remembered: another limit changes no crop, so it may be
            # another one at the next call.
            raise OSError(
                errno.EFBIG,
                f"larger than {largest:g} MiB, and decord reads whole files into memory. "
                f"{OTHER_READER} Or raise decord's 'largest_file_mib'",
                str(path),
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

        decord decodes on, without a bound, while the caller works on what it got. So it is closed
        before that, or stopped with the process that it runs in.
        """
        count = len(frames.seconds)
        if not len(wanted):
            none = f"has {count} frames; none in the part asked for" if count else "has no frame"
            raise FerkitError(f"the video {none}.", where=str(path))
        shape = _frame_shape(path, frames, int(wanted[0]), source=source)
        size = math.prod(shape)
        chunk = max(1, int(self._params.chunk_mib * MIB) // size)
        done = 0
        failure: Exception | None = None
        with ExitStack() as stack:
            if len(wanted) * size <= AT_HAND_MIB * MIB:
                at_hand, failure = _taken(frames, wanted, shape, chunk=chunk)
                frames.close()
                pieces = iter(at_hand)
            elif not possible():
                raise FerkitError(
                    "decord would pile up this video's frames: no process can be stopped here.",
                    where=str(path),
                    hint=OTHER_READER,
                )
            else:
                frames.close()
                apart = FramesApart(source.uri, self._params.threads, wanted, shape)
                pieces = _handed_over(stack.enter_context(apart), len(wanted), chunk=chunk)
            while done < len(wanted):
                try:
                    pixels = next(pieces)
                except StopIteration:
                    break
                except Lost as error:
                    failure = error
                    break
                numbers = wanted[done : done + len(pixels)]
                done += len(pixels)
                yield FrameChunk(
                    torch.from_numpy(source.shown(pixels)).permute(0, 3, 1, 2),
                    torch.from_numpy(numbers),
                    torch.from_numpy(frames.seconds[numbers]),
                    len(wanted),
                )
        if failure:
            raise FerkitError(
                f"the video breaks off before frame {int(wanted[done])}; it should have {count}.",
                where=str(path),
            ) from failure


def _handed_over(apart: FramesApart, count: int, *, chunk: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Frames in chunks, (<= chunk, H, W, 3) each. Raises: Lost, after the last ones."""
    failure: Lost | None = None
    while count and failure is None:
        frames, failure = apart.take(min(chunk, count))
        count -= len(frames)
        if len(frames):
            yield frames
    if failure is not None:
        raise failure


def _frame_shape(path: Path, frames: Frames, number: int, *, source: Source) -> tuple[int, ...]:
    """(H, W, 3) of a frame; one that decord can't decode, or would garble, is an error."""
    try:
        shape = source.shown(frames.frame(number)).shape
    except Exception as error:  # decord raises its own, RuntimeError and IndexError
        raise FerkitError("no frame can be decoded.", where=str(path)) from error
    if garbles(shape[1]):
        raise FerkitError(
            f"decord garbles videos {shape[1]} pixels wide.", where=str(path), hint=OTHER_READER
        )
    return shape


def _taken(
    frames: Frames, numbers: npt.NDArray[np.int64], shape: tuple[int, ...], *, chunk: int
) -> tuple[list[npt.NDArray[np.uint8]], Exception | None]:
    """Frames of these numbers, (<= chunk, H, W, 3) each, and why there are no more."""
    taken: list[npt.NDArray[np.uint8]] = []
    for start in range(0, len(numbers), chunk):
        some = numbers[start : start + chunk].tolist()
        if some[-1] - some[0] == len(some) - 1:
            try:
                run = np.empty((len(some), *shape), np.uint8)
                frames.run(some[0], run)
                taken.append(run)
                continue
            except Exception:  # decord's are many; one by one, each gets another try
                with suppress(Exception):
                    frames.begin_again()
        buffer = np.empty((len(some), *shape), np.uint8)
        for filled, number in enumerate(some):
            try:
                put(buffer, filled, frames.frame(number))
            except Exception as error:  # decord's, or a frame of another size
                if filled:
                    taken.append(buffer[:filled])
                return taken, error
        taken.append(buffer)
    return taken, None
