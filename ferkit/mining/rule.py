"""Which parts of a video are kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Rule(NamedTuple):
    """What a part of a video must be.

    min_frames: shortest run, frames. min_area: smallest box, fraction of the frame's area.
    min_score: faces below do not count; None: those below what the detector relies on. cut: mean
    difference of two small grey frames, fraction of white, that is a scene cut in any case; see
    `scene_cuts`.
    """

    min_frames: int = 30
    min_area: float = 0.05
    min_score: float | None = None
    cut: float = 0.15


class Run(NamedTuple):
    """Consecutive frames: positions of the first and the last one, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """Frames."""
        return self.last - self.first + 1


class Chosen(NamedTuple):
    """The runs of a video. kept: in order. short, small: those dropped, in order; a run that is
    too short and too small is short."""

    kept: tuple[Run, ...]
    short: tuple[Run, ...]
    small: tuple[Run, ...]


def choose_runs(
    faces: npt.NDArray[np.int64],
    area: npt.NDArray[np.float64],
    cut: npt.NDArray[np.bool_],
    *,
    min_frames: int,
    min_area: float,
) -> Chosen:
    """Maximal runs of frames with exactly one face, and which of them are kept.

    Args:
        faces: (F,) faces of each frame.
        area: (F,) fraction of the frame that the face's box covers; only read where there is
            exactly one face.
        cut: (F,) whether the frame shows another scene than the one before it. A run ends there.
        min_frames: at least 1; shorter runs are dropped.
        min_area: runs whose box is smaller than this in half of the frames, or in more, are
            dropped.
    Source: paper B, mining of BoLD (B15).
    """
    kept: list[Run] = []
    short: list[Run] = []
    small: list[Run] = []
    for run in _maximal(faces == 1, cut):
        large = int((area[run.first : run.last + 1] >= min_area).sum())
        if run.length < min_frames:
            short.append(run)
        elif 2 * large <= run.length:
            small.append(run)
        else:
            kept.append(run)
    return Chosen(tuple(kept), tuple(short), tuple(small))


def _maximal(wanted: npt.NDArray[np.bool_], cut: npt.NDArray[np.bool_]) -> list[Run]:
    """Runs of wanted frames that no cut divides."""
    before = np.concatenate([[False], wanted[:-1]])
    after = np.concatenate([wanted[1:], [False]])
    cut_after = np.concatenate([cut[1:], [True]])
    firsts = np.flatnonzero(wanted & (~before | cut))
    lasts = np.flatnonzero(wanted & (~after | cut_after))
    return [Run(int(first), int(last)) for first, last in zip(firsts, lasts, strict=True)]
