"""Drawing one part of a store, in this process or another."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ferkit.contracts.data import DrawnDataset
from ferkit.contracts.faces import Faces
from ferkit.faces.choose import DEGENERATE, Reason
from ferkit.faces.crop import FaceCrops
from ferkit.faces.enhance import enhance_crops
from ferkit.faces.parts import FrameRow, SourceRow, write_part
from ferkit.faces.plans import Plan, StepsPlan
from ferkit.faces.process import detect_and_crop, no_face_in_video
from ferkit.faces.steps import Steps
from ferkit.faces.work import frame_rows

DRAW_FRAMES = 64
"""Frames drawn at a time."""


@dataclass(frozen=True)
class Blueprint:
    """How another process makes the data set and the steps."""

    dataset: Plan
    steps: StepsPlan

    def build(self) -> tuple[DrawnDataset, Steps]:
        """The data set and the steps."""
        return self.dataset.build(), self.steps.build()


_made: list[tuple[DrawnDataset, Steps, Event]] = []
"""What this worker process has; filled by `set_up_worker` only."""


def set_up_worker(blueprint: Blueprint, enough: Event) -> None:
    """Prepare a fresh process: one thread, its own data set; it ends with its parent.

    Args:
        enough: once it is set, nothing more is drawn. Ctrl-C is for the parent, which sets it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _made.append((*blueprint.build(), enough))


def draw_part_elsewhere(rows: Sequence[int], folder: Path, number: int) -> int:
    """`draw_part` in a process that `set_up_worker` prepared.

    Raises: CancelledError: nobody wants it any more.
    """
    dataset, steps, enough = _made[0]

    def go_on(count: int) -> None:
        if enough.is_set():
            raise CancelledError

    go_on(0)
    return draw_part(dataset, rows, steps=steps, folder=folder, number=number, drawn=go_on)


def draw_part(
    dataset: DrawnDataset,
    rows: Sequence[int],
    *,
    steps: Steps,
    folder: Path,
    number: int,
    drawn: Callable[[int], None] | None = None,
) -> int:
    """Draw rows of a data set and write them as part `number` of the store in `folder`.

    Args:
        drawn: told how many rows are drawn so far.
    Returns: how many rows.
    """
    names = [sample.id for sample in dataset.samples()]
    length = dataset.clip_length
    crops: list[Tensor] = []
    frames: list[FrameRow] = []
    sources: list[SourceRow] = []
    step = max(1, DRAW_FRAMES // length)
    for start in range(0, len(rows), step):
        batch = list(rows[start : start + step])
        with torch.inference_mode():
            result = (_draw_aligned if dataset.aligned else _draw_raw)(dataset, batch, steps)
        crops.append(result.crops)
        own = [(names[row], "") for row in batch for _ in range(length)]
        times = list(range(length)) * len(batch)
        frames += frame_rows(result, own, times, [0.0] * len(times))
        for place, row in enumerate(batch):
            here = range(place * length, (place + 1) * length)
            sources.append(_source_row(names[row], here, result, number))
        if drawn is not None:
            drawn(start + len(batch))
    write_part(folder, number, torch.cat(crops).numpy(), frames, sources)
    return len(rows)


def _draw_aligned(dataset: DrawnDataset, rows: Sequence[int], steps: Steps) -> FaceCrops:
    """Drawn straight at the crops' view: nothing is resampled, nothing lies off the frame."""
    landmarks = dataset.landmarks(rows).to(torch.float32)
    count, length = landmarks.shape[:2]
    points = landmarks.reshape(-1, 5, 2)
    boxes = torch.cat([points.amin(1), points.amax(1)], 1)
    faces = Faces(boxes, points, torch.ones(len(points)))
    transforms = steps.cropper.transforms(faces).to(torch.float32)  # (n, R, 2, 3)
    usable = torch.isfinite(transforms).all(3).all(2)
    transforms = torch.where(usable[..., None, None], transforms, torch.eye(2, 3))
    regions = transforms.shape[1]
    size = steps.cropper.size
    drawn = dataset.draw(rows, transforms.reshape(count, length, regions, 2, 3), size)
    crops = enhance_crops(
        drawn.reshape(-1, regions, 3, size, size),
        transforms,
        enhancer=steps.enhancer,
        # There is no raw frame to enhance; its crops come nearest to that.
        enhance="crops" if steps.enhance == "frames" else steps.enhance,
        regions=steps.cropper.regions,
    ).cpu()
    crops = crops * usable[..., None, None, None]
    kept = usable.any(1).nonzero()[:, 0]
    reason = Reason(DEGENERATE, "the landmarks coincide.")
    return FaceCrops(
        kept,
        crops[kept],
        usable[kept].to(torch.float32),
        Faces(boxes[kept], points[kept], faces.score[kept]),
        torch.zeros(len(kept), dtype=torch.int64),
        (1,) * len(points),
        dict.fromkeys((~usable.any(1)).nonzero()[:, 0].tolist(), reason),
    )


def _draw_raw(dataset: DrawnDataset, rows: Sequence[int], steps: Steps) -> FaceCrops:
    """Raw frames through the detector."""
    frames = dataset.draw(rows).flatten(0, 2)  # (B T, 3, H, W)
    return detect_and_crop(list(frames), steps, clip_length=dataset.clip_length)


def _source_row(name: str, here: range, result: FaceCrops, number: int) -> SourceRow:
    reasons = Counter(result.reasons[place] for place in here if place in result.reasons)
    used = int(((result.frame >= here.start) & (result.frame < here.stop)).sum())
    if used:
        return SourceRow(name, "", 0, 0, "ok", "", "", used, number)
    only = next(iter(reasons))
    reason = only if len(here) == 1 else no_face_in_video(reasons, len(here))
    return SourceRow(name, "", 0, 0, "failed", reason.kind, reason.what, 0, number)


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)  # nobody would read what is drawn
