"""What is found in a store, sound or not, and the picture of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ferkit.errors import FerkitError
from ferkit.faces.contact_sheet import caption, draw_sheet, sections_of, spread_out
from ferkit.faces.parts import FrameRow
from ferkit.faces.store import Store, StoreWriter
from ferkit.faces.survey import settings_folders, survey

REGIONS = ("face", "eyes")


def put(
    writer: StoreWriter,
    key: str,
    frames: int,
    *,
    score: float = 1.0,
    valid: tuple[float, float] = (1.0, 1.0),
    track: int = 0,
    finish: bool = True,
) -> None:
    for frame in range(frames):
        crops = np.full((1, 2, 3, 16, 16), 40, np.uint8)
        crops[:, 1] = np.reshape([250, 20, 20], (3, 1, 1))
        points = [0.0] * 10
        source = f"/data/{key}"
        row = FrameRow(key, source, frame, frame / 5, [0] * 4, points, score, 1, valid, track)
        writer.add(crops, [row])
    if finish:
        writer.finish(key, f"/data/{key}")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two photographs, a clip of five frames of a face that is followed, and two failures."""
    store = Store(tmp_path, {"keep": "all"}, regions=REGIONS, image_size=16)
    with store.writing(waiting=str) as writer:
        put(writer, "a.jpg", 1, score=0.95)
        put(writer, "b.jpg", 1, valid=(0.5, 0.0))
        writer.flush()
        put(writer, "c.mp4", 5, score=0.5, track=2)
        writer.finish("d.jpg", "/data/d.jpg", status="failed", kind="no face", reason="none.")
        writer.finish("e.jpg", "/data/e.jpg", status="failed", kind="no face", reason="none.")
    return store


