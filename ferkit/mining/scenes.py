"""Where a video's picture jumps: the scene ends there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NEAR = 5
"""Frames before and after that a jump is compared to."""
TIMES = 4.0
"""How many times as much as near it the picture changes at a jump."""
LEAST = 0.025
"""Smaller changes are no jumps, fraction of white."""


def scene_cuts(change: npt.NDArray[np.float64], *, limit: float) -> npt.NDArray[np.bool_]:
    """Frames that begin a scene.

    A large change is a cut whatever is around it. A smaller one is where it stands out: between
    two people before similar walls the picture changes less than where a camera swings, but
    then all at once. A flash, which comes and goes, does not stand out.

    Args:
        change: (F,) of each frame to the one before, mean of a small grey picture, fraction of
            white; of the first frame 0.
        limit: a change above is a cut.
    Returns: (F,); never the first frame.
    """
    padded = np.pad(change, NEAR)
    around = [padded[NEAR + step : NEAR + step + len(change)] for step in _steps()]
    stands_out = (change >= LEAST) & (change > TIMES * np.max(around, axis=0))
    cuts: npt.NDArray[np.bool_] = (change > limit) | stands_out
    cuts[:1] = False
    return cuts


def _steps() -> list[int]:
    return [step for step in range(-NEAR, NEAR + 1) if step]
