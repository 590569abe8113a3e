"""Measures what a step of each SSL loop and step policy costs, against what its passes let expect.

    OMP_NUM_THREADS=1 python tests/benchmarks/method_cost.py

Prints Markdown: CPU time of a step over that of supervised training on as many labelled samples;
the same expected; and the first over the second. Expected is the sum of what the method can't do
without: forward with and without backward, weak and strong views, the optimiser, the moving average
of the weights, each measured alone on as many images as the method needs, and the trainer's own
part, which is what supervised training takes besides. So the quotient is what policies, losses and
needless work add.

A second table is of policies that predict their split before each epoch: CPU time between two
epochs less that of supervised training, over that of reading and predicting the split once.

The parts of a method are measured right before it, and every round goes once through all methods.
Times are of the fastest of some steps. One torch thread; CPU time of the process, as other work on
the machine disturbs the clock.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from ferkit_basics.params import SmallCnnParams
from ferkit_basics.small_cnn import make_small_cnn
from machine import machine, table
from method_cost_cases import BATCH, CASES, OTHERS, PASSES, Case, Names
from torch.nn.functional import cross_entropy

from ferkit.catalogue import catalogue
from ferkit.contracts.data import CLASSES, Clips
from ferkit.data.augment import clean_view, weak_view
from ferkit.data.randaugment import strong_view
from ferkit.model.face_model import FaceModel
from ferkit.plugin import Context, Kind
from ferkit.plugins import load
from ferkit.sections import AugmentationSection, OptimiserSection, StrongSection, TrainingSection
from ferkit.testing import tiny_job, tiny_model, tiny_split
from ferkit.training.job import PolicyChain, Silence, TrainingJob
from ferkit.training.teacher import Teacher
from ferkit.training.trainer import train

SIDE, WIDTH = 48, 16
SPLIT, EPOCHS = 640, 4
PREDICTED = TrainingSection().prediction_batch_size
KNOWN = catalogue(load())
CONTEXT = Context(classes=CLASSES, image_size=SIDE, regions=("face",))


def made(kind: Kind, chosen: Any) -> Any:
    """A component by name, or by name and parameters."""
    name, given = chosen if isinstance(chosen, tuple) else (chosen, {})
    params = KNOWN.params_model(kind, name).model_validate(given)
    return KNOWN.build(kind, params.model_copy(update={"use": name}), CONTEXT)


def chain(policies: tuple[Names, Names]) -> PolicyChain:
    updates, weightings = policies
    return PolicyChain(
        [made(Kind.LABEL_UPDATE, one) for one in updates],
        [made(Kind.SAMPLE_WEIGHTING, one) for one in weightings],
    )


def network() -> FaceModel:
    backbone = make_small_cnn(SmallCnnParams(width=WIDTH), CONTEXT)
    return tiny_model(len(CLASSES), backbone=backbone)


class Marks(Silence):
    """CPU seconds of the fastest step of the last phase, without its first one."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def phase_started(self, phase: str, epochs: int) -> None:
        self.ends = []

    def step_finished(self, done: int, total: int, loss: float | None) -> None:
        self.ends.append(time.process_time())

    def least(self) -> float:
        pairs = zip(self.ends, self.ends[1:], strict=False)
        return min(end - begin for begin, end in pairs)


def step_seconds(case: Case, steps: int) -> float:
    """CPU seconds of a step in the trainer."""
    marks = Marks()
    with tempfile.TemporaryDirectory() as folder:
        train(job_of(case, folder, marks, samples=steps * BATCH))
    return marks.least()


def job_of(case: Case, folder: str, marks: Marks, *, samples: int) -> TrainingJob:
    """A training of a case on so many labelled samples."""
    training = TrainingSection(
        batch_size=BATCH, device="cpu", threads=1, optimiser=OptimiserSection(lr=1e-3)
    )
    job = tiny_job(
        made(Kind.SSL_LOOP, case.loop),
        Path(folder),
        training=training,
        classes=CLASSES,
        labelled=tiny_split(samples, classes=len(CLASSES), size=SIDE),
        unlabelled=tiny_split(4 * OTHERS, classes=len(CLASSES), size=SIDE, labelled=False),
        validation=tiny_split(8, classes=len(CLASSES), size=SIDE, seed=2),
        labelled_policies=chain(case.labelled),
        unlabelled_policies=chain(case.unlabelled),
        build_model=network,
        image_size=SIDE,
    )
    return replace(job, observer=marks)


def between_epochs(policies: tuple[Names, Names]) -> float:
    """CPU seconds from the last step of an epoch to the end of the next one's first, the least."""
    marks = Marks()
    case = Case("", ("supervised", {"epochs": EPOCHS, "steps": 2}), (), labelled=policies)
    with tempfile.TemporaryDirectory() as folder:
        train(job_of(case, folder, marks, samples=SPLIT))
    ends = marks.ends
    return min(ends[2 * epoch] - ends[2 * epoch - 1] for epoch in range(1, EPOCHS))


