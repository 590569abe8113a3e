"""The faces of a video, each with the number of the person it belongs to.

Every frame can be detected in full; people are then linked from frame to frame. With
`Tracking` only keyframes are, and frames after a cut. Between them:

1. Each person's box is predicted (constant velocity). A detector that can start from boxes
   (`FaceRefiner`) is given them. It may drift along, so that only scores about as good as at the
   last search count.
2. For everyone else a window is searched: the grown box is cut out and shrunk, so that the face
   is about `FACE_PX` large, and what is found goes back to pixels of the frame. Faces cut by a
   window's side are left out.
3. Of faces that overlap the better is kept, so that none counts for two people. They are paired
   with the predicted boxes, the best overlap first.
4. Someone seen in the frame before and not found now is looked for in a wider window that shows
   more detail, and if that fails by detecting the frame in full: `PAUSE` frames after the last
   time at the earliest, and for one person, who may flicker, at most once in `every` frames.
5. Who is not found then either is looked for in windows for `PATIENCE` frames.

New people are noticed where a frame is detected in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.faces import FaceDetector, FaceRefiner, Faces
from ferkit.faces.cuts import FrameChanges
from ferkit.faces.linking import Box, Linker, Track, different_faces
from ferkit.faces.window import cut_window, in_frame, place_window

FACE_PX = 64.0
"""Side of a face in its window, pixels; smaller ones are not enlarged."""
LARGER, LARGEST_PX = 1.5, 192.0
"""How much larger a face is shown that its window missed though it was there, and the limit."""
SURE = 0.95
"""Share of a face's score at its last search that a refined one must reach."""
PAUSE = 5
"""Frames after a full detection before there is another for someone who is lost."""
WIDER = 2.0
"""How much more margin the second look at a lost person takes."""


NO_FACES = Faces(torch.zeros(0, 4), torch.zeros(0, 5, 2), torch.zeros(0))


class Tracking(NamedTuple):
    """Detection on some frames, and between them only near the faces found before.

    every: frames from one full detection to the next. grow: margin that is searched, fraction of
    the last box's side. cut: mean difference of two small grey frames, fraction of white, that is
    a scene cut.
    """

    every: int = 25
    grow: float = 0.5
    cut: float = 0.15


class TrackedFaces(NamedTuple):
    """faces: of one frame, n >= 0. track: (n,) int64, each person's number, from 0."""

    faces: Faces
    track: Tensor


