"""Where a video's picture jumps: the scene ends there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NEAR = 5
"""Frames before and after that a jump is compared to."""
NEW = 0.28
"""Least novelty of a cut: cameras that shake and people who move stay below."""
TIMES = 2.0
"""How many times the median novelty near it a cut has, where all is in motion."""
SAME = 0.22
"""Frames with less novelty show the same scene, however the light has changed."""


def scene_cuts(
    change: npt.NDArray[np.float64], novelty: npt.NDArray[np.float64], *, limit: float
) -> npt.NDArray[np.bool_]:
    """Frames that begin a scene.

    Between two people before similar walls a picture changes less than where a camera swings,
    but what it shows is new. Where all frames are new, as in quick pans, a cut stands out; the
    median near it says so even if there are other cuts.

    Args:
        change: (F,) of each frame to the one before, mean of a small grey picture, fraction of
            white; of the first frame 0.
        novelty: (F,) part of each frame that the one before does not show; of the first frame 0.
        limit: a change above is a cut if the frame does not show the same in other light.
    Returns: (F,); never the first frame.
    """
    near = np.full((2 * NEAR, len(novelty)), np.nan)
    padded = np.pad(novelty, NEAR, constant_values=np.nan)
    padded[NEAR : NEAR + 1] = np.nan  # the first frame has none before it
    for row, step in zip(near, _steps(), strict=True):
        row[:] = padded[NEAR + step : NEAR + step + len(novelty)]
    usual = np.nan_to_num(_median(near))
    stands_out = (novelty >= NEW) & (novelty >= TIMES * usual)
    cuts: npt.NDArray[np.bool_] = stands_out | ((change > limit) & (novelty >= SAME))
    cuts[:1] = False
    return cuts


def _median(columns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of what is known in each column, NaN where nothing is."""
    ordered = np.sort(columns, axis=0)  # NaN last
    count = (~np.isnan(columns)).sum(0)
    place = np.maximum(0, count - 1) // 2
    median: npt.NDArray[np.float64] = np.take_along_axis(ordered, place[None], 0)[0]
    return median


def _steps() -> list[int]:
    return [step for step in range(-NEAR, NEAR + 1) if step]
