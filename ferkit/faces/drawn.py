"""Crops of data sets that draw their own pixels, drawn by several processes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from ferkit.contracts.data import DrawnDataset, Problem, Sample
from ferkit.errors import FerkitError, RunError
from ferkit.faces.drawing import Blueprint, draw_part, draw_part_elsewhere, set_up_worker
from ferkit.faces.prepare import gather, open_store
from ferkit.faces.prepared import Prepared, Progress, Quiet
from ferkit.faces.steps import Steps
from ferkit.faces.store import PART_BYTES, Store, StoreWriter
from ferkit.interrupting import starting_processes, uninterrupted

POOL_FRAMES = 200
"""Fewer frames are drawn here: starting processes would take longer."""
PART_SAMPLES = 256


def prepare_drawn(
    dataset: DrawnDataset,
    samples: Sequence[Sample],
    *,
    steps: Steps,
    blueprint: Blueprint,
    settings: Mapping[str, Any],
    store: Path,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Draw the crops of `samples` that the store lacks.

    Where the data set is aligned, crops are drawn straight at the view that the cropper gives
    for the true landmarks; otherwise raw frames go through the detector like photographs.

    Args:
        samples: rows of the data set, all or some.
        steps: used in this process; on a CPU the other processes make their own.
        blueprint: of the same data set and parts, for them.
        settings: names and parameters of everything in `steps` that changes the crops, and
            the data set's fingerprint.
        store: folder of stores.
        jobs: processes; None: one per core, or this one alone where the device is not a CPU.
    Returns: the same crops whatever `jobs` is.
    Raises: RunError: the store can't be written, or a process died.
    """
    progress = progress or Quiet()
    numbers = {sample.id: number for number, sample in enumerate(dataset.samples())}
    strangers = [sample.id for sample in samples if sample.id not in numbers]
    if strangers:
        raise FerkitError(f"the data set has no sample '{strangers[0]}'.")
    opened = open_store(store, settings, steps)
    drawn_here: set[str] = set()
    missing = [sample.id for sample in samples if sample.id not in opened.sources]
    if missing:
        with opened.writing(waiting=progress.say) as writer:
            # Someone else may have drawn them while we waited for the lock.
            drawn_here = {name for name in missing if name not in opened.sources}
            rows = sorted(numbers[name] for name in drawn_here)
            units = _units(rows, dataset, steps, jobs := _jobs(jobs, steps, rows, dataset))
            progress.begin("drawing", len(rows), "samples")
            try:
                if jobs > 1:
                    _draw_in_pool(units, jobs, blueprint, writer, opened.folder, progress)
                else:
                    _draw_here(units, dataset, steps, writer, opened.folder, progress)
            finally:
                progress.end()
    return _collect(samples, opened, drawn_here, each_face=steps.keep == "all")


def _jobs(jobs: int | None, steps: Steps, rows: Sequence[int], dataset: DrawnDataset) -> int:
    if len(rows) * dataset.clip_length < POOL_FRAMES:
        return 1
    if jobs is None:
        jobs = _cores() if torch.device(steps.device).type == "cpu" else 1
    return max(1, jobs)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _units(
    rows: Sequence[int], dataset: DrawnDataset, steps: Steps, jobs: int
) -> list[Sequence[int]]:
    """Rows of each part: a part fits into memory, and every process gets one."""
    crop_bytes = len(steps.cropper.regions) * 3 * steps.cropper.size**2
    fit = max(1, 2 * PART_BYTES // (crop_bytes * dataset.clip_length))
    share = max(1, -(-len(rows) // jobs))
    length = min(PART_SAMPLES, fit, share)
    return [rows[start : start + length] for start in range(0, len(rows), length)]


def _draw_here(
    units: Sequence[Sequence[int]],
    dataset: DrawnDataset,
    steps: Steps,
    writer: StoreWriter,
    folder: Path,
    progress: Progress,
) -> None:
    threads = torch.get_num_threads()
    done = 0
    try:
        if torch.device(steps.device).type == "cpu":
            torch.set_num_threads(1)  # as in the other processes: the same sums
        for unit in units:
            draw_part(
                dataset,
                unit,
                steps=steps,
                folder=folder,
                number=writer.next_part(),
                drawn=partial(_advance, progress, done),
            )
            done += len(unit)
    finally:
        torch.set_num_threads(threads)


def _advance(progress: Progress, before: int, count: int) -> None:
    progress.advance(before + count)


def _draw_in_pool(
    units: Sequence[Sequence[int]],
    jobs: int,
    blueprint: Blueprint,
    writer: StoreWriter,
    folder: Path,
    progress: Progress,
) -> None:
    done = 0
    context = get_context("spawn")
    enough = context.Event()
    pool = ProcessPoolExecutor(min(jobs, len(units)), context, set_up_worker, (blueprint, enough))
    try:
        with starting_processes():
            pending: set[Future[int]] = {
                pool.submit(draw_part_elsewhere, unit, folder, writer.next_part()) for unit in units
            }
        while pending:
            ready, pending = wait(pending, return_when=FIRST_COMPLETED)
            done += sum(future.result() for future in ready)
            progress.advance(done)
    except BrokenProcessPool as error:
        raise RunError(
            "a process that drew samples ended unexpectedly.",
            hint="It may have run out of memory. What is drawn stays in the store.",
        ) from error
    finally:
        with uninterrupted():  # they must not write into a store that may be another process's
            enough.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _collect(
    samples: Sequence[Sample], store: Store, drawn_here: set[str], *, each_face: bool
) -> Prepared:
    kept: list[int] = []
    failures: list[Problem] = []
    for position, sample in enumerate(samples):
        row = store.sources[sample.id]
        if row.status == "failed":
            failures.append(Problem(row.kind, sample.id, row.reason, True))
        else:
            kept.append(position)
    keys = [samples[position].id for position in kept]
    reused = sum(key not in drawn_here for key in keys)
    return gather(samples, kept, keys, store, failures, reused=reused, each_face=each_face)
