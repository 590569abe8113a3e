"""Measures the pass of predictions before an epoch: its memory, and a part of it beside the whole.

    OMP_NUM_THREADS=1 python tests/benchmarks/predicting.py

Prints Markdown. Memory is the peak of a process of its own for each number of samples; times are
CPU times taken in turns.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import sys
import time

import torch

from ferkit.contracts.data import Clips, Sample
from ferkit.data.loader import SplitData
from ferkit.model.face_model import FaceModel
from ferkit.testing import tiny_model
from ferkit.training.predict import predict

SIDE, CLASSES, BATCH, ROUNDS = 48, 7, 256, 5
COUNTS = (2_000, 20_000, 200_000)


def noise(count: int) -> SplitData:
    """`count` crops that are made when they are read."""
    unknown = torch.full((count,), -1)

    def read(ids: torch.Tensor, frames: int | None) -> Clips:
        shape = (len(ids), 1, 1, 3, SIDE, SIDE)
        return Clips(torch.zeros(shape, dtype=torch.uint8), torch.ones(shape[:3], dtype=torch.bool))

    return SplitData((Sample(""),) * count, unknown, torch.zeros(count, CLASSES), unknown, read)


def one_pass(model: FaceModel, split: SplitData, chosen: torch.Tensor | None = None) -> float:
    """CPU seconds of a pass."""
    begun = time.process_time()
    predict(model, split, frames=1, batch_size=BATCH, device="cpu", chosen=chosen)
    return time.process_time() - begun


def peak(count: int) -> float:
    """MiB that a process has at most, with a pass over `count` samples."""
    torch.set_num_threads(1)
    one_pass(tiny_model(CLASSES), noise(count))
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> None:
    torch.set_num_threads(1)
    print(f"Crops of {SIDE} px, batches of {BATCH}, {CLASSES} classes.\n")
    print("| samples | crops, MiB | answer, MiB | peak of the process, MiB |\n|---|---|---|---|")
    for count in COUNTS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            most = pool.apply(peak, (count,))
        crops, answer = count * 3 * SIDE**2 / 2**20, count * CLASSES * 4 / 2**20
        print(f"| {count} | {crops:.0f} | {answer:.1f} | {most:.0f} |")
    model, split = tiny_model(CLASSES), noise(COUNTS[1])
    tenth = torch.randperm(COUNTS[1])[: COUNTS[1] // 10].sort().values
    one_pass(model, split, tenth)  # the first is slower
    ratios = [one_pass(model, split) / one_pass(model, split, tenth) for _ in range(ROUNDS)]
    print(
        f"\nAll of {COUNTS[1]} samples take {statistics.median(ratios):.1f} times a tenth's time."
    )


if __name__ == "__main__":
    main()
