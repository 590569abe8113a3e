"""The faces of a video, each with the number of the person it belongs to.

Every frame can be detected in full; people are then linked from frame to frame. With
`Tracking` only keyframes are, and frames after a cut. Between them the detector sees windows:

1. Each person's box is predicted (constant velocity) and grown; this window of the frame is cut
   out and shrunk, so that the face is about `FACE_PX` large.
2. The windows of `GROUP` frames are placed at once, from what is known before the first of
   them, and go to the detector in one call: small windows cost less together than alone.
3. What is found goes back to pixels of the frame. Faces cut by a window's side are left out,
   and of two that overlap the better is kept, so a face never counts for two people.
4. Faces are paired with predicted boxes, the best overlap first. Someone seen in the frame
   before and not found now is looked for in a wider window that shows more detail, and if that
   fails by detecting the frame in full. One person, flickering, causes this at most once in
   `every` frames.
5. Who is not found then either is looked for in windows for `PATIENCE` frames.

New people are noticed where a frame is detected in full.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.faces import FaceDetector, Faces
from ferkit.faces.linking import Box, Linker, Track, different_faces
from ferkit.faces.window import Window, cut_window, in_frame, place_window

FACE_PX = 80.0
"""Side of a face in its window, pixels; smaller ones are not enlarged."""
LARGER, LARGEST_PX = 1.5, 192.0
"""How much larger a face is shown that its window missed though it was there, and the limit."""
WIDER = 2.0
"""How much more margin the second look at a lost person takes."""
GROUP = 4
"""Frames whose windows are placed and detected together."""
SAMPLES, CELLS = 64, 16
"""Rows and columns of a frame that are looked at for scene cuts, and of the grey thumbnail."""


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

    Attributes:
        detections: frames detected in full so far.
    """

    def __init__(self, detector: FaceDetector, tracking: Tracking | None) -> None:
        self.detections = 0
        self._detector = detector
        self._tracking = tracking
        self._cut = (tracking or Tracking()).cut
        self._linker = Linker()
        self._frame = 0  # number of the next one
        self._keyframe = 0  # number of the frame that is to be detected in full at the latest
        self._before: tuple[tuple[int, ...], Tensor] | None = None  # shape, thumbnail
        self._planned: deque[list[Window]] = deque()  # windows of the frames to come

    def follow(self, frames: Sequence[Tensor]) -> list[TrackedFaces]:
        """The next frames of the video.

        Args:
            frames: (3, H, W) uint8 each, in order, on any device. How a video is cut into calls
                does not change the answers.
        """
        cuts = self._cuts(frames)
        if self._tracking is None:
            found = self._detector.detect(frames) if len(frames) else []
            self.detections += len(frames)
            return [self._linked(own, cut) for own, cut in zip(found, cuts, strict=True)]
        answers: list[TrackedFaces] = []
        while len(answers) < len(frames):
            at = len(answers)
            if self._frame >= self._keyframe or cuts[at]:
                answers.append(self._in_full(frames[at], cut=cuts[at], every=self._tracking.every))
            else:
                ready = self._until_full(cuts[at:])
                answers += self._in_windows(frames[at : at + ready], self._tracking)
        return answers

    def _until_full(self, cuts: Sequence[bool]) -> int:
        """How many of the next frames, the first among them, need no full detection."""
        length = min(len(cuts), self._keyframe - self._frame)
        return next((at for at in range(length) if cuts[at]), length)

    def _in_full(self, frame: Tensor, *, cut: bool, every: int) -> TrackedFaces:
        self._planned.clear()
        self.detections += 1
        self._keyframe = self._frame + every
        return self._linked(self._detector.detect([frame])[0], cut)

    def _linked(self, faces: Faces, cut: bool) -> TrackedFaces:
        """Take all faces of the next frame; those of nobody known are new people."""
        if cut:
            self._linker.end_all()
        boxes = _boxes(faces)
        pairs = self._linker.pair(boxes, self._frame)
        self._linker.accept(boxes, pairs, self._frame)
        for at in range(len(boxes)):
            if at not in pairs:
                pairs[at] = self._linker.start(boxes[at], self._frame, face_px=FACE_PX)
        self._frame += 1
        numbers = [pairs[at].number for at in range(len(boxes))]
        return TrackedFaces(faces, torch.tensor(numbers, dtype=torch.int64))

    def _in_windows(self, frames: Sequence[Tensor], tracking: Tracking) -> list[TrackedFaces]:
        """At least one of `frames`, none of which is a keyframe or a cut."""
        if not self._planned:
            tracks = self._linker.tracks
            self._planned.extend(
                [_window(track, number, frames[0], tracking.grow) for track in tracks]
                for number in range(self._frame, self._frame + GROUP)
            )
        together = list(zip(frames, self._planned, strict=False))
        found = self._look([(frame, one) for frame, windows in together for one in windows])
        answers: list[TrackedFaces] = []
        for frame, windows in together:
            self._planned.popleft()
            parts, found = found[: len(windows)], found[len(windows) :]
            answers.append(self._settled(frame, parts, tracking))
            if not self._planned:
                break  # of no use any more: someone was lost
        return answers

    def _settled(self, frame: Tensor, parts: Sequence[Faces], tracking: Tracking) -> TrackedFaces:
        """Take what the windows of the next frame show, and look again if someone is lost."""
        faces = _joined(parts)
        pairs = self._linker.pair(_boxes(faces), self._frame)
        lost = self._lost(pairs)
        if lost:
            self._planned.clear()
            for track in lost:
                track.face_px = min(LARGER * track.face_px, LARGEST_PX)
            wider = [_window(one, self._frame, frame, WIDER * tracking.grow) for one in lost]
            faces = _joined([*parts, *self._look([(frame, window) for window in wider])])
            pairs = self._linker.pair(_boxes(faces), self._frame)
            number = self._frame
            sought = [
                track
                for track in self._lost(pairs)
                if track.sought is None or number - track.sought >= tracking.every
            ]
            if sought:
                for track in sought:
                    track.sought = number
                return self._in_full(frame, cut=False, every=tracking.every)
        self._linker.accept(_boxes(faces), pairs, self._frame)
        self._frame += 1
        chosen = sorted(pairs)
        numbers = [pairs[at].number for at in chosen]
        kept = Faces(*(column[chosen] for column in faces))
        return TrackedFaces(kept, torch.tensor(numbers, dtype=torch.int64))

    def _lost(self, pairs: dict[int, Track]) -> list[Track]:
        """Those seen in the frame before and not among `pairs`."""
        seen = {track.number for track in pairs.values()}
        return [
            track for track in self._linker.tracks if not track.missing and track.number not in seen
        ]

    def _look(self, views: Sequence[tuple[Tensor, Window]]) -> list[Faces]:
        """Detect in windows of frames, in one call; pixels of the frames."""
        if not views:
            return []
        found = self._detector.detect([cut_window(frame, window) for frame, window in views])
        return [
            in_frame(faces, window, height=frame.shape[1], width=frame.shape[2])
            for faces, (frame, window) in zip(found, views, strict=True)
        ]

    def _cuts(self, frames: Sequence[Tensor]) -> list[bool]:
        """Whether each frame shows something else than the one before."""
        if not len(frames):
            return []
        small = torch.stack([thumbnail(frame) for frame in frames]).cpu()
        cuts = []
        for frame, own in zip(frames, small, strict=True):
            before, self._before = self._before, (tuple(frame.shape), own)
            if before is None:
                cuts.append(False)
            else:
                same_size = before[0] == self._before[0]
                cuts.append(not same_size or float((own - before[1]).abs().mean()) > self._cut)
        return cuts