def one_pass() -> float:
    """CPU seconds of reading and predicting the split once."""
    model = network().eval()
    split = tiny_split(SPLIT, classes=len(CLASSES), size=SIDE)

    @torch.no_grad()
    def call() -> None:
        for ids in torch.arange(SPLIT).split(PREDICTED):
            model(*clean_view(split.read(ids, 1)))

    return timed(call, 3)


class Parts:
    """What steps are made of, each alone."""

    def __init__(self) -> None:
        self.model = network().train()
        self.shown = copy.deepcopy(self.model).eval()
        self.optimiser = torch.optim.Adam(self.model.parameters(), 1e-3)
        self.teacher = Teacher("student", [self.model], [self.model], average=0.999)
        self.data = tiny_split(BATCH + 3 * OTHERS, classes=len(CLASSES), size=SIDE)

    def images(self, count: int) -> Clips:
        return self.data.read(torch.arange(count), 1)

    def learnt(self, count: int) -> Callable[[], object]:
        clips, given = clean_view(self.images(count)), self.data.given[:count]

        def call() -> None:
            cross_entropy(self.model(*clips).logits, given).backward()

        return call

    def showing(self, count: int) -> Callable[[], object]:
        clips = clean_view(self.images(count))
        return torch.no_grad()(lambda: self.shown(*clips))

    def weak(self, count: int) -> Callable[[], object]:
        clips, ids, settings = self.images(count), torch.arange(count), AugmentationSection()
        return lambda: weak_view(clips, settings=settings, seed=0, epoch=0, ids=ids)

    def strong(self, count: int) -> Callable[[], object]:
        clips, ids, settings = self.images(count), torch.arange(count), StrongSection()
        return lambda: strong_view(clips, settings=settings, seed=0, epoch=0, ids=ids)

    def optimised(self) -> None:
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=False)

    def calls(self) -> dict[tuple[str, int], Callable[[], object]]:
        """By the part and the number of images, all that the cases are made of."""
        makers = {
            "learnt": self.learnt,
            "shown": self.showing,
            "weak": self.weak,
            "strong": self.strong,
        }
        found: dict[tuple[str, int], Callable[[], object]] = {
            (part, count): makers[part](count)
            for case in CASES
            for part in makers
            for count in getattr(case, part)
        }
        found["optimiser", 0] = self.optimised
        found["average", 0] = lambda: self.teacher.follow(100_000)
        return found


def timed(call: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.process_time()
        call()
        taken.append(time.process_time() - begun)
    return min(taken)


def passes(case: Case, calls: Mapping[tuple[str, int], Callable[[], object]], times: int) -> float:
    """CPU seconds that the parts of a step take."""
    total = case.networks * timed(calls["optimiser", 0], times)
    total += case.average and timed(calls["average", 0], times)
    for part in ("learnt", "shown", "weak", "strong"):
        total += sum(timed(calls[part, count], times) for count in getattr(case, part))
    return total


def quotient(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=6)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(machine(), flush=True)
    calls = Parts().calls()
    ratios: dict[str, list[tuple[float, float]]] = {case.name: [] for case in CASES}
    for _ in range(given.rounds):
        base = own = 0.0
        for case in CASES:
            alone = passes(case, calls, given.steps)
            taken = step_seconds(case, given.steps)
            if not base:
                base, own = taken, taken - alone  # of supervised training; the trainer's part
            ratios[case.name].append((taken / base, (alone + own) / base))
    print(
        f"\nSmall CNN of width {WIDTH}, {SIDE} px, {BATCH} labelled and {OTHERS} unlabelled "
        f"samples in a step, medians of {given.rounds} rounds; supervised = 1."
    )
    rows = []
    for name, pairs in ratios.items():
        quotients = [measured / expected for measured, expected in pairs]
        middle = [statistics.median(column) for column in zip(*pairs, strict=True)]
        rows.append([name, *(f"{value:.2f}" for value in middle), quotient(quotients)])
    table(["method", "measured", "expected", "measured / expected"], rows)
    print(f"\nBetween two epochs, {SPLIT} labelled samples, {given.rounds} rounds; one pass = 1.")
    found: dict[str, list[float]] = {name: [] for name, _ in PASSES}
    for _ in range(given.rounds):
        base = between_epochs(([], []))
        for name, policies in PASSES:
            once = one_pass()
            found[name].append((between_epochs(policies) - base) / once)
    table(
        ["method", "measured / one pass"], [[name, quotient(all_)] for name, all_ in found.items()]
    )


if __name__ == "__main__":
    main()
