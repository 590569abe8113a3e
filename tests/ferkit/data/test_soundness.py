"""Files that can't be read, and files that are the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ferkit.contracts.data import Sample
from ferkit.contracts.faces import FrameChunk, Sampling
from ferkit.data import soundness
from ferkit.data.soundness import duplicates, open_all
from ferkit.errors import FerkitError
from ferkit.faces.prepared import Quiet


class OneFrameReader:
    """Opens files that hold "film"."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Sampling]] = []

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        self.asked.append((path.name, sampling))
        text = path.read_text()
        if text == "bug":
            raise ValueError("no such plane")
        if text != "film":
            raise FerkitError("not a video.", where=str(path), hint="Take another.")
        yield from ()


@pytest.fixture
def image(tmp_path: Path) -> Any:
    def make(name: str, seed: int = 0) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(path)
        return path

    return make


def of(path: Path, **fields: Any) -> Sample:
    return Sample(id=path.name, path=str(path), **fields)


def test_every_image_and_video_is_opened(
    image: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundness, "AT_A_TIME", 2)
    samples = [of(image(f"{number}.png", number)) for number in range(5)]
    (tmp_path / "2.png").write_bytes(b"broken")
    (tmp_path / "4.png").unlink()
    image("clip/1.jpg")
    image("clip/2.jpg").write_bytes(b"")
    for name, text in (("a.mp4", "film"), ("b.mp4", "text"), ("c.mp4", "bug")):
        (tmp_path / name).write_text(text)
    samples += [of(tmp_path / "clip"), *(of(tmp_path / f"{name}.mp4") for name in "abc")]
    samples.append(of(tmp_path / "a.mp4", span=(3, 4)))  # opened once
    reader = OneFrameReader()
    opened = open_all(samples, reader=reader, progress=Quiet())
    assert (opened.images, opened.videos) == (7, 3)
    assert sorted(reader.asked) == [
        (f"{name}.mp4", Sampling("all", first=0, last=0)) for name in "abc"
    ]
    told = [(problem.kind, Path(problem.where).name) for problem in opened.problems]
    assert told == [
        ("unreadable image", "2.png"),
        ("unreadable file", "4.png"),
        ("unreadable image", "2.jpg"),
        ("unreadable video", "b.mp4"),
        ("unexpected error", "c.mp4"),
    ]
    assert opened.problems[3].what == "not a video. Take another."
    assert "ValueError: no such plane" in opened.problems[4].what
    without = open_all(samples, reader=None, progress=Quiet())
    assert (without.images, without.videos) == (7, 0)


def test_the_same_bytes(image: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = image("a.png", 1), image("b.png", 2)
    (tmp_path / "other.png").write_bytes(b"of another size")
    for name in ("copy.png", "label.png", "split.png"):
        shutil.copy(a, tmp_path / name)
    image("clip1/1.png", 3)
    image("clip1/2.png", 4)
    image("clip2/10.png", 3)
    image("clip2/11.png", 4)
    image("clip3/1.png", 4)  # the other way round
    image("clip3/2.png", 3)
    read: list[str] = []
    own = soundness.content_key

    def watched(path: str | Path) -> str:
        read.append(Path(path).name)
        return own(path)

    monkeypatch.setattr(soundness, "content_key", watched)
    samples = [
        of(a, label=0, split="train"),
        of(a, label=0, split="train", span=(0, 1)),
        of(b, label=1, split="train"),
        of(tmp_path / "other.png", label=1),
        of(tmp_path / "copy.png", label=0, split="train"),
        of(tmp_path / "label.png", label=1, split="train"),
        of(tmp_path / "split.png", label=0, split="test"),
        *(of(tmp_path / f"clip{number}") for number in (1, 2, 3)),
        of(tmp_path / "gone.png"),
        Sample(id="drawn"),
    ]
    found = duplicates(samples, ("happy", "sad"), progress=Quiet())
    bytes_of = f"has the same bytes as {a}"
    assert [(one.kind, Path(one.where).name, one.what) for one in found] == [
        ("duplicated", "clip2", f"has the same bytes as {tmp_path / 'clip1'}."),
        ("duplicated", "copy.png", f"{bytes_of}."),
        (
            "duplicated with another label",
            "label.png",
            f"{bytes_of}; one is given as happy, one as sad.",
        ),
        ("duplicated in another split", "split.png", f"{bytes_of}; one is in train, one in test."),
    ]
    assert "other.png" not in read  # no file is as large
