"""Both readers give the frame that was asked for, whatever the video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader
from ferkit_pyav.params import PyAVParams
from ferkit_pyav.reader import PyAVReader
from torch import Tensor

from ferkit.contracts.faces import FrameChunk, Sampling, VideoReader
from ferkit.errors import FerkitError
from ferkit.plugin import Context

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


@pytest.fixture(params=["decord", "pyav"])
def reader(request: pytest.FixtureRequest) -> VideoReader:
    return both()[0 if request.param == "decord" else 1]


def both(**params: Any) -> tuple[VideoReader, VideoReader]:
    chosen = {"threads": 1, **params}
    return (
        DecordReader(DecordParams(**chosen), Context()),
        PyAVReader(PyAVParams(**chosen), Context()),
    )


def joined(chunks: Sequence[FrameChunk]) -> FrameChunk:
    columns = list(zip(*chunks, strict=True))[:3]
    return FrameChunk(*(torch.cat(column) for column in columns), chunks[0].expected)


def read(reader: VideoReader, path: Path, sampling: Sampling = SAMPLINGS[0]) -> FrameChunk:
    return joined(list(reader.read(path, sampling)))


def difference(one: Tensor, other: Tensor) -> tuple[int, float]:
    """The largest and the mean one, in levels."""
    apart = (one.short() - other.short()).abs()
    return int(apart.max()), float(apart.float().mean())


@pytest.mark.parametrize("name", VIDEOS)
def test_the_frames_asked_for(
    name: str, write_video: Callable[..., Path], number_of: Callable[[Tensor], int]
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


@pytest.mark.parametrize(
    "name", ["WolfgangLanger_Pexels", "no_face", "single_face", "two_people_1080p"]
)
def test_real_videos(real_data: Path, name: str) -> None:
    path = real_data / "videos" / f"{name}.mp4"
    for sampling in (Sampling("even", 5), Sampling("every", 60), Sampling("fps", 0.5)):
        decord, pyav = (read(each, path, sampling) for each in both())
        assert decord.number.tolist() == pyav.number.tolist()
        assert decord.timestamp.tolist() == pytest.approx(pyav.timestamp.tolist(), abs=1e-6)
        assert torch.equal(decord.frames, pyav.frames)


@pytest.mark.parametrize(
    ("matrix", "turned"),
    [
        ((1, 0, 0, 1), lambda frame: frame),
        ((0, 1, -1, 0), lambda frame: frame.rot90(-1, (1, 2))),
        ((-1, 0, 0, -1), lambda frame: frame.rot90(2, (1, 2))),
        ((0, -1, 1, 0), lambda frame: frame.rot90(1, (1, 2))),
        ((-1, 0, 0, 1), lambda frame: frame.flip(2)),
        ((1, 0, 0, -1), lambda frame: frame.flip(1)),
        ((0, 1, 1, 0), lambda frame: frame.transpose(1, 2)),
        ((0, -1, -1, 0), lambda frame: frame.rot90(2, (1, 2)).transpose(1, 2)),
    ],
)
def test_turned_and_mirrored(
    matrix: tuple[int, ...],
    turned: Callable[[Tensor], Tensor],
    reader: VideoReader,
    write_video: Callable[..., Path],
    turn_mp4: Callable[[Path, Sequence[int]], None],
) -> None:
    path = write_video("a.mp4", count=3)
    (upright, *_) = read(reader, path).frames
    turn_mp4(path, matrix)
    frames = read(reader, path).frames
    assert torch.equal(frames[0], turned(upright))


@pytest.mark.parametrize(("hidden", "group"), [(3, "10"), (15, "10"), (3, "100")])
def test_frames_that_an_edit_list_hides(
    hidden: int,
    group: str,
    reader: VideoReader,
    write_video: Callable[..., Path],
    hide_frames: Callable[[Path, int], None],
    number_of: Callable[[Tensor], int],
) -> None:
    path = write_video("a.mp4", options={"g": group, "bf": "2"})
    hide_frames(path, hidden)
    whole = read(reader, path)
    assert whole.number.tolist() == list(range(40 - hidden))
    for sampling in SAMPLINGS[:5]:
        some = read(reader, path, sampling)
        assert [number_of(frame) - hidden for frame in some.frames] == some.number.tolist()
        assert some.timestamp.tolist() == pytest.approx(
            [n / 25 for n in some.number.tolist()], abs=1e-6
        )


RED = (200, 60, 40)
SAMPLES = {  # Y, Cb, Cr of RED, by the two standards' matrices, of 219 + 16 and of 255 levels
    ("bt601", "tv"): (102, 98, 191),
    ("bt601", "pc"): (100, 94, 200),
    ("bt709", "tv"): (92, 105, 190),
    ("bt709", "pc"): (88, 102, 199),
}


@pytest.mark.parametrize(("matrix", "levels"), SAMPLES)
def test_colour_is_by_the_tags(
    matrix: str, levels: str, reader: VideoReader, write_video: Callable[..., Path]
) -> None:
    import av

    def draw(number: int) -> Any:
        frame = av.VideoFrame(128, 96, "yuv420p")
        for plane, level in zip(frame.planes, SAMPLES[matrix, levels], strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        frame.colorspace = {"bt601": 5, "bt709": 1}[matrix]
        frame.color_range = {"tv": 1, "pc": 2}[levels]
        return frame

    tags = {"colorspace": {"bt601": "smpte170m", "bt709": "bt709"}[matrix], "color_range": levels}
    path = write_video("a.mp4", count=2, draw=draw, options={"qp": "0", **tags})
    frame = read(reader, path).frames[0]
    shown = frame[:, 48, 64].tolist()
    assert shown == pytest.approx(RED, abs=3)
    assert int(frame.float().std((1, 2)).max()) == 0


@pytest.mark.parametrize(
    ("name", "container", "at_least"),
    [
        ("a.mkv", {}, 60),
        ("a.mp4", {"movflags": "faststart"}, 40),
        ("a.mp4", {"movflags": "frag_keyframe"}, 40),
        ("a.avi", {}, 40),
        ("a.flv", {}, 40),
        ("a.ts", {}, 40),
    ],
)
def test_the_good_part_of_a_cut_off_file(
    name: str,
    container: dict[str, str],
    at_least: int,
    write_video: Callable[..., Path],
    number_of: Callable[[Tensor], int],
) -> None:
    options = {"g": "5", "bf": "0"}
    path = write_video(name, count=120, options=options, container=container, sound=True)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 8 // 10 | 1])
    results = []
    for each in both():
        chunks: list[FrameChunk] = []
        with pytest.raises(FerkitError, match=r"cut off|decord reads wrongly") as caught:
            chunks.extend(each.read(path, Sampling()))
        assert caught.value.where == str(path)
        results.append(joined(chunks) if chunks else caught.value.hint)
    decord, pyav = results
    assert [number_of(frame) for frame in pyav.frames] == pyav.number.tolist()
    assert len(pyav.number) >= at_least
    if name in ("a.avi", "a.flv", "a.ts"):
        assert "'pyav' can: pip install 'ferkit[pyav]'" in decord
        return
    # Of fragments, decord gets the whole ones.
    assert 0 <= len(pyav.number) - len(decord.number) <= (5 if "frag" in str(container) else 0)
    assert torch.equal(decord.frames, pyav.frames[: len(decord.number)])
    assert len(read(each, path, Sampling("all", first=3, last=9)).number) == 7


def test_transport_streams(
    write_video: Callable[..., Path], number_of: Callable[[Tensor], int]
) -> None:
    path = write_video("a.ts", options=OPEN)
    decord, pyav = both()
    with pytest.raises(FerkitError, match="transport stream, which decord reads wrongly"):
        read(decord, path)
    for sampling in SAMPLINGS:
        got = read(pyav, path, sampling)
        assert [number_of(frame) for frame in got.frames] == got.number.tolist()


def test_chunks_are_bounded_and_lazy(
    reader: VideoReader, write_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
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


def test_one_reader_in_many_threads(reader: VideoReader, write_video: Callable[..., Path]) -> None:
    paths = [write_video(f"{n}.mp4", count=20 + n, options={"g": "8", "bf": "2"}) for n in range(4)]
    jobs = [(path, sampling) for path in paths for sampling in SAMPLINGS[:5]]
    expected = [read(reader, *job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda job: read(reader, *job), jobs * 2))
    for one, other in zip(expected * 2, found, strict=True):
        assert one.number.tolist() == other.number.tolist()
        assert torch.equal(one.frames, other.frames)


def test_threads_do_not_change_pixels(write_video: Callable[..., Path]) -> None:
    path = write_video("a.mp4", options=OPEN)
    for one, several in zip(both(threads=1), both(threads=3), strict=True):
        for sampling in SAMPLINGS[:4]:
            assert torch.equal(
                read(one, path, sampling).frames, read(several, path, sampling).frames
            )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"no video " * 99, "a text file, not a video"),
        (b"#EXTM3U\n/etc/passwd\n", "a text file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), r"a picture \(PNG\)"),
        (b"\xff\xd8\xff\xe0" + bytes(99), r"a picture \(JPEG\)"),
        (b"\0\0\0\x18ftypisom" + bytes(12) + b"\0\0\x10\0mdat" + bytes(99), "index of the video"),
        (bytes(range(256)) * 9, "not a video that (decord|FFmpeg) can open"),
    ],
)
def test_no_videos(content: bytes, reason: str, reader: VideoReader, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(FerkitError, match=reason) as caught:
        read(reader, path)
    assert caught.value.where == str(path)


def test_nothing_is_written_to_stderr(
    reader: VideoReader, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for number, content in enumerate((b"", b"text", b"\xff\xd8\xff" + bytes(9))):
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(content)
        with pytest.raises(FerkitError):
            read(reader, path)
    with pytest.raises(FerkitError, match="no such file"):
        read(reader, tmp_path / "none.mp4")
    assert capfd.readouterr() == ("", "")


def test_frames_that_change_in_size(
    write_video: Callable[..., Path], number_of: Callable[[Tensor], int]
) -> None:
    """A bare stream that goes on in another size: shown in that of its beginning."""
    parts = [
        write_video("a.h264", count=6, options={"bf": "0"}),
        write_video("b.h264", count=6, height=144, width=192, options={"bf": "0"}),
    ]
    path = parts[0].with_name("c.h264")
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    found = read(both()[1], path)
    assert found.frames.shape == (12, 3, 96, 128)
    assert [number_of(frame) for frame in found.frames] == [*range(6), *range(6)]


def test_parts_outside_the_video(reader: VideoReader, write_video: Callable[..., Path]) -> None:
    path = write_video("a.mp4", count=5)
    assert read(reader, path, Sampling("all", first=3, last=99)).number.tolist() == [3, 4]
    with pytest.raises(FerkitError, match="has 5 frames; none in the part asked for"):
        read(reader, path, Sampling("all", first=5, last=9))


def test_sound_without_pictures(reader: VideoReader, tmp_path: Path) -> None:
    import av
    import numpy as np

    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 16000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    with pytest.raises(FerkitError, match=r"that decord can open|no video stream"):
        read(reader, path)
