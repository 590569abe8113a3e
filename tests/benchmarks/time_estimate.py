"""Measures how good the estimate of a matrix's time is: what was told before, beside what it took.

    OMP_NUM_THREADS=1 python tests/benchmarks/time_estimate.py [--scale 1.0]

Prints Markdown. Faces are drawn before, so that both times are of the runs alone. Each matrix is
estimated and then run in this process, one run after the other, on a CPU with one thread; times are
CPU times, which hardly depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch
import yaml
from machine import machine, table

from ferkit import plugins
from ferkit.catalogue import Catalogue, catalogue
from ferkit.evaluation.wording import duration
from ferkit.recipe import read_recipe
from ferkit.running import step_clock, time_estimate
from ferkit.running.matrix_plan import write_plan
from ferkit.running.matrix_start import estimate_plan, prepare_shared
from ferkit.running.progress import SilentDisplay
from ferkit.running.start import begin_one
from ferkit.running.step_times import Answer, Question, answer

FIRST = {"loop": {"use": "supervised", "epochs": 3}}


def matrices(scale: float) -> dict[str, dict[str, object]]:
    """Recipes by name. scale: of the numbers of samples."""

    def drawn(count: int, **more: object) -> dict[str, object]:
        same = {"use": "rendered", "domain": "easy", "seed": 1, "frame_size": 64}
        return same | {"count": max(30, int(count * scale))} | more

    def recipe(**more: object) -> dict[str, object]:
        return {
            "data": {
                "train": drawn(600),
                "unlabelled": drawn(900, start=5000, labelled=False),
                "test": drawn(300, start=9000),
            },
            "faces": {"cropper": {"use": "face", "size": 48}},
            "model": {"backbone": {"use": "small_cnn"}},
            "training": {"device": "cpu", "threads": 1},
        } | more

    clips = {
        "train": drawn(160, clip_length=8),
        "test": drawn(80, start=9000, clip_length=8),
    }
    rounds = {"use": "noisy_student", "teacher_epochs": 3, "student_epochs": 3, "rounds": 3}
    rounds |= {"patience": None, "rounds_patience": None}
    return {
        "supervised": recipe(
            matrix={
                "variants": {
                    "short": {"loop": {"use": "supervised", "epochs": 3}},
                    "long": {"loop": {"use": "supervised", "epochs": 8}},
                }
            }
        ),
        "self_training, first models": recipe(
            matrix={
                "first": FIRST,
                "variants": {
                    "plain": {"loop": {"use": "supervised", "epochs": 4}},
                    "self_training": {
                        "loop": {"use": "self_training", "iterations": 5},
                        "labelled": {"weightings": ["loss_trend"]},
                    },
                },
            }
        ),
        "noisy_student, 3 rounds": recipe(matrix={"variants": {"rounds": {"loop": rounds}}}),
        "clips of 8 frames": recipe(
            data=clips,
            matrix={"variants": {"clips": {"loop": {"use": "supervised", "epochs": 5}}}},
        ),
        "resnet, 64 px": recipe(
            data={"train": drawn(120), "test": drawn(60, start=9000)},
            faces={"cropper": {"use": "face", "size": 64}},
            model={"backbone": {"use": "resnet", "depth": 18, "weights": None}},
            matrix={"variants": {"resnet": {"loop": {"use": "supervised", "epochs": 2}}}},
        ),
    }


def measure(document: dict[str, object], folder: Path, components: Catalogue) -> list[float]:
    """Seconds: of estimating, as estimated, and as all runs took."""
    path, out = folder / "one.yaml", folder / "out"
    path.write_text(yaml.safe_dump(document))
    loaded = read_recipe(str(path), catalogue=components)
    assert loaded.matrix is not None
    out.mkdir()
    plan = write_plan(loaded, loaded.matrix, components, root=out, jobs=1, smoke=False, threads=1)
    quiet = SilentDisplay()
    prepare_shared(plan, plan.work, components, quiet, new=True)  # draws the faces
    shared = prepare_shared(plan, plan.work, components, quiet, new=True)
    began = time.process_time()
    found = estimate_plan(plan, plan.work, shared, components)
    spent = time.process_time() - began
    thought = sum(found[run.cell].seconds for run in plan.work)
    began = time.process_time()
    for run in plan.work:
        init = None if run.needs is None else out / run.needs
        begin_one(out / run.plan_file, out / run.folder, display=quiet, smoke=False, init=init)
    return [spent, thought, time.process_time() - began]


def in_this_process(questions: list[Question], **_: object) -> list[Answer]:
    """Stands in for the process that times steps."""
    components = catalogue(plugins.load())
    return [answer(question, components) for question in questions]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of samples")
    options = parser.parse_args()
    torch.set_num_threads(1)
    step_clock.now = time.process_time
    time_estimate.answers = in_this_process
    components = catalogue(plugins.load())
    print(f"{machine()}\n")
    rows = []
    for name, document in matrices(options.scale).items():
        with tempfile.TemporaryDirectory() as folder:
            spent, thought, took = measure(document, Path(folder), components)
        rows.append(
            [name, duration(spent), duration(thought), duration(took), f"{thought / took:.2f}"]
        )
        print(rows[-1], flush=True)
    table(["matrix", "time of estimating", "estimated", "took", "ratio"], rows)


if __name__ == "__main__":
    main()
