"""From decoded frames to crops: photographs in batches of any sizes, videos chunk by chunk."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

import torch
from torch import Tensor

from ferkit.faces.choose import NO_FACE, Reason, face_of_landmarks
from ferkit.faces.crop import FaceCrops, crop_faces, find_faces
from ferkit.faces.decoding import Ended, Frames, Photo, decode_ahead
from ferkit.faces.enhance import enhance_frames
from ferkit.faces.steps import Steps
from ferkit.faces.track import FaceTracker, TrackedFaces
from ferkit.faces.work import Cropped, Event, Finished, Unreadable, Work, frame_rows

BATCH_BYTES = 128 << 20
"""Photographs of a batch together; one larger than this goes by itself."""
MOST_THREADS = 4


def process(
    work: Sequence[Work], steps: Steps, *, threads: int | None = None
) -> Generator[Event, None, None]:
    """Prepare files in this process: threads decode ahead of detection, warp and enhancement.

    Args:
        threads: files decoded at a time; None: one per core, at most 4.
    """
    videos: dict[str, VideoWork] = {}
    waiting: list[Photo] = []
    if threads is None:
        threads = min(MOST_THREADS, os.cpu_count() or 1)
    with closing(decode_ahead(work, steps, threads=threads)) as decoded:
        for item in decoded:
            if isinstance(item, Photo):
                together = sum(photo.image.nbytes for photo in waiting) + item.image.nbytes
                if waiting and together > BATCH_BYTES:
                    yield from crop_photos(waiting, steps)
                    waiting = []
                waiting.append(item)
                if len(waiting) >= steps.batch_size:
                    yield from crop_photos(waiting, steps)
                    waiting = []
                continue
            if waiting and isinstance(item, Frames):  # videos may take hours
                yield from crop_photos(waiting, steps)
                waiting = []
            video = videos.pop(item.work.key, None) or VideoWork(item.work, steps)
            if isinstance(item, Frames):
                videos[item.work.key] = video
                yield from video.crop(item)
            elif item.passing is not None:
                yield Unreadable(item.work, item.passing)
            else:
                yield video.end(item)
    if waiting:
        yield from crop_photos(waiting, steps)


def crop_photos(photos: Sequence[Photo], steps: Steps) -> Iterator[Event]:
    """The crops of photographs of any sizes, and their ends."""
    known = [
        None if photo.work.landmarks is None else face_of_landmarks(photo.work.landmarks)
        for photo in photos
    ]
    with torch.inference_mode():
        frames = _on_device([photo.image for photo in photos], steps)
        result = crop_faces(frames, find_faces(frames, known, steps.detector), steps)
    sources = [(photo.work.key, photo.work.path) for photo in photos]
    nothing = [0] * len(photos)
    rows = frame_rows(result, sources, nothing, [0.0] * len(photos))
    yield Cropped(result.crops.numpy(), rows, len(photos), {})
    for position, photo in enumerate(photos):
        reason = result.reasons.get(position)
        if reason is None:
            yield Finished(photo.work)
        else:
            yield Finished(photo.work, "failed", reason.kind, reason.what)


class VideoWork:
    """A video on its way: who is in it, and what it gave so far."""

    def __init__(self, work: Work, steps: Steps) -> None:
        self._work = work
        self._steps = steps
        self._tracker = (
            None
            if steps.detector is None
            else FaceTracker(steps.detector, steps.tracking, certain=steps.least_score)
        )
        self._seen = 0
        self._used = 0
        self._reasons: Counter[Reason] = Counter()

    def crop(self, item: Frames) -> Iterator[Cropped]:
        """Crops of the next frames, a batch at a time."""
        chunk, source = item.chunk, (self._work.key, self._work.path)
        for start in range(0, len(chunk.frames), self._steps.batch_size):
            now = slice(start, start + self._steps.batch_size)
            number = chunk.number[now].tolist()
            with torch.inference_mode():
                frames = _on_device(list(chunk.frames[now]), self._steps)
                result = crop_faces(frames, self._follow(frames), self._steps)
            rows = frame_rows(result, [source] * len(number), number, chunk.timestamp[now].tolist())
            self._seen += len(number)
            self._used += len(rows)
            self._reasons.update(result.reasons.values())
            share = min(1.0, self._seen / chunk.expected) if chunk.expected else 0.0
            yield Cropped(result.crops.numpy(), rows, len(number), {self._work.key: share})

    def end(self, item: Ended) -> Finished:
        """What to say of the video as a whole."""
        broken = item.broken
        if self._used:
            if broken is None:
                return Finished(self._work)
            return Finished(self._work, "partial", broken.kind, broken.what)
        if self._seen or broken is None:
            none = no_face_in_video(self._reasons, self._seen)
            what = none.what if broken is None else f"{none.what} Besides, {broken.what}"
            broken = Reason(none.kind, what)
        return Finished(self._work, "failed", broken.kind, broken.what)

    def _follow(self, frames: list[Tensor]) -> Sequence[TrackedFaces | None]:
        return [None] * len(frames) if self._tracker is None else self._tracker.follow(frames)


def detect_and_crop(frames: Sequence[Tensor], steps: Steps, *, clip_length: int = 1) -> FaceCrops:
    """Crops of photographs, or of clips of `clip_length` frames each, one after the other."""
    with torch.inference_mode():
        own = _on_device(frames, steps)
        faces: list[TrackedFaces | None] = []
        together = steps.batch_size if clip_length == 1 else clip_length
        for start in range(0, len(own), together):
            part = own[start : start + together]
            if steps.detector is None or clip_length == 1:
                faces += find_faces(part, [None] * len(part), steps.detector)
            else:
                faces += FaceTracker(steps.detector, None).follow(part)
        return crop_faces(own, faces, steps)


def no_face_in_video(reasons: Counter[Reason], seen: int) -> Reason:
    """Why a video has no crops at all: what most of its frames lacked."""
    kinds: Counter[str] = Counter()
    for reason, times in reasons.items():
        kinds[reason.kind] += times
    kind = kinds.most_common(1)[0][0] if kinds else NO_FACE
    return Reason(kind, f"none of the {seen} sampled frames shows a usable face ({kind}).")


def _on_device(frames: Sequence[Tensor], steps: Steps) -> list[Tensor]:
    moved = [frame.to(steps.device, non_blocking=True) for frame in frames]
    if steps.enhancer is not None and steps.enhance == "frames":
        return enhance_frames(moved, steps.enhancer)
    return moved
