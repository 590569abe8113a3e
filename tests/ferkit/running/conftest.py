"""A recipe that trains within a second or two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TINY = """\
data:
  train: {use: rendered, domain: lab, count: 84, noise: 0.1, seed: 1, frame_size: 64}
  unlabelled:
    {use: rendered, domain: lab, count: 40, start: 500, labelled: false, seed: 1, frame_size: 64}
  test: {use: rendered, domain: lab, count: 40, start: 900, seed: 1, frame_size: 64}
  split: {validation: 0.2}
faces:
  cropper: {use: face, size: 32}
model:
  backbone: {use: small_cnn, width: 4}
  dropout: 0.2
training:
  batch_size: 16
  threads: 1
  optimiser: {lr: 1.0e-3}
evaluation: {bootstrap: 50}
"""

SELF_TRAINING = """\
loop: {use: self_training, initial_epochs: 2, iterations: 3, tau: 0.15, fraction: 0.1}
labelled:
  label_updates: [fixed, successive_smoothing]
  weightings: [loss_trend]
"""


@pytest.fixture
def tiny_recipe(tmp_path: Path) -> Path:
    """A self-training recipe on a few rendered faces."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY + SELF_TRAINING)
    return path


@pytest.fixture
def tiny_matrix(tmp_path: Path) -> Path:
    """Two variants and two seeds, one variant from a shared first model."""
    path = tmp_path / "grid.yaml"
    path.write_text(
        TINY
        + """\
matrix:
  seeds: [0, 1]
  baseline: plain
  first: {loop: {use: supervised, epochs: 1}}
  from_scratch: [scratch]
  variants:
    plain: {loop: {use: supervised, epochs: 1}}
    scratch: {loop: {use: supervised, epochs: 1}, model: {dropout: 0.0}}
"""
    )
    return path


@pytest.fixture
def write_photos(tmp_path: Path) -> Path:
    """A folder of two classes with eight even pictures each."""
    for place, name in enumerate(("happy", "sad")):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for number in range(8):
            pixels = np.random.default_rng(8 * place + number).integers(0, 255, (32, 32, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return tmp_path / "photos"


@pytest.fixture
def write_clips(tmp_path: Path) -> Path:
    """Folders of two classes with eight clips of three images each; the first of each is a still
    in a folder beside it."""
    for place, name in enumerate(("happy", "sad")):
        (tmp_path / "stills" / name).mkdir(parents=True)
        for number in range(8):
            folder = tmp_path / "clips" / name / f"{number}"
            folder.mkdir(parents=True)
            rng = np.random.default_rng(8 * place + number)
            for frame in range(3):
                pixels = rng.integers(0, 255, (32, 32, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{frame}.png")
            still = tmp_path / "stills" / name / f"{number}.png"
            still.write_bytes((folder / "0.png").read_bytes())
    return tmp_path / "clips"
