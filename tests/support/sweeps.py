"""A sweep that takes seconds, for the tests of sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ferkit.cli import main
from ferkit.running.folder import read_json

RECIPE = """\
data:
  train: {use: rendered, domain: lab, count: 60, seed: 1, frame_size: 48}
  test: {use: rendered, domain: lab, count: 20, start: 900, seed: 1, frame_size: 48}
  split: {validation: 0.3, near_duplicates: null}
faces: {detector: null, cropper: {use: face, size: 24}}
model: {backbone: {use: small_cnn, width: 2}}
training: {batch_size: 16, threads: 1}
loop: {use: supervised, epochs: 1}
evaluation: {bootstrap: 0, figures: false}
"""

RANDOM = """\
sweep:
  trials: 3
  seed: 4
  sampler: random
  space:
    training.optimiser.lr: {low: 1.0e-4, high: 1.0e-2, log: true}
    model.dropout: [0.0, 0.2]
"""


def write(folder: Path, sweep: str, recipe: str = RECIPE) -> Path:
    """Write a recipe with a sweep."""
    path = folder / "few.yaml"
    path.write_text(recipe + sweep)
    return path


def search(path: Path, out: Path, *more: str) -> dict[str, Any]:
    """Sweep a recipe and read sweep.json."""
    assert main(["sweep", str(path), "--out", str(out), "--progress", "none", *more]) == 0
    return read_json(out / "sweep.json")


def told(state: dict[str, Any]) -> list[Any]:
    """What must be the same of two sweeps of the same seed."""
    return [(one["drawn"], one["state"], one["value"], one["course"]) for one in state["trials"]]
