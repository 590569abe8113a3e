"""Measures training speed on one CPU thread: the trainer against a bare loop.

    OMP_NUM_THREADS=1 python tests/benchmarks/training.py

Prints images per second of process time, and what share of it the trainer's own work is.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from ferkit_basics.params import SmallCnnParams, SupervisedParams
from ferkit_basics.small_cnn import make_small_cnn
from ferkit_basics.supervised import make_supervised

from ferkit.contracts.data import CLASSES
from ferkit.data.augment import weak_view
from ferkit.model.face_model import FaceModel
from ferkit.plugin import Context
from ferkit.sections import AugmentationSection, OptimiserSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model, tiny_split
from ferkit.training.job import Silence
from ferkit.training.trainer import train

BATCH = 32


def model(width: int) -> FaceModel:
    backbone = make_small_cnn(SmallCnnParams(width=width), Context())
    return tiny_model(len(CLASSES), backbone=backbone)


def bare(width: int, size: int, steps: int, *, augment: bool) -> float:
    """Images per second of forward, backward and Adam alone, with or without the weak view."""
    network = model(width).train()
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    data = tiny_split(BATCH, classes=len(CLASSES), size=size)
    clips, ids = data.read(torch.arange(BATCH), 1), torch.arange(BATCH)
    views = weak_view(clips, settings=AugmentationSection(), seed=0, epoch=0, ids=ids)
    started = 0.0
    for step in range(-3, steps):
        if step == 0:
            started = time.process_time()
        if augment:
            views = weak_view(clips, settings=AugmentationSection(), seed=0, epoch=step, ids=ids)
        loss = torch.nn.functional.cross_entropy(network(*views).logits, data.given)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return steps * BATCH / (time.process_time() - started)


def trained(width: int, size: int, steps: int) -> float:
    """Images per second of whole epochs in the trainer, without validation."""
    loop = make_supervised(SupervisedParams(epochs=2), Context())
    with tempfile.TemporaryDirectory() as folder:
        job = tiny_job(
            loop,
            Path(folder),
            training=TrainingSection(
                batch_size=BATCH, device="cpu", threads=1, optimiser=OptimiserSection(lr=1e-3)
            ),
            classes=CLASSES,
            labelled=tiny_split(steps * BATCH // 2, classes=len(CLASSES), size=size),
            unlabelled=None,
            validation=None,
            build_model=lambda: model(width),
            image_size=size,
        )
        marks: list[float] = []

        class Watch(Silence):
            def phase_started(self, phase: str, epochs: int) -> None:
                marks.append(time.process_time())

            def epoch_finished(self, row: object) -> None:
                marks.append(time.process_time())

        train(replace(job, observer=Watch()))
    return steps * BATCH / (marks[-1] - marks[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--widths", type=int, nargs="+", default=[16])
    parser.add_argument("--sizes", type=int, nargs="+", default=[48, 96])
    given = parser.parse_args()
    torch.set_num_threads(1)
    print("| width | px | network alone | with the weak view | in the trainer | its share |")
    print("|---|---|---|---|---|---|")
    for width in given.widths:
        for size in given.sizes:
            alone = bare(width, size, given.steps, augment=False)
            viewed = bare(width, size, given.steps, augment=True)
            whole = trained(width, size, given.steps)
            share = 1 - whole / viewed
            print(
                f"| {width} | {size} | {alone:.0f} | {viewed:.0f} | {whole:.0f} | {share:.0%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
