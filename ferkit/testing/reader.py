"""The contract of video readers."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ferkit.contracts.faces import FrameChunk, Sampling
from ferkit.faces.sampling import sampled_frames
from ferkit.plugin import Context
from ferkit.testing.backbone import Make, seeded
from ferkit.testing.broken_videos import check_broken_videos
from ferkit.testing.videos import (
    COLOURS,
    RATE,
    numbered_frame,
    read_colours,
    read_number,
    write_avi,
    write_mp4,
)

COUNT = 40
"""Frames of each video."""

SAMPLINGS = (
    Sampling("all"),
    Sampling("every", 7),
    Sampling("even", 3),
    Sampling("even", 2 * COUNT),
    Sampling("fps", 4.0),
    Sampling("all", first=5, last=5),
    Sampling("every", 3, first=11, last=31),
    Sampling("even", 2, first=30),
    Sampling("fps", 10.0, first=20, last=35),
)

SECONDS = 1.5e-3
"""How far a timestamp may be off: some containers count milliseconds."""

COLOUR = 60.0
"""How far a colour may be off, levels, after compression in some other colour space."""


class Video(NamedTuple):
    """name: for messages. seconds: of its frames, ascending. turned: clockwise by a quarter."""

    name: str
    path: Path
    seconds: Sequence[float]
    turned: bool = False


def check_video_reader(make: Make) -> tuple[str, ...]:
    """Hold a reader to `ferkit.contracts.faces.VideoReader`.

    It reads a motion JPEG in an AVI file; and where PyAV is installed, MPEG-4 with B-frames in an
    MP4 file, with an uneven frame rate, and one that is to be turned. Without PyAV a warning says
    that these are skipped.

    Args:
        make: context -> reader.
    Returns: the names of the videos that were tried.
    Raises: AssertionError: says what is wrong.
    """
    reader = seeded(make, Context())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        videos = [*_plain(folder), *_by_pyav(folder)]
        for video in videos:
            for sampling in SAMPLINGS:
                _check_sampling(reader, video, sampling)
        _check_leaving_early(reader, videos[0])
        _check_threads(reader, videos)
        check_broken_videos(reader, folder)
    return tuple(video.name for video in videos)


def _plain(folder: Path) -> Iterator[Video]:
    path = folder / "plain.avi"
    write_avi(path, COUNT)
    yield Video("motion JPEG (AVI)", path, [number / RATE for number in range(COUNT)])


def _by_pyav(folder: Path) -> Iterator[Video]:
    times = [number + number // 4 + 9 * (number // 17) for number in range(COUNT)]
    uneven = Video("uneven MPEG-4 (MP4)", folder / "uneven.mp4", [time / RATE for time in times])
    even = [number / RATE for number in range(COUNT)]
    turned = Video("turned MPEG-4 (MP4)", folder / "turned.mp4", even, turned=True)
    try:
        write_mp4(uneven.path, times)
        write_mp4(turned.path, range(COUNT), quarter_turn=True)
    except ImportError as error:
        warnings.warn(
            f"the check of video readers skips {uneven.name} and {turned.name}: PyAV, which writes"
            f" them, can't be imported ({error})",
            stacklevel=3,
        )
        return
    yield uneven
    yield turned


def _read(reader: Any, path: Path, sampling: Sampling) -> list[FrameChunk]:
    """All chunks, held to their form and copied as they came."""
    copies: list[FrameChunk] = []
    given: list[FrameChunk] = []
    for chunk in reader.read(path, sampling):
        assert isinstance(chunk, FrameChunk), f"a chunk is a {type(chunk).__name__}"
        count = len(chunk.frames)
        assert count, "a chunk is empty"
        assert chunk.frames.ndim == 4, "frames are not (B, 3, H, W)"
        assert chunk.frames.shape[1] == 3, "frames are not (B, 3, H, W)"
        assert chunk.frames.dtype == torch.uint8, f"frames are {chunk.frames.dtype}, not uint8"
        for name, kind in (("number", torch.int64), ("timestamp", torch.float64)):
            column: Tensor = getattr(chunk, name)
            assert column.shape == (count,), f"{name} is {tuple(column.shape)}, not (B,)"
            assert column.dtype == kind, f"{name} is {column.dtype}, not {kind}"
        assert isinstance(chunk.expected, int), f"expected is {chunk.expected!r}, not a number"
        assert chunk.expected >= 0, f"expected is {chunk.expected}"
        given.append(chunk)
        copies.append(
            FrameChunk(
                chunk.frames.clone(), chunk.number.clone(), chunk.timestamp.clone(), chunk.expected
            )
        )
    for before, now in zip(copies, given, strict=True):
        same = all(map(torch.equal, before[:3], now[:3]))
        assert same, "a chunk changes when the next one is read"
    return copies


def _check_sampling(reader: Any, video: Video, sampling: Sampling) -> None:
    chunks = _read(reader, video.path, sampling)
    said = f"{video.name}, {_spoken(sampling)}"
    wanted = sampled_frames(np.asarray(video.seconds), sampling).tolist()
    numbers = [number for chunk in chunks for number in chunk.number.tolist()]
    assert numbers == wanted, f"{said}: frames {numbers} instead of {wanted}"
    shown = [_shown_number(frame, video) for chunk in chunks for frame in chunk.frames]
    assert shown == wanted, f"{said}: the pixels are those of frames {shown}, not {wanted}"
    seconds = torch.cat([chunk.timestamp for chunk in chunks])
    assert bool((seconds.diff() > 0).all()), f"{said}: timestamps do not ascend"
    right = torch.tensor([video.seconds[number] for number in wanted], dtype=torch.float64)
    worst = int((seconds - right).abs().argmax())
    assert abs(float(seconds[worst] - right[worst])) <= SECONDS, (
        f"{said}: the timestamp of frame {wanted[worst]} is {float(seconds[worst]):.4f} seconds"
        f" instead of {float(right[worst]):.4f}"
    )
    for chunk in chunks:
        assert chunk.expected in (0, len(wanted)), (
            f"{said}: expected is {chunk.expected}, and {len(wanted)} frames come"
        )


def _shown_number(frame: Tensor, video: Video) -> int:
    """The number that a frame carries; its size, orientation and colours are right."""
    if video.turned:
        frame = frame.rot90(1, (1, 2))
    right = tuple(numbered_frame(0).shape)
    assert tuple(frame.shape) == right, (
        f"{video.name}: a frame is not turned the way a player shows it"
        if video.turned
        else f"{video.name}: a frame is {tuple(frame.shape)}, not {right}"
    )
    off = (read_colours(frame) - torch.tensor(COLOURS)).abs().max()
    assert float(off) <= COLOUR, (
        f"{video.name}: frames are upside down, mirrored or not RGB: red, green, blue and white"
        f" are {read_colours(frame).round().int().tolist()}"
    )
    return read_number(frame)


def _check_leaving_early(reader: Any, video: Video) -> None:
    """A reading may be left, and another begin."""
    left = iter(reader.read(video.path, Sampling("all")))
    first = next(left)
    again = next(iter(_read(reader, video.path, Sampling("all"))))
    same = torch.equal(first.number, again.number) and torch.equal(first.frames, again.frames)
    assert same, "after a reading that was left half-way, the next one gives other frames"


def _check_threads(reader: Any, videos: Sequence[Video]) -> None:
    """Several threads read with one reader, as preparing does."""
    jobs = [(video.path, sampling) for video in videos for sampling in SAMPLINGS[:4]] * 2
    alone = [_read(reader, *job) for job in jobs]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda job: _read(reader, *job), jobs))
    for one, other in zip(alone, together, strict=True):
        same = len(one) == len(other) and all(
            torch.equal(mine.number, its.number) and torch.equal(mine.frames, its.frames)
            for mine, its in zip(one, other, strict=True)
        )
        assert same, "two threads that read at once get other frames than one"


def _spoken(sampling: Sampling) -> str:
    value = f" {sampling.value:g}" if sampling.value else ""
    part = "" if sampling.last is None else f" to {sampling.last}"
    return f"'{sampling.mode}{value}' from {sampling.first}{part}"