class FaceTracker:
    """Follows the people of one video.

    Args:
        detector: finds the faces.
        tracking: None: every frame is detected in full.
        certain: faces that score less are not followed between full detections; of those who
            are followed, they count.

    Attributes:
        detections: frames detected in full so far.
    """

    def __init__(
        self, detector: FaceDetector, tracking: Tracking | None, *, certain: float = 0.0
    ) -> None:
        self.detections = 0
        self._certain = 0.0 if tracking is None else certain
        self._detector = detector
        self._refiner = detector if isinstance(detector, FaceRefiner) else None
        self._tracking = tracking
        self._cut = (tracking or Tracking()).cut
        self._linker = Linker()
        self._frame = 0  # number of the next one
        self._keyframe = 0  # number of the frame that is to be detected in full at the latest
        self._changes = FrameChanges()

    def follow(self, frames: Sequence[Tensor]) -> list[TrackedFaces]:
        """The next frames of the video.

        Args:
            frames: (3, H, W) uint8 each, in order, on any device. How a video is cut into calls
                does not change the answers.
        """
        cuts = [change > self._cut for change in self._changes.of(frames)]
        if self._tracking is None:
            found = self._detector.detect(frames) if len(frames) else []
            self.detections += len(frames)
            return [self._linked(own, cut) for own, cut in zip(found, cuts, strict=True)]
        return [
            self._in_full(frame, cut, self._tracking)
            if cut or self._frame >= self._keyframe
            else self._near(frame, self._tracking)
            for frame, cut in zip(frames, cuts, strict=True)
        ]

    def _in_full(self, frame: Tensor, cut: bool, tracking: Tracking) -> TrackedFaces:
        self.detections += 1
        self._keyframe = self._frame + tracking.every
        return self._linked(self._detector.detect([frame])[0], cut)

    def _linked(self, faces: Faces, cut: bool) -> TrackedFaces:
        """Take all faces of the next frame; those of nobody known are new people."""
        if cut:
            self._linker.end_all()
        boxes = _boxes(faces)
        pairs = self._linker.pair(boxes, self._frame)
        self._linker.accept(boxes, pairs, self._frame)
        for at, score in enumerate(faces.score.tolist()):
            if at not in pairs:
                stays = score >= self._certain
                pairs[at] = self._linker.start(boxes[at], self._frame, face_px=FACE_PX, stays=stays)
            pairs[at].score = score
        self._frame += 1
        numbers = [pairs[at].number for at in range(len(boxes))]
        return TrackedFaces(faces, torch.tensor(numbers, dtype=torch.int64))

    def _near(self, frame: Tensor, tracking: Tracking) -> TrackedFaces:
        """Look for everyone where he is expected, and once more for those who are lost."""
        number = self._frame
        sure, refined = self._refined(frame)
        unsure = [track for track in self._linker.tracks if track not in sure]
        parts = [refined, *self._in_windows(frame, unsure, tracking.grow)]
        faces = _different(parts)
        pairs = self._linker.pair(_boxes(faces), number)
        lost = self._lost(pairs)
        if lost:
            for track in lost:
                track.face_px = min(LARGER * track.face_px, LARGEST_PX)
            parts += self._in_windows(frame, lost, WIDER * tracking.grow)
            faces = _different(parts)
            pairs = self._linker.pair(_boxes(faces), number)
            for track in self._lost(pairs):
                track.owed = track.sought is None or number - track.sought >= tracking.every
        paired = list(pairs.values())
        owed = [track for track in self._linker.tracks if track.owed and track not in paired]
        if owed and number - (self._keyframe - tracking.every) >= PAUSE:
            for track in owed:
                track.sought, track.owed = number, False
            return self._in_full(frame, False, tracking)
        self._linker.accept(_boxes(faces), pairs, number)
        for at, track in pairs.items():
            if track in unsure:
                track.score = float(faces.score[at])
        self._frame += 1
        chosen = sorted(pairs)
        kept = Faces(*(column[chosen] for column in faces))
        return TrackedFaces(kept, torch.tensor([pairs[at].number for at in chosen]).long())

    def _refined(self, frame: Tensor) -> tuple[list[Track], Faces]:
        """People whom the detector surely finds from where they are expected, and their faces."""
        seen = [track for track in self._linker.tracks if not track.missing]
        if self._refiner is None or not seen:
            return [], NO_FACES
        expected = torch.tensor([track.predicted(self._frame) for track in seen])
        faces = _different(self._refiner.refine([frame], [expected]))
        pairs = self._linker.pair(_boxes(faces), self._frame)
        sure = {
            at: track
            for at, track in pairs.items()
            if not track.missing and float(faces.score[at]) >= SURE * track.score
        }
        return list(sure.values()), Faces(*(column[list(sure)] for column in faces))

    def _in_windows(self, frame: Tensor, tracks: Sequence[Track], grow: float) -> list[Faces]:
        """What windows around people show, in one call of the detector; pixels of the frame."""
        if not tracks:
            return []
        height, width = frame.shape[1:]
        windows = [
            place_window(
                track.predicted(self._frame),
                grow=grow,
                face_px=track.face_px,
                height=height,
                width=width,
            )
            for track in tracks
        ]
        found = self._detector.detect([cut_window(frame, window) for window in windows])
        return [
            in_frame(faces, window, height=height, width=width)
            for faces, window in zip(found, windows, strict=True)
        ]

    def _lost(self, pairs: dict[int, Track]) -> list[Track]:
        """Those seen in the frame before and not among `pairs`."""
        seen = {track.number for track in pairs.values()}
        return [
            track for track in self._linker.tracks if not track.missing and track.number not in seen
        ]


def _boxes(faces: Faces) -> list[Box]:
    return [(left, top, right, bottom) for left, top, right, bottom in faces.box_xyxy.tolist()]


def _different(parts: Sequence[Faces]) -> Faces:
    """The different faces among those found in several places, best score first."""
    together = Faces(*(torch.cat(columns) for columns in zip(NO_FACES, *parts, strict=True)))
    chosen = different_faces(_boxes(together), together.score.tolist())
    return Faces(*(column[chosen] for column in together))
