"""Which frames of a video a `Sampling` means."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ferkit.contracts.faces import Sampling


def sampled_frames(
    timestamps: npt.NDArray[np.float64], sampling: Sampling
) -> npt.NDArray[np.int64]:
    """Frame numbers to take, ascending, without repeats.

    all: every frame. every: 0, v, 2v, ... even: the middles of v equal parts of the video, all
    frames if it has fewer. fps: the frame on show at each multiple of 1/v seconds after the first.

    Args:
        timestamps: (F,) seconds, ascending.
    Raises: ValueError: the mode is unknown, or its value is not positive.
    """
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
        # A hundredth of a period of slack: 25 fps of a 25 fps video must be every frame.
        wanted_at = np.arange(0, since[-1] + 0.01 / sampling.value, 1 / sampling.value)
        shown = np.searchsorted(since, wanted_at + 0.01 / sampling.value, side="right") - 1
        return np.unique(shown.astype(np.int64))
    raise ValueError(f"no sampling '{sampling.mode}'")
