"""Both readers give the frame that was asked for, whatever the video."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ferkit.contracts.faces import FrameChunk, Sampling, VideoReader
from ferkit.errors import FerkitError

SAMPLINGS = [
    Sampling("all"),
    Sampling("every", 7),
    Sampling("even", 3),
    Sampling("even", 11),
    Sampling("fps", 3.0),
    Sampling("every", 2, first=22, last=31),
]
SHORT_GROUPS = {"g": "10", "bf": "2"}
OPEN = {"x264-params": "open-gop=1:keyint=10:scenecut=0:bframes=3"}
HEVC = {"x265-params": "keyint=10:bframes=3:log-level=none"}

VIDEOS: dict[str, dict[str, Any]] = {
    "one group.mp4": {},
    "short groups.mp4": {"options": SHORT_GROUPS},
    "short groups.mkv": {"options": SHORT_GROUPS},
    "short groups.mov": {"options": SHORT_GROUPS},
    "short groups.avi": {"options": SHORT_GROUPS},
    "short groups.flv": {"options": SHORT_GROUPS},
    "open groups.mp4": {"options": OPEN},
    "open groups.mkv": {"options": OPEN},
    "refreshed.mp4": {"options": {"x264-params": "intra-refresh=1:keyint=10"}},
    "hevc.mp4": {"codec": "libx265", "options": HEVC},
    "hevc.mkv": {"codec": "libx265", "options": HEVC},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"g": "10"}},
    "mpeg4.mp4": {"codec": "mpeg4", "options": SHORT_GROUPS},
    "mpeg4.avi": {"codec": "mpeg4", "options": SHORT_GROUPS},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": SHORT_GROUPS},
    "motion jpeg.avi": {"codec": "mjpeg", "pixels": "yuvj420p"},
    "fragments.mp4": {"options": SHORT_GROUPS, "container": {"movflags": "frag_keyframe"}},
    "uneven.mp4": {"times": [n + n // 4 + 9 * (n // 17) for n in range(40)]},
    "uneven.mkv": {"times": [n + n // 4 + 9 * (n // 17) for n in range(40)]},
    "odd.mp4": {"height": 77, "width": 101, "pixels": "yuv444p"},
    "odd 420.mkv": {"codec": "ffv1", "height": 77, "width": 101},
    "sound.mp4": {"sound": True, "options": SHORT_GROUPS},
    "sound.mkv": {"sound": True, "options": SHORT_GROUPS},
    "oblong pixels.mp4": {"aspect": Fraction(4, 3)},
    "interlaced.mp4": {"options": {"flags": "+ildct+ilme", "x264-params": "tff=1"}},
    "interlaced mpeg2.mkv": {"codec": "mpeg2video", "options": {"flags": "+ildct+ilme"}},
    "one frame.mp4": {"count": 1},
    "one frame.mkv": {"count": 1},
    "two frames.mp4": {"count": 2},
    "ten bits.mp4": {"pixels": "yuv420p10le"},
    "ten bits hevc.mkv": {"codec": "libx265", "pixels": "yuv420p10le", "options": HEVC},
    "ten bits 422.mov": {"codec": "prores_ks", "pixels": "yuv422p10le"},
}

# Versions of FFmpeg interpolate half-resolved colour in different ways in these cases; seen at
# the edges between saturated colours. Everywhere else the pixels are equal.
TOLERANCES = {
    "odd 420.mkv": (10, 0.2),
    "interlaced.mp4": (30, 0.5),
    "interlaced mpeg2.mkv": (30, 0.5),
    "ten bits.mp4": (75, 1.0),
    "ten bits hevc.mkv": (75, 1.0),
}


def difference(one: Tensor, other: Tensor) -> tuple[int, float]:
    """The largest and the mean one, in levels."""
    apart = (one.short() - other.short()).abs()
    return int(apart.max()), float(apart.float().mean())


@pytest.mark.parametrize("name", VIDEOS)
def test_the_frames_asked_for(
    name: str,
    write_video: Callable[..., Path],
    number_of: Callable[[Tensor], int],
    both: Callable[..., tuple[VideoReader, VideoReader]],
    read: Callable[..., FrameChunk],
) -> None:
    path = write_video(name, **VIDEOS[name])
    count, times = VIDEOS[name].get("count", 40), VIDEOS[name].get("times")
    most, mean = TOLERANCES.get(name, (0, 0.0))
    for sampling in SAMPLINGS:
        if sampling.first >= count:
            continue
        decord, pyav = (read(each, path, sampling) for each in both())
        numbers = pyav.number.tolist()
        assert decord.number.tolist() == numbers
        assert [number_of(frame) for frame in pyav.frames] == numbers
        assert [number_of(frame) for frame in decord.frames] == numbers
        assert decord.expected == pyav.expected == len(numbers)
        seconds = [(n if times is None else times[n]) / 25 for n in numbers]
        assert pyav.timestamp.tolist() == pytest.approx(seconds, abs=6e-4)  # Matroska: 1 ms
        assert torch.allclose(decord.timestamp, pyav.timestamp, rtol=1e-6, atol=1e-6)
        worst = difference(decord.frames, pyav.frames)
        assert worst[0] <= most
        assert worst[1] <= mean


SOME = ["short groups.mp4", "open groups.mkv", "hevc.mp4", "mpeg4.avi", "odd.mp4", "one frame.mp4"]


@pytest.mark.parametrize("name", SOME)
def test_decord_in_a_process_of_its_own(
    name: str,
    write_video: Callable[..., Path],
    number_of: Callable[[Tensor], int],
    both: Callable[..., tuple[VideoReader, VideoReader]],
    read: Callable[..., FrameChunk],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_video(name, **VIDEOS[name])
    monkeypatch.setattr("ferkit_decord.reader.AT_HAND_MIB", 0)
    monkeypatch.setattr("ferkit_decord.apart.BATCH_BYTES", 7 * 96 * 128 * 3)
    for sampling in (SAMPLINGS[0], SAMPLINGS[3]):
        decord, pyav = (read(each, path, sampling) for each in both(chunk_mib=0.2))
        assert [number_of(frame) for frame in decord.frames] == pyav.number.tolist()
        assert decord.number.tolist() == pyav.number.tolist()


@pytest.mark.parametrize(
    "name", ["WolfgangLanger_Pexels", "no_face", "single_face", "two_people_1080p"]
)
def test_real_videos(
    real_data: Path,
    name: str,
    both: Callable[..., tuple[VideoReader, VideoReader]],
    read: Callable[..., FrameChunk],
) -> None:
    path = real_data / "videos" / f"{name}.mp4"
    for sampling in (Sampling("even", 5), Sampling("every", 60), Sampling("fps", 0.5)):
        decord, pyav = (read(each, path, sampling) for each in both())
        assert decord.number.tolist() == pyav.number.tolist()
        assert decord.timestamp.tolist() == pytest.approx(pyav.timestamp.tolist(), abs=1e-6)
        assert torch.equal(decord.frames, pyav.frames)


def test_transport_streams(
    write_video: Callable[..., Path],
    number_of: Callable[[Tensor], int],
    both: Callable[..., tuple[VideoReader, VideoReader]],
    read: Callable[..., FrameChunk],
) -> None:
    path = write_video("a.ts", options=OPEN)
    decord, pyav = both()
    with pytest.raises(FerkitError, match="transport stream, which decord reads wrongly"):
        read(decord, path)
    for sampling in SAMPLINGS:
        got = read(pyav, path, sampling)
        assert [number_of(frame) for frame in got.frames] == got.number.tolist()


def test_chunks_are_bounded_and_lazy(
    reader: VideoReader,
    write_video: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    both: Callable[..., tuple[VideoReader, VideoReader]],
    read: Callable[..., FrameChunk],
) -> None:
    path = write_video("a.mp4", count=90)
    frame_bytes = 96 * 128 * 3
    for small in both(chunk_mib=4.5 * frame_bytes / 2**20):
        sizes = [chunk.frames.nbytes for chunk in small.read(path, Sampling())]
        assert max(sizes) == 4 * frame_bytes
        assert sum(sizes) == 90 * frame_bytes
    for tiny in both(chunk_mib=1e-6):
        chunk = next(iter(tiny.read(path, Sampling("every", 5))))
        assert chunk.frames.shape == (1, 3, 96, 128)
        assert chunk.expected == 18


def test_one_reader_in_many_threads(
    reader: VideoReader, write_video: Callable[..., Path], read: Callable[..., FrameChunk]
) -> None:
    paths = [write_video(f"{n}.mp4", count=20 + n, options={"g": "8", "bf": "2"}) for n in range(4)]
    jobs = [(path, sampling) for path in paths for sampling in SAMPLINGS[:5]]
    expected = [read(reader, *job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda job: read(reader, *job), jobs * 2))
    for one, other in zip(expected * 2, found, strict=True):
        assert one.number.tolist() == other.number.tolist()
        assert torch.equal(one.frames, other.frames)


def test_threads_do_not_change_pixels(
    write_video: Callable[..., Path],
    both: Callable[..., tuple[VideoReader, VideoReader]],
    read: Callable[..., FrameChunk],
) -> None:
    path = write_video("a.mp4", options=OPEN)
    for one, several in zip(both(threads=1), both(threads=3), strict=True):
        for sampling in SAMPLINGS[:4]:
            assert torch.equal(
                read(one, path, sampling).frames, read(several, path, sampling).frames
            )
