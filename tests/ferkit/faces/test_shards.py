"""Crops as JPEG, reading at random, and what damage is called."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
import torch
from PIL import Image

from ferkit.errors import RunError
from ferkit.faces import shards as shards_module
from ferkit.faces import store as store_module
from ferkit.faces.clips import StoreClips
from ferkit.faces.parts import FrameRow, part_numbers
from ferkit.faces.shards import Encoding, open_shard, write_shard
from ferkit.faces.store import Store

REGIONS = ("face", "eyes")
SIZE = 24
Fill = Callable[..., Store]


def picture(seed: int) -> npt.NDArray[np.uint8]:
    """(R, 3, S, S): smooth colours, as in photographs."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (len(REGIONS), 4, 4, 3), np.uint8)
    wide = [Image.fromarray(one).resize((SIZE, SIZE), Image.Resampling.BICUBIC) for one in small]
    return np.stack([np.asarray(one) for one in wide]).transpose(0, 3, 1, 2)


@pytest.fixture
def filled(tmp_path: Path) -> Fill:
    """A store of `count` photographs, in parts of three."""

    def fill(count: int, format: str = "jpeg") -> Store:
        store = Store(tmp_path, {}, regions=REGIONS, image_size=SIZE, format=format)  # type: ignore[arg-type]
        with store.writing(waiting=str) as writer:
            for number in range(count):
                key = f"k{number}"
                row = FrameRow(key, f"/{key}", 0, 0.0, [0] * 4, [0] * 10, 1.0, 1, [1.0, 1.0])
                writer.add(picture(number)[None], [row])
                writer.finish(key, f"/{key}")
                if number % 3 == 2:
                    writer.flush()
        return store

    return fill


def keys(count: int) -> list[str]:
    return [f"k{number}" for number in range(count)]


def error_of(frames: torch.Tensor, seed: int) -> float:
    return float(np.abs(frames.numpy().astype(int) - picture(seed)).max())


def test_jpeg_is_close_and_read_at_random(filled: Fill) -> None:
    store = filled(8)
    clips = store.clips(keys(8))
    order = [5, 0, 7, 5]
    batch = clips.read(order)
    assert batch.frames.shape == (4, 1, 2, 3, SIZE, SIZE)
    assert all(0 < error_of(batch.frames[at, 0], seed) <= 12 for at, seed in enumerate(order))
    assert (batch.frames[0] == batch.frames[3]).all()
    assert [path.suffix for path in sorted((store.folder / "shards").iterdir())] == [".arrow"] * 3


def test_raw_is_exact(filled: Fill) -> None:
    clips = filled(4, "raw").clips(keys(4))
    assert [error_of(clips.read([row]).frames[0, 0], row) for row in range(4)] == [0] * 4


