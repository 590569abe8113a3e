"""`ferkit inspect` as a user calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ferkit.cli import COMMANDS
from ferkit.commands.inspect import in_short, inspect, megabytes
from ferkit.errors import FerkitError
from ferkit.faces.parts import FrameRow
from ferkit.faces.store import Store

Run = Callable[..., Result]
SETTINGS = {
    "detector": {"use": "mtcnn", "min_face_px": 20, "thresholds": [0.6, 0.7]},
    "cropper": {"use": "face"},
    "reader": None,
    "sampling": {"mode": "even", "value": 16},
}


@pytest.fixture
def run() -> Run:
    def call(*arguments: str | Path) -> Result:
        return CliRunner().invoke(inspect, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "st", SETTINGS, regions=("face", "eyes"), image_size=16)
    with store.writing(waiting=str) as writer:
        for number in range(4):
            key = f"{number}.jpg"
            valid = [1.0, 0.25 if number else 1.0]
            points, score = [0.0] * 10, 0.9 + number / 100
            row = FrameRow(key, f"/{key}", 0, 0.0, [0] * 4, points, score, 1, valid)
            writer.add(np.full((1, 2, 3, 16, 16), 50, np.uint8), [row])
            writer.finish(key, f"/{key}")
        for number in range(5):
            reason = f"no face number {number}."
            writer.finish(
                f"f{number}", f"/f{number}", status="failed", kind="no face", reason=reason
            )
        writer.finish("p", "/p", status="partial", kind="broken video", reason="it ends early.")
    return store


def test_a_value_that_is_not_used_is_not_told(run: Run, tmp_path: Path) -> None:
    settings = SETTINGS | {"sampling": {"mode": "all", "value": 0.0}}
    Store(tmp_path, settings, regions=("face",), image_size=16)
    lines = [line.strip() for line in run(tmp_path).output.splitlines()]
    assert "sampling: all" in lines


def test_it_tells_all_there_is(run: Run, store: Store) -> None:
    result = run(store.folder.parent)
    assert result.exit_code == 0, result.output
    lines = [line.strip() for line in result.output.splitlines()]
    size = sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())
    # The 95 % point lies half way between two figures.
    lines = [line.replace("95 % 0.929", "95 % 0.928") for line in lines]
    assert lines == [
        str(store.folder),
        "detector: mtcnn (min_face_px 20, thresholds 0.6 0.7)",
        "cropper: face",
        "reader: none",
        "sampling: even (value 16)",
        "crops: face, eyes; 16 x 16 px, raw",
        "sources: 4 ok, 1 partial, 5 failed",
        f"crops: 4 of 4 tracks, {size / 1e6:.2f} MB",
        "crops per source: 1 to 1, median 1",
        "score: lowest 0.900, 5 % 0.901, median 0.915, 95 % 0.928, highest 0.930",
        "reaching beyond the frame: face 0.0%, eyes 75.0%",
        "failed, no face: 5",
        "/f0: no face number 0.",
        "/f1: no face number 1.",
        "/f2: no face number 2.",
        "... and 2 more; --failures names them",
        "partial, broken video: 1",
        "/p: it ends early.",
    ]


def test_all_failures_on_demand(run: Run, store: Store) -> None:
    result = run(store.folder, "--failures")
    assert "/f4: no face number 4." in result.output
    assert "more" not in result.output


def test_a_picture_is_drawn(run: Run, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "sheet.png"
    result = run(store.folder, "--sheet", path, "--rows", 2)
    assert result.exit_code == 0, result.output
    assert f"Picture: {path}" in result.output
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert min(image.size) > 100


def test_each_of_several_stores_has_its_picture(run: Run, store: Store, tmp_path: Path) -> None:
    other = Store(store.folder.parent, {}, regions=("face",), image_size=16, format="jpeg")
    result = run(store.folder.parent, "--sheet", tmp_path / "sheet.png")
    assert result.exit_code == 0, result.output
    assert (tmp_path / f"sheet-{store.folder.name}.png").exists()
    assert f"No crop to draw: {tmp_path / f'sheet-{other.folder.name}.png'}" in result.output
    assert "nothing has been prepared with these settings yet" in result.output
    assert "16 x 16 px, JPEG of quality 95" in result.output


def test_damage_is_told_and_the_status_is_1(run: Run, store: Store) -> None:
    (store.folder / "shards" / "000000.npy").unlink()
    result = run(store.folder)
    assert result.exit_code == 1
    assert "damage: " in result.output
    assert "000000.npy: a file of the store is missing. Delete the folder" in result.output
    assert "damage: 4 sources lack crops" in result.output
    assert "failed, no face: 5" in result.output


def test_one_of_another_version_does_not_hide_the_others(run: Run, store: Store) -> None:
    strange = store.folder.parent / "00"
    strange.mkdir()
    (strange / "store.json").write_text(json.dumps({"schema_version": 77}))
    result = run(store.folder.parent)
    assert result.exit_code == 1
    assert "00/store.json: the store has schema version 77, this ferkit reads 2." in result.output
    assert "sources: 4 ok" in result.output
    alone = run(strange)
    assert isinstance(alone.exception, FerkitError)
    assert alone.exception.status == 2


def test_what_is_no_store_or_no_picture(run: Run, store: Store, tmp_path: Path) -> None:
    told = run(tmp_path / "none").exception
    assert isinstance(told, FerkitError)
    assert "no such folder" in str(told)
    told = run(store.folder, "--sheet", tmp_path / "sheet.jpg").exception
    assert isinstance(told, FerkitError)
    assert "End it in .png" in str(told)
    told = run(store.folder, "--sheet", tmp_path / "no" / "sheet.png").exception
    assert isinstance(told, FerkitError)
    assert "can't be written" in str(told)


def test_what_was_left_by_a_kill_is_counted(run: Run, store: Store) -> None:
    (store.folder / "shards" / ".000009.npy-1.writing").write_bytes(b"x")
    (store.folder / "shards" / "000009.npy").write_bytes(b"x")
    result = run(store.folder)
    assert result.exit_code == 0
    assert "half-written files: 1" in result.output
    assert "orphan shards: 1" in result.output


def test_the_command_is_known() -> None:
    assert COMMANDS["inspect"][0] == "ferkit.commands.inspect"


def test_settings_and_sizes_in_short() -> None:
    assert in_short({"use": "x", "a": None, "b": [1, 2]}) == "x (a none, b 1 2)"
    assert in_short({"every": 25, "cut": 0.1}) == "every 25, cut 0.1"
    assert (megabytes(5_000_000), megabytes(2_500_000_000)) == ("5.00 MB", "2.50 GB")
