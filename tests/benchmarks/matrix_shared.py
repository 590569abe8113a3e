"""What a matrix saves by doing shared work once: 24 runs of one matrix against 24 of their own.

    python tests/benchmarks/matrix_shared.py [--folder FOLDER] [--samples 700] [--epochs 6]

The matrix has three axes (loop, label updates, weighting), 24 combinations, on rendered faces; all
start from one first model. Apart, each combination is a `ferkit run` of its own, with its own first
model and its own folder of prepared faces. Twelve of them go before the matrix and twelve after
it, so that a change of the machine's load meets both. Printed are seconds of the clock and of
the processor, of all processes of a command (Linux only); the test accuracies are compared.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from machine import machine, table

LOOPS: dict[str, Any] = {
    "supervised": {"use": "supervised", "epochs": 3, "keep": "last"},
    "tau04": {"use": "self_training", "iterations": 3, "tau": 0.4, "fraction": 0.05},
    "tau06": {"use": "self_training", "iterations": 3, "tau": 0.6, "fraction": 0.05},
    "tau08": {"use": "self_training", "iterations": 3, "tau": 0.8, "fraction": 0.05},
}
UPDATES: dict[str, Any] = {
    "given": [],
    "fixed": [{"use": "fixed", "eps": 0.05}],
    "smoothed": [{"use": "fixed", "eps": 0.05}, "successive_smoothing"],
}
WEIGHTINGS: dict[str, Any] = {"even": [], "trend": ["loss_trend"]}


class Spent(NamedTuple):
    """clock, processor: seconds."""

    clock: float
    processor: float

    def __add__(self, other: object) -> Spent:
        assert isinstance(other, Spent)
        return Spent(self.clock + other.clock, self.processor + other.processor)


def recipe(samples: int, epochs: int) -> dict[str, Any]:
    """The recipe but for its matrix, and the matrix but for its axes."""
    faces = {"use": "rendered", "domain": "easy", "seed": 1}
    return {
        "data": {
            "train": faces | {"count": samples // 2, "noise": 0.2},
            "unlabelled": faces | {"count": samples, "start": 5000, "labelled": False},
            "test": faces | {"count": samples // 2, "start": 20000},
        },
        "faces": {"cropper": {"use": "face", "size": 48}},
        "model": {"backbone": {"use": "small_cnn"}},
        "training": {"threads": 1},
        "evaluation": {"bootstrap": 100, "figures": False},
        "matrix": {
            "first": {
                "loop": {"use": "supervised", "epochs": epochs},
                "labelled": {"label_updates": [], "weightings": []},
            },
        },
    }


def run(path: Path, out: Path, cache: Path) -> Spent:
    """`ferkit run` with a folder of its own for what is prepared."""
    command = [sys.executable, "-m", "ferkit", "run", str(path), "--out", str(out)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    subprocess.run(
        [*command, "--jobs", "1", "--progress", "none"],
        env=os.environ | {"FERKIT_CACHE": str(cache), "OMP_NUM_THREADS": "1"},
        check=True,
    )
    clock = time.monotonic() - started
    try:
        while True:  # the server that runs were forked from
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def accuracy(folder: Path) -> float:
    """Of a finished run, on test."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return float(results["test"]["accuracy"]["value"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="default: a temporary one")
    parser.add_argument("--samples", type=int, default=700)
    parser.add_argument("--epochs", type=int, default=6, help="of the first model")
    args = parser.parse_args()
    adopt_orphans()
    root = args.folder or Path(tempfile.mkdtemp())
    root.mkdir(parents=True, exist_ok=True)
    whole = recipe(args.samples, args.epochs)
    axes = {
        "loop": LOOPS, "labelled.label_updates": UPDATES, "labelled.weightings": WEIGHTINGS,
    }  # fmt: skip
    grid = root / "grid.yaml"
    crossed = whole["matrix"] | {"axes": axes}
    grid.write_text(yaml.safe_dump(whole | {"matrix": crossed}, sort_keys=False))
    paths = {}
    for loop, update, weighting in product(*axes.values()):
        fragment = {
            "loop": LOOPS[loop],
            "labelled": {"label_updates": UPDATES[update], "weightings": WEIGHTINGS[weighting]},
        }
        name = f"{loop}-{update}-{weighting}"
        path = root / f"{name}.yaml"
        alone = whole["matrix"] | {"variants": {"run": fragment}}
        path.write_text(yaml.safe_dump(whole | {"matrix": alone}))
        paths[name] = path
    print(machine(), f"load {os.getloadavg()[0]:.1f}", sep="; ", flush=True)

    def apart(names: list[str]) -> Spent:
        spent = Spent(0.0, 0.0)
        for name in names:
            spent += run(paths[name], root / "apart" / name, root / "caches" / name)
        return spent

    names = list(paths)
    own = apart(names[:12])
    together = run(grid, root / "together", root / "caches" / "together")
    own += apart(names[12:])
    same = sum(
        accuracy(root / "together" / name / "run" / "seed0")
        == accuracy(root / "apart" / name / "run" / "seed0")
        for name in names
    )
    table(
        ["", "clock, s", "processor, s"],
        [
            [called, f"{spent.clock:.0f}", f"{spent.processor:.0f}"]
            for called, spent in (("24 runs apart", own), ("one matrix", together))
        ]
        + [
            ["ratio", f"{own.clock / together.clock:.1f}",
             f"{own.processor / together.processor:.1f}"]
        ],
    )  # fmt: skip
    print(f"\n{same} of {len(names)} test accuracies are the same; load {os.getloadavg()[0]:.1f}")


def adopt_orphans() -> None:
    """Make processes whose parent ended children of this one, so that their time counts."""
    set_child_subreaper = 36  # linux/prctl.h
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


if __name__ == "__main__":
    main()
