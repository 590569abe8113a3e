"""The work on files: photographs in batches of one size, videos chunk by chunk."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ferkit.contracts.data import Problem
from ferkit.contracts.faces import Faces
from ferkit.errors import FerkitError, RunError
from ferkit.faces.crop import NO_FACE, FaceCrops, Reason, crop_faces, face_of_landmarks
from ferkit.faces.decode import decode_photo, is_video
from ferkit.faces.keys import FileState
from ferkit.faces.parts import FrameRow
from ferkit.faces.prepared import Progress
from ferkit.faces.steps import Steps
from ferkit.faces.store import StoreWriter

PENDING_BYTES = 256 << 20
"""Decoded photographs that may wait for others of their size."""


class Work(NamedTuple):
    """A file to prepare, under its key; landmarks: given ones, or None."""

    key: str
    path: str
    state: FileState
    landmarks: tuple[tuple[float, float], ...] | None


class SourceWorker:
    """Prepares files one after the other and puts them into a store."""

    def __init__(self, steps: Steps, writer: StoreWriter, progress: Progress) -> None:
        self._steps = steps
        self._writer = writer
        self._progress = progress
        self._done = 0
        self._failed = 0
        self._frames = 0
        self._passing: dict[str, Problem] = {}

    def run(self, work: Sequence[Work]) -> dict[str, Problem]:
        """Prepare all of `work`.

        Returns: problems that the store does not remember, by key: the file could not be read
            this time.
        """
        self._progress.begin("preparing", len(work), "files")
        try:
            photos = [one for one in work if not is_video(one.path)]
            for batch in self._batches(photos):
                self._crop_photos(batch)
            for one in work:
                if is_video(one.path):
                    self._crop_video(one)
        finally:
            self._progress.end()
        return self._passing

    def _batches(self, photos: Sequence[Work]) -> Iterator[list[tuple[Work, Tensor]]]:
        """Decoded photographs of one size each; those that can't be decoded are finished."""
        waiting: dict[tuple[int, ...], list[tuple[Work, Tensor]]] = {}
        pending = 0
        for one in photos:
            try:
                image = decode_photo(one.path)
            except FerkitError as error:
                self._fail(one, Reason("unreadable image", error.what))
                continue
            except OSError as error:
                what = f"{error.strerror or error}."
                self._passing[one.key] = Problem("unreadable file", one.path, what, True)
                self._count(failed=True)
                continue
            batch = waiting.setdefault(tuple(image.shape), [])
            batch.append((one, image))
            pending += image.numel()
            full = tuple(image.shape) if len(batch) >= self._steps.batch_size else None
            if full is None and pending > PENDING_BYTES:
                full = max(waiting, key=lambda shape: len(waiting[shape]) * math.prod(shape))
            if full is not None:
                pending -= sum(image.numel() for _, image in waiting[full])
                yield waiting.pop(full)
        yield from waiting.values()

    def _crop_photos(self, batch: Sequence[tuple[Work, Tensor]]) -> None:
        known = [
            None if one.landmarks is None else face_of_landmarks(one.landmarks) for one, _ in batch
        ]
        result = self._crop(torch.stack([image for _, image in batch]), known)
        rows = frame_rows(
            result,
            [(one.key, one.path) for one, _ in batch],
            [0] * len(batch),
            [0.0] * len(batch),
        )
        self._writer.add(result.crops.numpy(), rows)
        for position, (one, _) in enumerate(batch):
            reason = result.reasons.get(position)
            if reason is None:
                self._writer.finish(one.key, one.path, state=one.state)
                self._count(frames=1)
            else:
                self._fail(one, reason)

    def _crop_video(self, one: Work) -> None:
        if self._steps.reader is None:
            self._fail(one, Reason("unreadable video", "no video reader is configured."))
            return
        seen, used = 0, 0
        reasons: Counter[Reason] = Counter()
        broken: Reason | None = None
        try:
            for chunk in self._steps.reader.read(Path(one.path), self._steps.sampling):
                for part in range(0, len(chunk.frames), self._steps.batch_size):
                    now = slice(part, part + self._steps.batch_size)
                    result = self._crop(chunk.frames[now], None)
                    number = chunk.number[now].tolist()
                    rows = frame_rows(
                        result,
                        [(one.key, one.path)] * len(number),
                        number,
                        chunk.timestamp[now].tolist(),
                    )
                    self._writer.add(result.crops.numpy(), rows)
                    seen, used = seen + len(number), used + len(rows)
                    reasons.update(result.reasons.values())
                    self._frames += len(rows)
                    self._show()
        except RunError:
            raise
        except FerkitError as error:
            broken = Reason("unreadable video" if seen == 0 else "broken video", error.what)
        if used == 0:
            self._fail(one, broken if seen == 0 and broken else no_face_in_video(reasons, seen))
            return
        if broken is None:
            self._writer.finish(one.key, one.path, state=one.state)
        else:
            self._writer.finish(
                one.key,
                one.path,
                state=one.state,
                status="partial",
                kind=broken.kind,
                reason=broken.what,
            )
        self._count()

    def _crop(self, frames: Tensor, known: Sequence[Faces | None] | None) -> FaceCrops:
        with torch.inference_mode():
            return crop_faces(
                frames.to(self._steps.device),
                cropper=self._steps.cropper,
                detector=self._steps.detector,
                known=known,
                enhancer=self._steps.enhancer,
                min_score=self._steps.min_score,
            )

    def _fail(self, one: Work, reason: Reason) -> None:
        self._writer.finish(
            one.key,
            one.path,
            state=one.state,
            status="failed",
            kind=reason.kind,
            reason=reason.what,
        )
        self._count(failed=True)

    def _count(self, *, failed: bool = False, frames: int = 0) -> None:
        self._done += 1
        self._failed += failed
        self._frames += frames
        self._show()

    def _show(self) -> None:
        detail = f"{self._frames} crops" + (f", {self._failed} failed" if self._failed else "")
        self._progress.advance(self._done, detail)


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
    rows = []
    for place, position in enumerate(result.frame.tolist()):
        key, path = sources[position]
        rows.append(
            FrameRow(
                key,
                path,
                numbers[position],
                timestamps[position],
                result.faces.box_xyxy[place].tolist(),
                result.faces.landmarks[place].flatten().tolist(),
                float(result.faces.score[place]),
                result.found[position],
                result.valid_fraction[place].tolist(),
            )
        )
    return rows


def no_face_in_video(reasons: Counter[Reason], seen: int) -> Reason:
    """Why a video has no crops at all: what most of its frames lacked."""
    kinds: Counter[str] = Counter()
    for reason, times in reasons.items():
        kinds[reason.kind] += times
    kind = kinds.most_common(1)[0][0] if kinds else NO_FACE
    return Reason(kind, f"none of the {seen} sampled frames shows a usable face ({kind}).")
