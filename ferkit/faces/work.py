"""What is to be prepared, and what preparation answers while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ferkit.contracts.data import Problem
from ferkit.faces.crop import FaceCrops
from ferkit.faces.keys import FileState
from ferkit.faces.parts import FrameRow, Status


class Work(NamedTuple):
    """A file, or a folder of images, to prepare, under its key.

    landmarks: given ones, or None. span: first and last frame of a clip, or None for all.
    frame_rate: of a folder, frames per second, or None.
    """

    key: str
    path: str
    state: FileState
    landmarks: tuple[tuple[float, float], ...] | None = None
    span: tuple[int, int] | None = None
    frame_rate: float | None = None


class Cropped(NamedTuple):
    """Crops of sources that are not finished yet.

    crops: (n, R, 3, S, S). rows: n of them. frames: how many were looked at for them. share:
    key of a video -> the part of it that is done, in [0, 1], as far as its reader can tell.
    """

    crops: npt.NDArray[np.uint8]
    rows: list[FrameRow]
    frames: int
    share: dict[str, float]


class Finished(NamedTuple):
    """All crops of a source have been told, or there are none for a reason."""

    work: Work
    status: Status = "ok"
    kind: str = ""
    reason: str = ""


class Unreadable(NamedTuple):
    """The file could not be read this time, or decoding it failed in a way that nobody foresaw;
    the store does not remember that."""

    work: Work
    problem: Problem


Event = Cropped | Finished | Unreadable
Engine = Callable[[Sequence[Work]], Generator[Event, None, None]]
"""Prepares files, in whatever order and on whatever machines; crops of a source come before its
end. What one source's crops are does not depend on the others."""


def frame_rows(
    result: FaceCrops,
    sources: Sequence[tuple[str, str]],
    numbers: Sequence[int],
    timestamps: Sequence[float],
) -> list[FrameRow]:
    """Index rows of the crops in `result`.

    Args:
        sources: key and path that each frame of the batch belongs to.
        numbers, timestamps: of each frame of the batch.
    """
    boxes = result.faces.box_xyxy.tolist()
    landmarks = result.faces.landmarks.flatten(1).tolist()
    scores, tracks = result.faces.score.tolist(), result.track.tolist()
    fractions = result.valid_fraction.tolist()
    rows = []
    for place, position in enumerate(result.frame.tolist()):
        key, path = sources[position]
        rows.append(
            FrameRow(
                key=key,
                source=path,
                frame=numbers[position],
                timestamp=timestamps[position],
                box=boxes[place],
                landmarks=landmarks[place],
                score=scores[place],
                faces=result.found[position],
                valid_fraction=fractions[place],
                track=tracks[place],
            )
        )
    return rows
