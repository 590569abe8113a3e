"""Videos through decord, in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import decord
import numpy as np
import numpy.typing as npt
import torch

from ferkit.contracts.faces import FrameChunk, Sampling
from ferkit.errors import FerkitError
from ferkit.faces.sampling import sampled_frames
from ferkit.plugin import Context
from ferkit_decord.params import DecordParams


class DecordReader:
    """The video reader `decord`."""

    def __init__(self, params: DecordParams, context: Context) -> None:
        self._params = params
        # FFmpeg otherwise writes its remarks about the stream to stderr, across progress bars.
        decord.logging.set_level(decord.logging.QUIET)

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        """Yield the sampled frames in order; frame 0 is the first that a player shows.

        Raises: FerkitError: the file can't be opened or holds no frame; or, after what could
            be decoded was yielded, it breaks off.
        """
        video = self._open(path)
        try:
            timestamps = shown_timestamps(video)
        except Exception as error:  # as below
            raise FerkitError("its frames can't be decoded.", where=str(path)) from error
        wanted = sampled_frames(timestamps, sampling)
        if not len(wanted):
            raise FerkitError("the video has no frame.", where=str(path))
        position, length = 0, 1  # one frame first: it tells how many fit into a chunk
        while position < len(wanted):
            numbers = wanted[position : position + length]
            try:
                frames = _decode(video, numbers)
            except Exception as error:  # decord raises its own, RuntimeError and IndexError
                if length > 1:  # find the last good frame one by one
                    length = 1
                    continue
                if position == 0:
                    raise FerkitError("no frame can be decoded.", where=str(path)) from error
                raise FerkitError(
                    f"the video breaks off at frame {int(numbers[0])} of {len(timestamps)}.",
                    where=str(path),
                ) from error
            yield FrameChunk(
                torch.from_numpy(frames).permute(0, 3, 1, 2),
                torch.from_numpy(numbers),
                torch.from_numpy(timestamps[numbers]),
            )
            position += len(numbers)
            if position == 1:
                length = max(1, int(self._params.chunk_mib * 2**20 / frames.nbytes))

    def _open(self, path: Path) -> Any:
        if not path.is_file():
            raise FerkitError("no such file.", where=str(path))
        if path.stat().st_size == 0:
            raise FerkitError("the file is empty.", where=str(path))
        try:
            return decord.VideoReader(
                str(path), ctx=decord.cpu(0), num_threads=self._params.threads
            )
        except Exception as error:  # RuntimeError, DECORDError, AssertionError: no frame
            raise FerkitError("not a video that decord can open.", where=str(path)) from error


def shown_timestamps(video: Any) -> npt.NDArray[np.float64]:
    """Start times, in seconds, of the frames that a player shows, (F,).

    A container's edit list may hide the first packets: they have negative times, and the
    decoder answers nothing for them. decord counts them all the same and makes up the number by
    copies of the last frame; its frame i is the i-th shown one. So the copies are left off, and
    the times of the hidden ones. Negative times without such copies are an offset of the clock.
    """
    starts = np.asarray(video.get_frame_timestamp(range(len(video))), np.float64)[:, 0]
    hidden = int((starts < -1e-6).sum())
    if 0 < hidden < len(starts):
        last = _decode(video, np.arange(len(starts) - hidden - 1, len(starts)))
        if (last[1:] == last[0]).all():
            return starts[hidden:]
    return starts


def _decode(video: Any, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """(B, H, W, 3) uint8."""
    batch = video.get_batch(numbers.tolist())
    # Someone may have set decord's global bridge, which turns batches into other libraries'.
    frames: npt.NDArray[np.uint8] = (
        batch.asnumpy() if hasattr(batch, "asnumpy") else torch.as_tensor(batch).numpy()
    )
    return frames
