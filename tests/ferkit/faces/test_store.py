"""The store: whole or absent, whatever happens to the writer."""

from __future__ import annotations

import errno
import json
import os
import pickle
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ferkit.errors import FerkitError, RunError
from ferkit.faces import store as store_module
from ferkit.faces.clips import StoreClips
from ferkit.faces.keys import FileState, settings_hash
from ferkit.faces.parts import FrameRow, part_numbers
from ferkit.faces.store import Store, StoreWriter

REGIONS = ("face", "eyes")


def open_store(root: Path, **settings: object) -> Store:
    return Store(root, settings, regions=REGIONS, image_size=4)


def pixels(key: int, frame: int) -> np.ndarray:
    return np.full((1, 2, 3, 4, 4), key * 10 + frame, np.uint8)


def row(key: int, frame: int, valid: tuple[float, float] = (1.0, 1.0)) -> FrameRow:
    return FrameRow(f"k{key}", f"/{key}", frame, frame / 10, [0] * 4, [0] * 10, 1.0, 1, valid)


def put(writer: StoreWriter, key: int, frames: int) -> None:
    for frame in range(frames):
        writer.add(pixels(key, frame), [row(key, frame)])
    writer.finish(f"k{key}", f"/{key}", state=FileState(key, 7))


def quiet(text: str) -> None:
    raise AssertionError(text)


