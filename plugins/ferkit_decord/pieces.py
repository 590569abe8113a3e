"""Where to interrupt the decoding of a long video."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def piece_end(leads: npt.NDArray[np.int64], start: int, *, few: int, many: int) -> int:
    """Where a piece of the frames of a video should end.

    Decoding goes on at the key frame before the next piece, so a piece ends where the fewest frames
    lie between that key frame and the next piece.

    Args:
        leads: frames between each frame that is wanted and its key frame, (N,).
        start: first frame of the piece, an index of `leads`; more than `many` follow.
        few, many: frames a piece has at least and at most, 1 <= few <= many.
    Returns: the index past its last frame.
    """
    return start + few + int(np.argmin(leads[start + few : start + many + 1]))