def thumbnail(frame: Tensor) -> Tensor:
    """A small grey picture of a frame, from a few of its pixels.

    Args:
        frame: (3, H, W) uint8.
    Returns: (CELLS, CELLS) float32 in [0, 1], the mean of the three channels.
    """
    places = torch.arange(SAMPLES, device=frame.device)
    rows, columns = ((2 * places + 1) * length // (2 * SAMPLES) for length in frame.shape[1:])
    pixels = frame[:, rows[:, None], columns].to(torch.float32)
    size = SAMPLES // CELLS
    return pixels.reshape(3, CELLS, size, CELLS, size).mean((0, 2, 4)) / 255


def _window(track: Track, number: int, frame: Tensor, grow: float) -> Window:
    """Where to look for a person in frame `number`, which is as large as `frame`."""
    height, width = frame.shape[1:]
    box = track.predicted(number)
    return place_window(box, grow=grow, face_px=track.face_px, height=height, width=width)


def _boxes(faces: Faces) -> list[Box]:
    return [(left, top, right, bottom) for left, top, right, bottom in faces.box_xyxy.tolist()]


def _joined(parts: Sequence[Faces]) -> Faces:
    """The different faces among those of several windows, best score first."""
    none = Faces(torch.zeros(0, 4), torch.zeros(0, 5, 2), torch.zeros(0))
    together = Faces(*(torch.cat(columns) for columns in zip(none, *parts, strict=True)))
    chosen = different_faces(_boxes(together), together.score.tolist())
    return Faces(*(column[chosen] for column in together))