def snapshot(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_counts_and_nothing_is_changed(store: Store) -> None:
    before = snapshot(store.folder.parent)
    found = survey(store.folder)
    assert [len(found.with_status(word)) for word in ("ok", "partial", "failed")] == [3, 0, 2]  # type: ignore[arg-type]
    assert (len(found.frames), found.tracks) == (7, 3)
    assert found.frames_per_source.tolist() == [1, 1, 5]
    assert found.valid_fraction.tolist()[1] == [0.5, 0.0]
    assert (found.orphan_crops, found.orphan_shards, found.half_written) == (0, 0, 0)
    assert (found.damage, found.lacking) == ((), 0)
    files = [path for path in store.folder.rglob("*") if path.is_file()]
    assert found.disk_bytes == sum(path.stat().st_size for path in files)
    draw_sheet(found, 8)
    assert snapshot(store.folder.parent) == before


def test_what_a_killed_writer_left_is_counted(store: Store) -> None:
    with store.writing(waiting=str) as writer:
        put(writer, "f.mp4", 3, finish=False)
    (store.folder / "shards" / "000009.npy").write_bytes(b"x")
    (store.folder / "frames" / ".000009.parquet-1.writing").write_bytes(b"x")
    found = survey(store.folder)
    assert (found.orphan_crops, found.orphan_shards, found.half_written) == (3, 1, 1)
    assert (len(found.frames), found.damage) == (7, ())


def test_a_file_known_by_two_names(store: Store) -> None:
    from ferkit.faces.keys import FileState

    with store.writing(waiting=str) as writer:
        writer.also_known_as(store.sources["a.jpg"], "/data/copy.jpg", FileState(1, 2))
    found = survey(store.folder)
    assert found.names["a.jpg"] == ("/data/a.jpg", "/data/copy.jpg")
    assert len(found.sources) == 5


@pytest.mark.parametrize(
    ("name", "left", "lacking"),
    [
        ("shards/000001.npy", 2, 1),
        ("frames/000000.parquet", 5, 2),
        ("sources/000000.parquet", 5, 0),
    ],
)
def test_damage_is_named_and_the_rest_goes_on(
    store: Store, name: str, left: int, lacking: int
) -> None:
    (store.folder / name).write_bytes(b"rot")
    found = survey(store.folder)
    assert len(found.damage) == 1
    assert str(store.folder / name) in str(found.damage[0])
    assert (len(found.frames), found.lacking) == (left, lacking)
    assert draw_sheet(found, 4).width > 0


def test_a_shard_that_is_too_short_is_damage(store: Store) -> None:
    np.save(store.folder / "shards" / "000001.npy", np.zeros((4, 2, 3, 16, 16), np.uint8))
    (damage,) = survey(store.folder).damage
    assert "fewer crops than it should" in str(damage)


def test_folders_of_settings(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path, {"keep": "largest"}, regions=REGIONS, image_size=16)
    assert settings_folders(tmp_path) == sorted([store.folder, other.folder])
    assert settings_folders(other.folder) == [other.folder]
    (tmp_path / "nothing").mkdir()
    for name, text in [("nothing", "not a store"), ("none", "no such folder")]:
        with pytest.raises(FerkitError, match=text):
            settings_folders(tmp_path / name)
    with pytest.raises(FerkitError, match="not a folder"):
        settings_folders(other.folder / "store.json")


WRITER = """
import sys
from pathlib import Path
import numpy as np
from ferkit.faces import store as store_module
from ferkit.faces.parts import FrameRow
store_module.PART_BYTES = 2 * 96
store = store_module.Store(Path(sys.argv[1]), {}, regions=("face", "eyes"), image_size=4)
with store.writing(waiting=print) as writer:
    for key in range(100000):
        for frame in range(3):
            crop = np.full((1, 2, 3, 4, 4), 7, np.uint8)
            row = FrameRow(f"k{key}", "", frame, 0.0, [0] * 4, [0] * 10, 1.0, 1, [1.0, 1.0])
            writer.add(crop, [row])
        writer.finish(f"k{key}", "")
"""


def test_a_store_that_grows_is_always_sound(tmp_path: Path) -> None:
    script = tmp_path / "writer.py"
    script.write_text(WRITER)
    folder = Store(tmp_path, {}, regions=REGIONS, image_size=4).folder
    child = subprocess.Popen([sys.executable, str(script), str(tmp_path)])
    try:
        deadline = time.monotonic() + 60
        seen = 0
        while seen < 30 and time.monotonic() < deadline:
            found = survey(folder)
            assert (found.damage, found.lacking) == ((), 0)
            assert len(found.frames) == 3 * len(found.sources)
            seen = len(found.sources)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert seen >= 30


def test_the_sheet_shows_all_regions_and_marks_doubt(store: Store) -> None:
    found = survey(store.folder)
    names = {section.heading: list(section.rows) for section in sections_of(found, 4)}
    assert names == {
        "spread over the sources": [0, 1, 3, 5],
        "lowest scores": [2, 3],
        "furthest beyond the frame": [1],
    }
    pixels = np.asarray(draw_sheet(found, 4))
    colours = {tuple(colour) for colour in pixels.reshape(-1, 3).tolist()}
    assert {(40, 40, 40), (250, 20, 20), (200, 80, 20), (255, 255, 255)} <= colours
    row = pixels[(pixels == (250, 20, 20)).all(2).any(1)][0]
    assert (row == 40).all(1).any()  # both regions stand side by side


def test_more_sources_than_room(store: Store) -> None:
    found = survey(store.folder)
    assert spread_out(found, 2) == [0, 1]
    assert spread_out(found, 100) == list(range(7))
    assert spread_out(found, 1) == [0]


def test_captions_say_source_place_and_score(store: Store) -> None:
    found = survey(store.folder)
    assert caption(found, 0) == ("a.jpg", "score 0.950")
    assert caption(found, 1) == ("b.jpg", "score 1.000, within 50% 0%")
    assert caption(found, 4) == ("c.mp4 @2 face 2", "score 0.500")


def test_an_empty_store_has_no_picture(tmp_path: Path) -> None:
    found = survey(Store(tmp_path, {}, regions=REGIONS, image_size=4).folder)
    assert (len(found.sources), len(found.frames), found.tracks) == (0, 0, 0)
    with pytest.raises(ValueError, match="no crop to show"):
        draw_sheet(found, 4)