def test_clips_come_back_in_the_order_asked_and_padded(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.writing(waiting=quiet) as writer:
        put(writer, 1, 3)
        put(writer, 2, 1)
        writer.flush()
        put(writer, 3, 2)
    clips = open_store(tmp_path).clips(["k3", "k1", "k2", "k3"])
    assert len(clips) == 4
    assert (clips.regions, clips.image_size) == (REGIONS, 4)
    batch = clips.read([2, 1, 0])
    assert batch.frames.shape == (3, 3, 2, 3, 4, 4)
    assert batch.frames[:, :, 0, 0, 0, 0].tolist() == [[20, 0, 0], [10, 11, 12], [30, 31, 0]]
    assert batch.valid[..., 1].tolist() == [
        [True, False, False],
        [True, True, True],
        [True, True, False],
    ]
    assert [len(part.frames) for part in clips.batches(3)] == [3, 1]
    with pytest.raises(IndexError, match="row 4 of 4"):
        clips.read([4])


def test_at_most_so_many_frames_evenly_spaced(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.writing(waiting=quiet) as writer:
        put(writer, 1, 9)
        put(writer, 2, 2)
    limited = store.clips(["k1", "k2"]).limited(3)
    batch = limited.read([0, 1])
    assert batch.frames[:, :, 0, 0, 0, 0].tolist() == [[11, 14, 17], [20, 21, 0]]
    assert limited.limited(None).read([0]).frames.shape[1] == 9


def test_faces_of_a_source_are_rows_of_their_own_or_one(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.writing(waiting=quiet) as writer:
        for key, frame, track in [(1, 0, 0), (1, 0, 5), (1, 1, 5), (1, 1, 0), (1, 2, 2)]:
            writer.add(
                pixels(key, 2 * frame + (track > 0)), [row(key, frame)._replace(track=track)]
            )
        writer.finish("k1", "/1")
        put(writer, 2, 2)
    clips = store.clips(["k2", "k1"], per_track=True)
    assert clips.keys == ("k2", "k1", "k1", "k1")
    assert clips.tracks == (0, 0, 2, 5)
    levels = clips.read(range(4)).frames[:, :, 0, 0, 0, 0].tolist()
    assert levels == [[20, 21], [10, 12], [15, 0], [11, 13]]
    assert clips.limited(1).tracks == clips.tracks
    twice = store.clips(["k1", "k1"], per_track=True)
    assert (len(twice), twice.tracks) == (6, (0, 2, 5, 0, 2, 5))
    whole = store.clips(["k1"])
    assert (whole.keys, whole.tracks) == (("k1",), (0,))
    assert whole.read([0]).frames[0, :, 0, 0, 0, 0].tolist() == [10, 11, 12, 13, 15]
    assert len(store.clips([], per_track=True)) == 0


def test_a_region_that_could_not_be_cut_is_not_valid(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.writing(waiting=quiet) as writer:
        writer.add(pixels(1, 0), [row(1, 0, valid=(0.7, 0.0))])
        writer.finish("k1", "/1")
    assert store.clips(["k1"]).read([0]).valid.tolist() == [[[True, False]]]


def test_clips_travel_to_other_processes_and_keep_few_shards_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferkit.faces.clips.OPEN_SHARDS", 2)
    store = open_store(tmp_path)
    with store.writing(waiting=quiet) as writer:
        for key in range(5):
            put(writer, key, 1)
            writer.flush()
    clips = store.clips([f"k{key}" for key in range(5)])
    levels = clips.read(range(5)).frames[:, 0, 0, 0, 0, 0].tolist()
    assert levels == [0, 10, 20, 30, 40]
    there: StoreClips = pickle.loads(pickle.dumps(clips))
    assert there.read([3]).frames[0, 0, 0, 0, 0, 0] == 30


def test_an_empty_answer_has_the_right_shapes(tmp_path: Path) -> None:
    clips = open_store(tmp_path).clips([])
    assert len(clips) == 0
    assert clips.read([]).frames.shape == (0, 1, 2, 3, 4, 4)


def test_other_settings_are_another_store(tmp_path: Path) -> None:
    one, same, other = (open_store(tmp_path, min_score=x) for x in (0.9, 0.9, 0.8))
    assert one.folder == same.folder
    assert one.folder != other.folder
    document = json.loads((one.folder / "store.json").read_text())
    assert document["schema_version"] == 2
    assert document["settings"]["min_score"] == 0.9
    assert settings_hash({"a": 1, "b": 2}) == settings_hash({"b": 2, "a": 1})


def test_a_newer_or_strange_store_is_refused(tmp_path: Path) -> None:
    document = open_store(tmp_path).folder / "store.json"
    document.write_text('{"schema_version": 99}')
    with pytest.raises(FerkitError, match="schema version 99, this ferkit reads 2"):
        open_store(tmp_path)
    document.write_text("[]")
    with pytest.raises(FerkitError, match="not the description of a store"):
        open_store(tmp_path)


def test_index_is_open_parquet(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with store.writing(waiting=quiet) as writer:
        put(writer, 1, 2)
        writer.finish("k9", "/9", status="failed", kind="no face", reason="no face was found.")
    frames = pq.read_table(store.folder / "frames" / "000000.parquet").to_pylist()
    assert [(one["frame"], one["shard"], one["row"]) for one in frames] == [(0, 0, 0), (1, 0, 1)]
    sources = pq.read_table(store.folder / "sources" / "000000.parquet").to_pylist()
    assert [(one["key"], one["status"], one["frames"]) for one in sources] == [
        ("k1", "ok", 2),
        ("k9", "failed", 0),
    ]


def test_a_source_may_span_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "PART_BYTES", 2 * 96)
    store = open_store(tmp_path)
    with store.writing(waiting=quiet) as writer:
        put(writer, 1, 5)
    assert len(part_numbers(store.folder, "shards")) == 3
    frames = store.clips(["k1"]).read([0]).frames
    assert frames[0, :, 0, 0, 0, 0].tolist() == [10, 11, 12, 13, 14]


def test_an_unfinished_source_does_not_count_and_is_begun_anew(tmp_path: Path) -> None:
    store = open_store(tmp_path)

    def interrupted() -> None:
        with store.writing(waiting=quiet) as writer:
            put(writer, 1, 2)
            writer.add(pixels(2, 0), [row(2, 0)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    again = open_store(tmp_path)
    assert set(again.sources) == {"k1"}
    with again.writing(waiting=quiet) as writer:
        put(writer, 2, 2)
    frames = again.clips(["k2", "k1"]).read([0, 1]).frames
    assert frames[:, :, 0, 0, 0, 0].tolist() == [[20, 21], [10, 11]]


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    half = store.folder / "shards" / "000004.npy-123.writing"
    orphan = store.folder / "shards" / "000003.npy"
    half.write_bytes(b"x")
    orphan.write_bytes(b"x")
    with store.writing(waiting=quiet) as writer:
        put(writer, 1, 1)
    assert not half.exists()
    assert not orphan.exists()


def test_parts_of_an_attempt_that_broke_off_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "PART_BYTES", 2 * 96)
    store = open_store(tmp_path)
    with store.writing(waiting=quiet) as writer:
        put(writer, 1, 1)
        for frame in range(6):  # of a long video that is never finished
            writer.add(pixels(2, frame), [row(2, frame)])
    assert part_numbers(store.folder, "shards") == [0, 1, 2, 3]
    with store.writing(waiting=quiet) as writer:
        assert part_numbers(store.folder, "shards") == [0]
        assert part_numbers(store.folder, "frames") == [0]
        put(writer, 2, 3)
    frames = open_store(tmp_path).clips(["k1", "k2"]).read([0, 1]).frames
    assert frames[:, :, 0, 0, 0, 0].tolist() == [[10, 0, 0], [20, 21, 22]]


def test_a_second_writer_waits_and_says_for_whom(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    told: list[str] = []
    order: list[str] = []
    inside = threading.Event()

    def first() -> None:
        with store.writing(waiting=quiet):
            inside.set()
            while not told:
                time.sleep(0.01)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait()
    with open_store(tmp_path).writing(waiting=told.append):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert told[0].startswith(f"the store is in use by process {os.getpid()} on ")


@pytest.mark.parametrize(
    ("number", "text"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, r"can't be written \(Permission denied")],
)
def test_a_full_disk_says_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, text: str
) -> None:
    store = open_store(tmp_path)
    with store.writing(waiting=quiet) as writer:
        put(writer, 1, 1)

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(np.lib.format, "write_array", fail)
        with (
            pytest.raises(RunError, match=f"{text}.*will not be prepared again") as caught,
            store.writing(waiting=quiet) as writer,
        ):
            put(writer, 2, 1)
    assert caught.value.status == 1
    left = list(store.folder.rglob("*.writing"))
    assert left == []
    assert set(open_store(tmp_path).sources) == {"k1"}


def test_known_files_are_not_read_again(tmp_path: Path, photo: Callable[..., object]) -> None:
    store = open_store(tmp_path)
    with store.writing(waiting=quiet) as writer:
        put(writer, 1, 1)
        writer.flush()
        store.refresh()
        writer.also_known_as(store.sources["k1"], "/copy", FileState(1, 8))
    again = open_store(tmp_path)
    assert again.known_key("/1", FileState(1, 7)) == "k1"
    assert again.known_key("/copy", FileState(1, 8)) == "k1"
    assert again.known_key("/1", FileState(1, 9)) is None
    assert again.known_key("/2", FileState(1, 7)) is None
