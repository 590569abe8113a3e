"""The index for people, read by pyarrow alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ferkit.contracts.data import Sample
from ferkit.errors import FerkitError, RunError
from ferkit.faces.index import index_file, write_index
from ferkit.faces.parts import FrameRow
from ferkit.faces.store import Store

CLASSES = ("anger", "happy")
SAMPLES = (
    ("k2", Sample("b.mp4", "/data/b.mp4", 1, subject="ada", split="train")),
    ("k1", Sample("a.jpg", "/data/a.jpg")),
    ("none", Sample("c.jpg", "/data/c.jpg", 0)),
    ("k1", Sample("copy.jpg", "/data/copy.jpg", 0, split="test")),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """k1: a photograph. k2: a video, begun once in vain, with the tracks 0 and 3."""
    store = Store(tmp_path, {}, regions=("face", "eyes"), image_size=4)

    def add(key: str, frame: int, track: int, level: int) -> FrameRow:
        crops = np.full((1, 2, 3, 4, 4), level, np.uint8)
        box, points = [1, 2, 3, 4], list(range(10))
        row = FrameRow(key, key, frame, frame / 4, box, points, 0.5, 1, [1.0, 0.5], track)
        writer.add(crops, [row])
        return row

    with store.writing(waiting=str) as writer:
        add("k2", 0, 0, 99)
        add("k0", 0, 0, 98)
        writer.finish("k0", "/elsewhere/0.jpg")
    with store.writing(waiting=str) as writer:
        add("k1", 0, 0, 10)
        writer.finish("k1", "/elsewhere/a.jpg")
        for frame, track in [(0, 3), (0, 0), (5, 3), (5, 0)]:
            add("k2", frame, track, 20 + track + frame)
        writer.finish("k2", "/elsewhere/b.mp4")
    return store


def test_the_very_crop_is_found(store: Store) -> None:
    path = index_file(store.folder, "mine")
    write_index(store.folder, SAMPLES, CLASSES, path)
    assert path.name == "index-mine.parquet"
    rows = pq.read_table(path).to_pylist()
    assert [(row["sample"], row["track"], row["frame"]) for row in rows] == [
        ("b.mp4", 0, 0),
        ("b.mp4", 0, 5),
        ("b.mp4", 3, 0),
        ("b.mp4", 3, 5),
        ("a.jpg", 0, 0),
        ("copy.jpg", 0, 0),
    ]
    levels = [int(np.load(store.folder / row["shard"])[row["row"]][0, 0, 0, 0]) for row in rows]
    assert levels == [20, 25, 23, 28, 10, 10]
    assert rows[1] == {
        "sample": "b.mp4",
        "source": "/data/b.mp4",
        "frame": 5,
        "timestamp": 1.25,
        "track": 0,
        "box": [1, 2, 3, 4],
        "landmarks": list(range(10)),
        "score": 0.5,
        "valid_fraction": [1.0, 0.5],
        "label": "happy",
        "subject": "ada",
        "split": "train",
        "key": "k2",
        "shard": "shards/000001.npy",
        "row": 4,
    }
    assert [row["label"] for row in rows] == ["happy"] * 4 + [None, "anger"]


def test_an_index_of_nothing_has_its_columns(store: Store) -> None:
    path = index_file(store.folder, "empty")
    write_index(store.folder, [], (), path)
    assert pq.read_table(path).num_rows == 0
    assert "valid_fraction" in pq.read_schema(path).names


def test_the_shard_of_a_jpeg_store_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path, {}, regions=("face",), image_size=8, format="jpeg")
    with store.writing(waiting=str) as writer:
        row = FrameRow("k", "/k", 0, 0.0, [0] * 4, [0] * 10, 1.0, 1, [1.0])
        writer.add(np.full((1, 1, 3, 8, 8), 50, np.uint8), [row])
        writer.finish("k", "/k")
    path = index_file(store.folder, "x")
    write_index(store.folder, [("k", Sample("k"))], (), path)
    (one,) = pq.read_table(path).to_pylist()
    crops = pa.ipc.open_file(store.folder / one["shard"]).read_all()
    assert crops["face"][one["row"]].as_py().startswith(b"\xff\xd8")


def test_a_label_without_class_and_a_full_disk_are_told(store: Store) -> None:
    path = index_file(store.folder, "mine")
    with pytest.raises(FerkitError, match=r"x\.jpg: label 2 .*has no class"):
        write_index(store.folder, [("k1", Sample("x.jpg", label=2))], CLASSES, path)
    assert not path.exists()
    with pytest.raises(RunError, match="can't be written"):
        write_index(store.folder, SAMPLES, CLASSES, store.folder / "no" / "folder.parquet")
