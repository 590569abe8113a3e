"""Which frames of a video a `Sampling` means."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ferkit.contracts.faces import Sampling


def sampled_frames(
    timestamps: npt.NDArray[np.float64], sampling: Sampling
) -> npt.NDArray[np.int64]:
    """Frame numbers to take, ascending, without repeats.

    Of the frames first to last: all: every one. every: the first and each v-th after it. even:
    the middles of v equal parts, all frames if there are fewer. fps: the frame on show at each
    multiple of 1/v seconds after the first;
    one that starts a hundredth of a period later still counts.

    Args:
        timestamps: (F,) seconds, ascending, of the whole video.
    Returns: (B,) int64, none if the video ends before `first`.
    Raises: ValueError: the mode is unknown, or its value is not positive.
    """
    end = len(timestamps) if sampling.last is None else sampling.last + 1
    return sampling.first + _sampled(timestamps[sampling.first : end], sampling)


def _sampled(timestamps: npt.NDArray[np.float64], sampling: Sampling) -> npt.NDArray[np.int64]:
    count = len(timestamps)
    if sampling.mode == "all":
        return np.arange(count, dtype=np.int64)
    if not sampling.value > 0:
        raise ValueError(f"sampling '{sampling.mode}' needs a value above 0")
    if sampling.mode == "every":
        return np.arange(0, count, max(1, round(sampling.value)), dtype=np.int64)
    if sampling.mode == "even":
        wanted = min(count, max(1, round(sampling.value)))
        return (2 * np.arange(wanted, dtype=np.int64) + 1) * count // (2 * wanted)
    if sampling.mode == "fps":
        if count == 0:
            return np.arange(0, dtype=np.int64)
        since = timestamps - timestamps[0]
        # A little slack: 25 fps of a 25 fps video must be every frame. It is no multiple of a
        # usual clock's tick, so that rounding never decides between two frames.
        slack = 1 / (97 * sampling.value)
        wanted_at = np.arange(0, since[-1] + slack, 1 / sampling.value)
        shown = np.searchsorted(since, wanted_at + slack, side="right") - 1
        return np.unique(shown.astype(np.int64))
    raise ValueError(f"no sampling '{sampling.mode}'")
