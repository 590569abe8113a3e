"""Which face of a frame is which person of the frames before, by place and size alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, pixels."""

REACH = 1.0
"""How far from its predicted place a face may be, in sides of the box."""
SIZE_RATIO = 2.0
"""How much larger or smaller than before it may be."""
SAME_FACE = 0.5
"""Boxes of one frame that overlap more (intersection over union) show one face."""
PATIENCE = 25
"""Frames after which a person who was not found again counts as gone."""
STEADINESS = 0.5
"""Share of the old speed in the new one: detected boxes tremble."""
SLOWING = 0.8
"""Share of the speed that is left after each frame without a face."""
UNSEEN = 0.3
"""What a person not found in the frame before yields to one who was, in units of overlap."""


@dataclass(eq=False)
class Track:
    """One person.

    number: from 0. box: where last found. frame: when, counted from 0. face_px: side at which
    windows show the face, pixels. score: of the face when it was last searched for, and not just
    refined. speed: of the box's centre, pixels per frame (x, y). missing: not found in the frame
    before. sought: frame that was detected in full for this person. owed: another is to be.
    """

    number: int
    box: Box
    frame: int
    face_px: float
    score: float = 0.0
    speed: tuple[float, float] = (0.0, 0.0)
    missing: bool = False
    sought: int | None = None
    owed: bool = False

    def predicted(self, frame: int) -> Box:
        """Where the box is in a later frame: it goes on, ever slower."""
        ahead = (1 - SLOWING ** (frame - self.frame)) / (1 - SLOWING)
        across, down = self.speed[0] * ahead, self.speed[1] * ahead
        left, top, right, bottom = self.box
        return left + across, top + down, right + across, bottom + down

    def found(self, box: Box, frame: int) -> None:
        """The face is there in `frame`."""
        passed = max(1, frame - self.frame)
        moved = [
            (new - old) / passed
            for new, old in zip(
                centre_and_side(box)[:2], centre_and_side(self.box)[:2], strict=True
            )
        ]
        self.speed = (
            STEADINESS * self.speed[0] + (1 - STEADINESS) * moved[0],
            STEADINESS * self.speed[1] + (1 - STEADINESS) * moved[1],
        )
        self.box, self.frame, self.missing, self.owed = box, frame, False, False


def centre_and_side(box: Box) -> tuple[float, float, float]:
    """x and y of the centre, and the root of the area; at least one pixel counts each way."""
    left, top, right, bottom = box
    area = max(1.0, right - left) * max(1.0, bottom - top)
    return (left + right) / 2, (top + bottom) / 2, area**0.5


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes; 0 where either is empty."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return across * down / (sum(areas) - across * down)


def affinity(expected: Box, box: Box) -> float | None:
    """How well a face fits a prediction: overlap less distance, in [-REACH, 1]; None: not at all.

    The distance of the centres is in units of the boxes' mean side.
    """
    x, y, side = centre_and_side(expected)
    own_x, own_y, own_side = centre_and_side(box)
    if not 1 / SIZE_RATIO <= own_side / side <= SIZE_RATIO:
        return None
    distance = ((own_x - x) ** 2 + (own_y - y) ** 2) ** 0.5 / ((side + own_side) / 2)
    return overlap(expected, box) - distance if distance <= REACH else None


def different_faces(boxes: Sequence[Box], scores: Sequence[float]) -> list[int]:
    """Positions of boxes that do not show a face a second time, best score first."""
    kept: list[int] = []
    for position in sorted(range(len(boxes)), key=lambda at: -scores[at]):
        if all(overlap(boxes[position], boxes[other]) <= SAME_FACE for other in kept):
            kept.append(position)
    return kept


class Linker:
    """The people of one video.

    `tracks` are those who may be found again; `missing` ones were not in the frame before.
    """

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self._started = 0

    def end_all(self) -> None:
        """Nobody is found again: what follows shows something else."""
        self.tracks = []

    def pair(self, boxes: Sequence[Box], frame: int) -> dict[int, Track]:
        """Give each track at most one box and each box at most one track, the best fits first.

        Returns: position among the boxes -> its track. Nothing is changed.
        """
        fits = []
        for at, track in enumerate(self.tracks):
            expected = track.predicted(frame)
            for position, box in enumerate(boxes):
                fit = affinity(expected, box)
                if fit is not None:
                    fits.append((fit - UNSEEN * track.missing, -at, -position))
        pairs: dict[int, Track] = {}
        taken: set[int] = set()
        for _, at, position in sorted(fits, reverse=True):
            if -at not in taken and -position not in pairs:
                taken.add(-at)
                pairs[-position] = self.tracks[-at]
        return pairs

    def accept(self, boxes: Sequence[Box], pairs: dict[int, Track], frame: int) -> None:
        """Take over what `pair` answered; tracks without a box are missing, or gone for good."""
        for position, track in pairs.items():
            track.found(boxes[position], frame)
        seen = {track.number for track in pairs.values()}
        for track in self.tracks:
            track.missing = track.number not in seen
        self.tracks = [track for track in self.tracks if frame - track.frame <= PATIENCE]

    def start(self, box: Box, frame: int, *, face_px: float, stays: bool = True) -> Track:
        """A person who was not there before; one who does not stay is not found again."""
        track = Track(self._started, box, frame, face_px)
        self._started += 1
        if stays:
            self.tracks.append(track)
        return track
