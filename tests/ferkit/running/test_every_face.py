"""A run in which every face of a photograph is a sample of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ferkit.cli import main
from ferkit.running.folder import read_json

HOOKS = """
    from ferkit.plugin import Component, hookimpl


    @hookimpl
    def ferkit_face_detectors():
        return [Component("halves", "", "fake_halves.detector:Halves")]
"""
DETECTOR = """
    import torch

    from ferkit.contracts.faces import Faces

    EYES_TO_MOUTH = [[11, 12], [21, 12], [16, 17], [12, 23], [20, 23]]


    class Halves:
        # Of each picture the left and the right half, unless it is black.

        def __init__(self, params, context):
            pass

        def detect(self, frames):
            return [self._faces(frame) for frame in frames]

        def _faces(self, frame):
            there = [x for x in (0, 32) if frame[:, :, x : x + 32].any()]
            shift = torch.tensor([[float(x), 0.0] for x in there]).reshape(-1, 1, 2)
            box = torch.tensor([[0.0, 0.0, 31.0, 31.0]]) + shift[:, 0].repeat(1, 2)
            return Faces(box, torch.tensor(EYES_TO_MOUTH) + shift, torch.ones(len(there)))
"""
RECIPE = """\
data: {train: {use: folder, path: photos}, split: {validation: 0.2, test: 0.2}}
faces:
  {detector: {use: halves}, keep: all, cropper: {use: face, size: 24}, store: store}
model: {backbone: {use: small_cnn, width: 4}}
training: {batch_size: 8, threads: 1}
loop: {use: supervised, epochs: 1}
evaluation: {bootstrap: 20}
"""
PICTURES = 14  # of each class; of every seventh one half is black


@pytest.fixture
def recipe(install_plugin: Callable[..., str], tmp_path: Path) -> Path:
    install_plugin("halves", HOOKS, files={"detector.py": DETECTOR})
    generator = np.random.default_rng(0)
    for name in ("happy", "sad"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(PICTURES):
            # Coarse noise: no two halves look alike.
            tiles = generator.integers(1, 256, (8, 16, 3), np.uint8)
            pixels = tiles.repeat(4, 0).repeat(4, 1)
            if number % 7 == 0:
                pixels[:, 32:] = 0
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number:02d}.png")
    path = tmp_path / "faces.yaml"
    path.write_text(RECIPE)
    return path


def test_faces_of_a_photograph_stay_together_and_have_names(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["run", str(recipe), "--out", str(out), "--progress", "none"]) == 0
    predicted = pq.read_table(out / "predictions.parquet").to_pylist()
    trained = pq.read_table(out / "train_samples.parquet").to_pylist()

    wanted = {
        f"{name}/{number:02d}.png#{face}"
        for name in ("happy", "sad")
        for number in range(PICTURES)
        for face in range(1 if number % 7 == 0 else 2)
    }
    split_of = {row["id"]: row["split"] for row in predicted + trained}
    assert set(split_of) == wanted
    assert len(predicted) + len(trained) == len(wanted)
    for row in predicted + trained:
        assert row["path"].endswith(row["id"].partition("#")[0])

    counts = Counter(split_of.values())
    assert set(counts) == {"labelled", "validation", "test"}
    assert read_json(out / "run.json")["data"]["splits"]["test"]["n"] == counts["test"]
    for name, split in split_of.items():
        assert split_of[name.partition("#")[0] + "#0"] == split, "a photograph on two sides"

    # The index of the same crops names them in the same way.
    data = ["prepare", str(tmp_path / "photos"), "--dataset", "folder"]
    assert main([*data, "--recipe", str(recipe)]) == 0
    (index,) = (tmp_path / "store").glob("*/index-*.parquet")
    rows = pq.read_table(index).to_pylist()
    assert {row["sample"] for row in rows} == wanted
    labels = {row["sample"]: row["label"] for row in rows}
    assert all(labels[row["id"]] == row["label"] for row in predicted)
