"""Measures whether a GPU waits for its faces: `vggface` at 224 px, batches of 32, bf16.

    python tests/benchmarks/vggface_waiting.py
    OMP_NUM_THREADS=1 python tests/benchmarks/vggface_waiting.py --device cpu --side 32 \\
        --batch 8 --count 70 --warm 1 --steps 3 --rounds 1 --convolutions

Draws faces into a store of its own and trains as `ferkit run` does (store, reader thread, views on
the device, trainer); beside it the same without augmentation, and with one batch that stays on the
device, which has no input at all. Prints a Markdown table. The first line needs CUDA; the second
only tries the script itself.

How it is measured. Three marks are set in each step: when its batch has been read (B), when its
views are made (C) and when the optimiser has stepped (A). On CUDA they are events in the stream
that all kernels run in, so they are times of the device: from A to the next B it has finished
everything and the host has not come with a batch. That is the share "waits for a batch"; it is near
0 where the host is ahead. From B to C it copies and augments, gaps between small kernels included.
"No kernel running" comes from a second run under torch.profiler: the share of wall time that no
kernel or copy covers, for whatever reason. "Lost to the input" is 1 minus the time of a step with
the held batch over that of this row: all that the input costs, its kernels included. On a CPU the
marks are the clock's. Reading is in a thread: its share may be high and cost nothing. The store has
just been written, so that it is read from the system's memory, not from the disk.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
from machine import forget_peak, machine, peak_memory, table
from step_marks import Enough, MarkedLoop, Marks, Watch, busy_seconds, marked_prefetch

from ferkit.catalogue import Catalogue, catalogue
from ferkit.data.loader import SplitData
from ferkit.plugin import Context
from ferkit.plugins import load
from ferkit.recipe import validate
from ferkit.running.assemble import RunData, assemble
from ferkit.running.progress import SilentDisplay
from ferkit.running.single import make_job
from ferkit.sections import Recipe
from ferkit.training.trainer import train


class Kind(NamedTuple):
    """A row of the table. held: one batch that stays on the device. augmented: weak views."""

    name: str
    held: bool
    augmented: bool


KINDS = (
    Kind("reads and augments", False, True),
    Kind("reads", False, False),
    Kind("one batch held", True, False),
)


class Figures(NamedTuple):
    """Of a run. Seconds per step: in all, waiting, copying and augmenting, reading (in its
    thread). idle: share of wall time without a kernel; None: not on CUDA. peak: bytes."""

    step: float
    waiting: float
    views: float
    reading: float
    idle: float | None
    peak: int


def repeated(split: SplitData, count: int) -> SplitData:
    """A split of `count` samples that are those of `split` again and again."""
    times = -(-count // len(split))
    return SplitData(
        (split.samples * times)[:count],
        split.given.repeat(times)[:count],
        split.given_probs.repeat(times, 1)[:count],
        split.truth.repeat(times)[:count],
        lambda ids, frames: split.read(ids % len(split), frames),
    )


def measure(
    kind: Kind, recipe: Recipe, data: RunData, known: Catalogue, options: argparse.Namespace
) -> Figures:
    """Train with one kind of input."""
    marked = _trained(kind, recipe, data, known, options, profiler=None)
    marks, peak = marked[0], marked[2]
    first, steps = options.warm, options.steps
    pairs = [
        (marks.stepped[at - 1], marks.read[at], marks.viewed[at])
        for at in range(first, first + steps)
    ]
    idle = None
    if marks.device.type == "cuda":
        profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA])
        _, seconds, _ = _trained(kind, recipe, data, known, options, profiler=profiler)
        idle = 1 - busy_seconds(profiler) / seconds
    return Figures(
        step=marks.between(marks.stepped[first - 1], marks.stepped[first + steps - 1]) / steps,
        waiting=sum(marks.between(a, b) for a, b, _ in pairs) / steps,
        views=sum(marks.between(b, c) for _, b, c in pairs) / steps,
        reading=statistics.mean(marks.loads) if marks.loads else 0.0,
        idle=idle,
        peak=peak,
    )


def _trained(
    kind: Kind,
    recipe: Recipe,
    data: RunData,
    known: Catalogue,
    options: argparse.Namespace,
    *,
    profiler: Any,
) -> tuple[Marks, float, int]:
    """Marks, seconds of the profile, and peak memory."""
    device = torch.device(options.device)
    marks = Marks(device)
    watch = Watch(marks, warm=options.warm, steps=options.steps, profiler=profiler)
    if not kind.augmented:
        training = recipe.training.model_copy(update={"augmentation": None})
        recipe = recipe.model_copy(update={"training": training})
    context = Context(seed=recipe.seed, device=options.device)
    count = (options.warm + options.steps) * options.batch
    repeats = replace(data, labelled=repeated(data.labelled, count))
    gc.collect()  # networks of the run before hang in cycles
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        forget_peak()
    with tempfile.TemporaryDirectory() as folder:
        watched: Any = watch
        job = make_job(
            recipe, repeats, known, context, folder=Path(folder), observer=watched, smoke=False
        )
        looped: Any = MarkedLoop(job.loop, marks)
        reader = marked_prefetch(marks, held=kind.held)
        with patch("ferkit.training.batches.prefetch", reader), suppress(Enough):
            train(replace(job, loop=looped))
    cuda = device.type == "cuda"
    peak = torch.cuda.max_memory_allocated(device) if cuda else peak_memory()
    return marks, watch.seconds, peak


def prepared(known: Catalogue, options: argparse.Namespace, store: str) -> tuple[Recipe, RunData]:
    """Draw the faces."""
    recipe = validate(
        {
            "data": {
                "train": {"use": "rendered", "domain": "easy", "count": options.count},
                "split": {"validation": 0, "test": 0, "near_duplicates": None},
            },
            "faces": {
                "cropper": {"use": "face", "size": options.side},
                "store": store,
                "format": options.format,
            },
            "model": {"backbone": {"use": "vggface", "fully_connected": not options.convolutions}},
            "loop": {"use": "supervised", "epochs": 1, "patience": None},
            "training": {
                "batch_size": options.batch,
                "precision": "bf16-mixed",
                "device": options.device,
                "checkpoint_minutes": 1e6,
            },
        },
        catalogue=known,
        name="waiting",
    )
    context = Context(seed=recipe.seed, device=options.device)
    return recipe, assemble(recipe, known, context, display=SilentDisplay())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda:0", help="cuda:N, or cpu to try the script")
    parser.add_argument("--side", type=int, default=224, help="of the crops, pixels")
    parser.add_argument("--batch", type=int, default=32, help="samples per step")
    parser.add_argument("--count", type=int, default=1024, help="faces in the store")
    parser.add_argument("--steps", type=int, default=60, help="that are measured")
    parser.add_argument("--warm", type=int, default=10, help="steps before them, at least 1")
    parser.add_argument("--rounds", type=int, default=3, help="of all kinds in turns; medians")
    parser.add_argument("--format", choices=("raw", "jpeg"), default="raw", help="of the store")
    parser.add_argument("--convolutions", action="store_true", help="leave out fc6 and fc7")
    options = parser.parse_args()
    if options.device != "cpu" and not torch.cuda.is_available():
        print("No CUDA device is here, so nothing is measured.")
        print("To try the script itself, see the second command at its top.")
        return
    options.warm = max(1, options.warm)
    known = catalogue(load())
    of: dict[Kind, list[Figures]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as store:
        recipe, data = prepared(known, options, store)
        for _ in range(options.rounds):
            for kind in KINDS:
                of[kind].append(measure(kind, recipe, data, known, options))
    print(f"{machine()}\n\nvggface, {options.side} px, batches of {options.batch}, bf16-mixed,")
    print(f"{options.format} store of {options.count}, {options.steps} steps, {options.rounds} x.")
    held = statistics.median(one.step for one in of[KINDS[-1]])
    rows = [_row(kind, of[kind], held, options.batch) for kind in KINDS]
    head = ["input", "images/s", "s per step", "lost to the input", "waits for a batch"]
    rest = ["no kernel running", "reading, in its thread", "copy and augmentation", "peak, MiB"]
    table([*head, *rest], rows)


def _row(kind: Kind, rounds: list[Figures], held: float, batch: int) -> list[str]:
    def middle(values: Iterable[float]) -> float:
        return statistics.median(values)

    step = middle(one.step for one in rounds)
    idle = [one.idle for one in rounds if one.idle is not None]
    return [
        kind.name,
        f"{batch / step:.1f}",
        f"{step:.4f}",
        f"{1 - held / step:.1%}",
        f"{middle(one.waiting / one.step for one in rounds):.1%}",
        f"{middle(idle):.1%}" if idle else "-",
        f"{middle(one.reading / one.step for one in rounds):.1%}",
        f"{middle(one.views / one.step for one in rounds):.1%}",
        f"{max(one.peak for one in rounds) / 2**20:.0f}",
    ]


if __name__ == "__main__":
    main()
