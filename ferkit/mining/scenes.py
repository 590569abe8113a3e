"""Where a video's picture jumps: the scene ends there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NEAR = 5
"""Frames before, and after, that a jump is compared to."""
NEW = 0.28
"""Least novelty of a cut: cameras that shake and people who move stay below."""
TIMES = 2.0
"""How many times the median novelty before it, and after it, a cut has where all is in motion."""
SAME = 0.22
"""Frames with less novelty show the same scene, however the light has changed."""


def scene_cuts(
    change: npt.NDArray[np.float64],
    novelty: npt.NDArray[np.float64],
    again: npt.NDArray[np.int64],
    *,
    limit: float,
) -> npt.NDArray[np.bool_]:
    """Frames that begin a scene.

    Between two people before similar walls a picture changes less than where a camera swings,
    but what it shows is new. Where all frames are new, as in quick pans, a cut stands out; the
    medians before and after it say so even if there are other cuts. Where the same scene is seen
    again soon, something passed before it, or flashed.

    Args:
        change: (F,) of each frame to the one before, mean of a small grey picture, fraction of
            white; of the first frame 0.
        novelty: (F,) part of each frame that the one before does not show; of the first frame 0.
        again: (F,) how many frames before each frame its scene was shown and then hidden; 0: it
            was not.
        limit: a change above is a cut if the frame does not show the same in other light.
    Returns: (F,); never the first frame.
    """
    usual = np.maximum(_usual(novelty, -1), _usual(novelty, 1))
    stands_out = (novelty >= NEW) & (novelty >= TIMES * usual)
    cuts: npt.NDArray[np.bool_] = stands_out | ((change > limit) & (novelty >= SAME))
    for at in np.flatnonzero(again):
        cuts[max(0, at - again[at] + 1) : at + 1] = False
    cuts[:1] = False
    return cuts


def _usual(novelty: npt.NDArray[np.float64], way: int) -> npt.NDArray[np.float64]:
    """The median of the frames before (way -1) or after (1) each; beyond the ends all is still."""
    padded = np.pad(novelty, NEAR)
    steps = range(1, NEAR + 1)
    near = [padded[NEAR + way * step :][: len(novelty)] for step in steps]
    median: npt.NDArray[np.float64] = np.median(near, axis=0)
    return median