def test_only_the_asked_crops_are_decoded(filled: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    before = shards_module.from_jpeg

    def counting(content: memoryview, target: npt.NDArray[np.uint8]) -> None:
        decoded.append(len(content))
        before(content, target)

    monkeypatch.setattr(shards_module, "from_jpeg", counting)
    filled(9).clips(keys(9)).read([4])
    assert len(decoded) == len(REGIONS)


def test_a_jpeg_shard_is_an_open_arrow_file(filled: Fill) -> None:
    folder = filled(2).folder
    table = pa.ipc.open_file(folder / "shards" / "000000.arrow").read_all()
    assert table.column_names == list(REGIONS)
    with Image.open(io.BytesIO(table["eyes"][1].as_py())) as image:
        pixels = np.asarray(image)
        sampling = [layer[1:3] for layer in image.layer]  # type: ignore[attr-defined]
    assert np.abs(pixels.transpose(2, 0, 1).astype(int) - picture(1)[1]).max() <= 12
    assert sampling == [(1, 1)] * 3  # colours at full resolution


def test_formats_and_qualities_are_different_stores(tmp_path: Path) -> None:
    def folder(format: str, quality: int) -> Path:
        return Store(
            tmp_path,
            {},
            regions=REGIONS,
            image_size=SIZE,
            format=format,  # type: ignore[arg-type]
            jpeg_quality=quality,
        ).folder

    assert folder("raw", 95) == folder("raw", 80)
    assert len({folder("raw", 95), folder("jpeg", 95), folder("jpeg", 80)}) == 3


def test_a_region_that_could_not_be_cut_stays_black(tmp_path: Path) -> None:
    encoding = Encoding("jpeg", 95, REGIONS, SIZE)
    crops = np.stack([picture(0), picture(1)])
    crops[0, 1] = 0
    crops[1] = 0
    path = tmp_path / "0.arrow"
    with path.open("wb") as file:
        write_shard(file, crops, encoding)
    shard = open_shard(path, encoding)
    target = np.full((len(shard), 2, 3, SIZE, SIZE), 7, np.uint8)
    for row in range(len(shard)):
        shard.expect(row)
        shard.copy_into(target[row], row)
    assert target[0, 0].any()
    assert not target[0, 1].any()
    assert not target[1].any()


THERE = """
import pickle, sys
clips = pickle.load(open(sys.argv[1], "rb"))
print(clips.keys, int(clips.read([3]).frames.sum()))
"""


def test_jpeg_clips_travel_to_another_process(filled: Fill, tmp_path: Path) -> None:
    clips = filled(5).clips(keys(5))
    here = int(clips.read([3]).frames.sum())  # the shards are mapped, yet it can be pickled
    sent = tmp_path / "clips.pickle"
    sent.write_bytes(pickle.dumps(clips))
    call = [sys.executable, "-c", THERE, str(sent)]
    told = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert told == f"{tuple(keys(5))} {here}\n"


def test_several_threads_read_the_same(filled: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferkit.faces.clips.OPEN_SHARDS", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    clips = filled(9).clips(keys(9))
    expected = clips.read(range(9)).frames
    same: list[bool] = []

    def read(order: list[int]) -> None:
        same.append(bool((clips.read(order).frames == expected[order]).all()))

    orders = [np.random.default_rng(seed).permutation(9).tolist() for seed in range(6)]
    threads = [threading.Thread(target=read, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert same == [True] * 6


def test_what_a_killed_writer_of_jpeg_left_is_swept(filled: Fill) -> None:
    store = filled(3)
    orphan = store.folder / "shards" / "000007.arrow"
    orphan.write_bytes(b"x")
    (store.folder / "shards" / ".DS_Store").write_bytes(b"x")  # strangers are no parts
    with store.writing(waiting=str):
        pass
    assert not orphan.exists()
    assert part_numbers(store.folder, "shards") == [0]


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def other_bytes(path: Path) -> None:
    path.write_bytes(b"no shard at all" * 1000)


@pytest.mark.parametrize("format", ["raw", "jpeg"])
@pytest.mark.parametrize("damage", [cut_in_half, empty, other_bytes, Path.unlink])
def test_a_damaged_shard_is_named_and_the_rest_is_read(
    filled: Fill, format: str, damage: Callable[[Path], None]
) -> None:
    store = filled(6, format)
    (path,) = (store.folder / "shards").glob("000001.*")
    damage(path)
    clips: StoreClips = store.clips(keys(6))
    assert clips.read([0, 2]).frames.any()
    word = "missing" if damage is Path.unlink else "damaged"
    with pytest.raises(RunError, match=rf"000001\..*is {word}.*Delete the folder .*prepare again"):
        clips.read([1, 4])


def test_a_jpeg_that_rotted_is_told(filled: Fill) -> None:
    store = filled(3)
    path = store.folder / "shards" / "000000.arrow"
    content = bytearray(path.read_bytes())
    begins = content.index(b"\xff\xd8\xff")
    content[begins : begins + 40] = bytes(40)
    path.write_bytes(content)
    clips = store.clips(keys(3))
    with pytest.raises(RunError, match=r"000000\.arrow: .*a JPEG file in it can't be decoded"):
        clips.read([0])
    assert error_of(clips.read([2]).frames[0, 0], 2) <= 12


def test_crops_of_another_shape_are_told(filled: Fill) -> None:
    store = filled(3, "raw")
    path = store.folder / "shards" / "000000.npy"
    np.save(path, np.zeros((3, 2, 3, 8, 8), np.uint8))
    with pytest.raises(RunError, match=r"crops of shape \(2, 3, 8, 8\), not \(2, 3, 24, 24\)"):
        store.clips(keys(3)).read([0])


@pytest.mark.parametrize("what", ["frames", "sources"])
@pytest.mark.parametrize("damage", [cut_in_half, empty, other_bytes])
def test_damaged_rows_are_told(filled: Fill, what: str, damage: Callable[[Path], None]) -> None:
    store = filled(3)
    path = store.folder / what / "000000.parquet"
    damage(path)
    told = rf"{what}/000000\.parquet: a file of the store is damaged \(.*Delete the folder"
    with pytest.raises(RunError, match=told):
        filled(3).clips(keys(3))


def test_flipped_bits_in_rows_are_noticed(filled: Fill) -> None:
    store = filled(3)
    path = store.folder / "sources" / "000000.parquet"
    content = bytearray(path.read_bytes())
    content[content.index(b"/k1") + 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"sources/000000\.parquet: .*damaged"):
        filled(3)


def test_a_batch_over_many_shards_opens_few_at_a_time(
    filled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferkit.faces.clips.EXPECTED", 2)
    monkeypatch.setattr("ferkit.faces.clips.OPEN_SHARDS", 1)
    monkeypatch.setattr(store_module, "PART_BYTES", 1)
    clips = filled(5, "raw").clips(keys(5))
    frames = clips.read([4, 1, 0, 3, 2]).frames
    assert [error_of(frames[at, 0], seed) for at, seed in enumerate([4, 1, 0, 3, 2])] == [0] * 5
