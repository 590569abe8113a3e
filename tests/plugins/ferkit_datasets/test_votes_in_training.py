"""Crowd votes of data sets become the targets that a run trains on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from dataset_trees import crema_d, ferplus
from ferkit_datasets.crema_d import CODES, SIX, read_crema_d
from ferkit_datasets.params_video import CremaDParams
from PIL import Image

from ferkit.cli import main
from ferkit.testing.videos import write_avi

FACES = "faces: {detector: null, cropper: {use: face, size: 32}}"
RECIPE = """\
data:
  train: {%s}
  split: {validation: 0, test: 0}
%s
model: {backbone: {use: small_cnn, width: 4}, frames: 1}
training: {batch_size: 8, threads: 1}
loop: {use: supervised, epochs: 1, keep: last}
evaluation: {bootstrap: 0, figures: false}
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))


def targets(folder: Path, train: str) -> dict[str, dict[str, float]]:
    """Id -> what a run trained the sample on, by class; 0 is left out."""
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE % (train, FACES))
    out = folder / "out"
    assert main(["run", str(recipe), "--out", str(out), "--progress=none"]) == 0
    rows = pq.read_table(out / "train_samples.parquet").to_pylist()
    return {
        row["id"]: {
            key.removeprefix("target_"): pytest.approx(value, abs=1e-6)
            for key, value in row.items()
            if key.startswith("target_") and value > 0
        }
        for row in rows
    }


ROWS = [
    *ferplus.PLAIN,
    ferplus.row("Training", "fer0000008.png", neutral=6, sadness=4),
    ferplus.row("Training", "fer0000009.png", happiness=5, surprise=3, fear=1, unknown=1),
    ferplus.row("PublicTest", "fer0000010.png", happiness=6, surprise=4),
    ferplus.row("PrivateTest", "fer0000011.png", sadness=7, neutral=3),
]


@pytest.fixture
def voted(grow) -> Path:
    files = ferplus.lists(ROWS) | ferplus.images(ROWS)
    del files["fer2013.csv"]
    folder = grow(files)
    for number, path in enumerate(sorted(folder.rglob("*.png"))):
        pixels = np.random.default_rng(number).integers(0, 256, (48, 48), np.uint8)
        Image.fromarray(pixels).save(path)
    return folder


def test_ferplus_cross_entropy_trains_on_the_distribution(voted: Path) -> None:
    found = targets(voted, "use: ferplus, path: ., target: cross_entropy")
    assert len(found) == 10
    assert found["Training/fer0000000.png"] == {"neutral": 1}
    assert found["Training/fer0000008.png"] == {"neutral": 0.6, "sad": 0.4}
    # one vote alone does not count, and 5 and 3 of 8 are what is left
    assert found["Training/fer0000009.png"] == {"happy": 0.625, "surprise": 0.375}


def test_ferplus_majority_trains_on_one_class(voted: Path) -> None:
    found = targets(voted, "use: ferplus, path: ., target: majority")
    assert found["Training/fer0000008.png"] == {"neutral": 1}
    assert found["Training/fer0000009.png"] == {"happy": 1}


def test_ferplus_probability_trains_on_a_class_that_was_drawn(voted: Path) -> None:
    found = targets(voted, "use: ferplus, path: ., target: probability, seed: 1")
    for name in ("Training/fer0000008.png", "Training/fer0000009.png"):
        assert list(found[name].values()) == [1]
    assert set(found["Training/fer0000008.png"]) <= {"neutral", "sad"}


def test_crema_d_trains_on_the_votes_of_those_who_saw_the_face(grow) -> None:
    names = [f"10{actor:02}_IEO_{code}_XX" for actor in range(1, 4) for code in CODES]
    files = crema_d.tree(names) | {crema_d.TABLE: crema_d.votes(names)}
    folder = grow(files)
    for number, path in enumerate(sorted(folder.rglob("*.flv"))):
        write_avi(path, 1 + number)
    found = targets(folder, "use: crema_d, path: .")
    # the tree's table: 2 for the face (anger), then 2, 3, 4, 5 and the row's number
    votes = (2, 2, 3, 4, 5, 1)
    counts = dict(zip(SIX, votes, strict=True))
    assert found[names[0]] == {key: count / sum(counts.values()) for key, count in counts.items()}


def test_crema_d_without_votes(grow) -> None:
    files = crema_d.tree()
    del files[crema_d.TABLE]
    reading = read_crema_d(CremaDParams(path=str(grow(files)), votes="none"))
    assert {sample.votes for sample in reading.samples} == {None}
    assert reading.problems == ()
