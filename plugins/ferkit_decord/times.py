"""When the frames of a video are shown, from what decord tells."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def shown_times(video: Any) -> tuple[npt.NDArray[np.float64], int, bool]:
    """When the frames of a decord reader are shown.

    A container's edit list may hide the first packets: they have negative times, and the
    decoder answers nothing for them. decord counts them all the same.

    Returns: seconds of the frames that are shown, (F,); the number of hidden ones; whether the
        container tells the times. If it does not, they are those of even spacing.
    """
    starts = np.asarray(video.get_frame_timestamp(range(len(video))), np.float64)[:, 0]
    rate = float(video.get_avg_fps())
    if not (np.abs(starts) < 1e9).all() or (np.diff(starts) < 0).any():
        return np.arange(len(starts)) / (rate if rate > 0 else 25.0), 0, False
    hidden = int((starts < -1e-6).sum())
    if hidden == len(starts):
        return starts, 0, False
    return unrounded(starts[hidden:], rate), hidden, True


def unrounded(seconds: npt.NDArray[np.float64], rate: float) -> npt.NDArray[np.float64]:
    """Times as they were before decord rounded them to 32 bits.

    Args:
        seconds: (F,), ascending.
        rate: the video's, frames per second.
    Returns: (F,): those of even spacing or of whole milliseconds, if they fit; else the same.
    """
    finest = np.spacing(np.abs(seconds).astype(np.float32))
    ways = [np.round(seconds * 1000) / 1000]
    if rate > 0:
        ways.insert(0, seconds[0] + np.arange(len(seconds)) / rate)
    fitting = (way for way in ways if (np.abs(way - seconds) <= finest).all())
    return next(fitting, seconds)
