"""Files that are no videos, or no longer."""

from __future__ import annotations

import random
from pathlib import Path

from torch import Tensor

from ferkit.contracts.faces import Sampling, VideoReader
from ferkit.errors import FerkitError, RunError
from ferkit.testing.videos import read_number, write_avi

COUNT = 40
"""Frames of the video that is cut off."""


def check_broken_videos(reader: VideoReader, folder: Path) -> None:
    """Assert that a reader raises FerkitError where there is nothing to read, and loses nothing.

    Args:
        folder: an existing one, to write files to.
    """
    noise = random.Random(0).randbytes(20_000)
    files = {"empty": b"", "noise": noise, "text": b"not a video\n" * 40}
    broken = {"missing": folder / "missing.mp4", "folder": folder}
    for name, content in files.items():
        broken[name] = folder / f"{name}.mp4"
        broken[name].write_bytes(content)
    for name, path in broken.items():
        frames, error = _until_error(reader, path)
        _check_error(error, f"a file that is no video ({name})")
        assert not frames, f"a file that is no video ({name}) gives frames"
    whole = folder / "whole.avi"
    write_avi(whole, COUNT)
    part = folder / "part.avi"
    content = whole.read_bytes()
    part.write_bytes(content[: len(content) * 3 // 5])
    frames, error = _until_error(reader, part)
    _check_error(error, "a video that was cut off")
    numbers = [read_number(frame) for frame in frames]
    assert numbers == list(range(len(numbers))), f"a video that was cut off gives {numbers}"


def _check_error(error: Exception | None, what: str) -> None:
    assert error is not None, f"{what} is no error"
    ours = isinstance(error, FerkitError) and not isinstance(error, RunError)
    assert ours, f"{what} is {error!r} instead of a FerkitError about the file"


def _until_error(reader: VideoReader, path: Path) -> tuple[list[Tensor], Exception | None]:
    """The frames of a file up to its end or to what it raises."""
    frames: list[Tensor] = []
    try:
        for chunk in reader.read(path, Sampling("all")):
            frames += list(chunk.frames)
    except Exception as error:
        return frames, error
    return frames, None
