"""What the images of a clip are that lies as a folder: read once, and remembered."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ferkit.contracts.data import Sample
from ferkit.faces import keys
from ferkit.faces.images import ImageRecord
from ferkit.faces.keys import content_key, folder_content
from ferkit.faces.prepare import prepare
from ferkit.faces.prepared import Prepared
from ferkit.faces.steps import Steps

Clip = Callable[..., Path]


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """Writes images with a bright square, of these levels."""

    def make(name: str, *levels: int) -> Path:
        (tmp_path / name).mkdir()
        for number, level in enumerate(levels):
            pixels = np.zeros((40, 40, 3), np.uint8)
            pixels[10:30, 10:30] = level
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
        return tmp_path / name

    return make


@pytest.fixture
def run(tmp_path: Path, steps: Steps) -> Callable[..., Prepared]:
    def prepare_all(*samples: Sample) -> Prepared:
        own = replace(steps, reader=None)
        return prepare(samples, steps=own, settings={}, store=tmp_path / "store")

    return prepare_all


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose content was read."""
    names: list[str] = []
    own = keys._digest

    def watched(path: Path) -> str:
        names.append(path.name)
        return own(path)

    monkeypatch.setattr(keys, "_digest", watched)
    return names


def of(folder: Path, **fields: object) -> Sample:
    return Sample(id=folder.name, path=str(folder), **fields)  # type: ignore[arg-type]


def test_the_images_of_a_folder(clip: Clip) -> None:
    folder = clip("clip", 255, 250)
    (folder / "2.png").symlink_to(folder / "gone")
    (folder / "3.png").write_bytes(b"")
    shutil.copy(folder / "0.png", folder / "4.png")
    first, second = (content_key(folder / name) for name in ("0.png", "1.png"))
    assert folder_content(folder).images == (first, second, "", "", first)
    assert folder_content(folder).key == content_key(folder)


def test_each_is_read_once(clip: Clip, run: Callable[..., Prepared], read: list[str]) -> None:
    folder, other = clip("clip", 255, 250, 245), clip("other", 250)
    samples = (of(folder), of(folder, span=(0, 1)), of(folder, span=(1, 2)), of(other))
    prepared = run(*samples)
    assert read == ["0.png", "1.png", "2.png", "0.png"]
    contents = [folder_content(one) for one in (folder, other)]
    assert prepared.images == {one.key: one.images for one in contents}
    assert contents[1].images == contents[0].images[1:2]
    del read[:]
    assert run(*samples).images == prepared.images
    assert run(of(other)).images.keys() == {contents[1].key}
    assert read == []


def test_a_store_without_them_reads_them_once(
    clip: Clip, run: Callable[..., Prepared], read: list[str], tmp_path: Path
) -> None:
    """One of an older version, or with a damaged file."""
    folder = clip("clip", 255, 250)
    before = run(of(folder))
    (kept,) = (tmp_path / "store").glob("*/images")
    shutil.rmtree(kept)
    for _ in range(2):
        del read[:]
        again = run(of(folder))
        assert (again.images, again.reused) == (before.images, 1)
        assert len(read) == 2
        assert run(of(folder)).images == before.images
        assert len(read) == 2
        (file,) = kept.iterdir()
        file.write_bytes(file.read_bytes()[:-20])


def test_a_clip_that_was_prepared_does_not_need_them(
    clip: Clip, run: Callable[..., Prepared], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = clip("clip", 255)
    run(of(folder))
    shutil.rmtree(next((tmp_path / "store").glob("*/images")))

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(keys, "_digest", refuse)
    again = run(of(folder))
    assert (again.kept, again.images, again.failures) == ((0,), {}, ())


def test_what_can_not_be_written_is_known_nevertheless(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("in the way")
    record = ImageRecord(tmp_path)
    record.add("a", ("b", ""))
    record.save()
    assert record.get("a") == ("b", "")
    assert ImageRecord(tmp_path).get("a") is None
