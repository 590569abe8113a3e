"""Clips are the frames they should be, copied or encoded."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from ferkit.contracts.faces import FrameChunk, Sampling, VideoReader
from ferkit.errors import FerkitError, RunError
from ferkit.mining import copying, encoding
from ferkit.mining.clip import Cutter
from ferkit.mining.rule import Run
from ferkit.plugin import Context

PIECES = [("none", 10), ("one", 20, "blue"), ("none", 10)]


@pytest.fixture(params=["decord", "pyav"])
def reader(request: pytest.FixtureRequest) -> VideoReader:
    from ferkit_decord.params import DecordParams
    from ferkit_decord.reader import DecordReader
    from ferkit_pyav.params import PyAVParams
    from ferkit_pyav.reader import PyAVReader

    if request.param == "decord":
        return DecordReader(DecordParams(), Context())
    return PyAVReader(PyAVParams(), Context())


def read(reader: VideoReader, path: Path) -> FrameChunk:
    chunks = list(reader.read(path, Sampling("all")))
    return FrameChunk(*(torch.cat(parts) for parts in list(zip(*chunks, strict=True))[:3]))


def require_part(reader: VideoReader, clip: Path, source: Path, part: Run, *, loss: float) -> None:
    """Frames and times of a clip are those of the part."""
    whole, cut = read(reader, source), read(reader, clip)
    own = slice(part.first, part.last + 1)
    assert cut.number.tolist() == list(range(part.length))
    assert cut.frames.shape == whole.frames[own].shape
    difference = (cut.frames.float() - whole.frames[own].float()).abs().mean((1, 2, 3)) / 255
    assert difference.max() <= loss
    times = whole.timestamp[own] - whole.timestamp[part.first]
    np.testing.assert_allclose(cut.timestamp, times, atol=1e-3)


def test_a_part_at_a_key_frame_is_copied(
    reader: VideoReader, write_video: Any, tmp_path: Path
) -> None:
    source = write_video("a.mp4", PIECES, keys="scenes")
    clip = tmp_path / "clip.mp4"
    assert Cutter(source, reader).cut(Run(10, 29), clip, rate=25) == "copied"
    require_part(reader, clip, source, Run(10, 29), loss=0)
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize("part", [Run(11, 29), Run(0, 39), Run(39, 39), Run(5, 12)])
def test_any_part_can_be_cut(
    reader: VideoReader, write_video: Any, tmp_path: Path, part: Run
) -> None:
    source = write_video("a.mp4", PIECES, keys="scenes")
    clip = tmp_path / "clip.mp4"
    how = Cutter(source, reader).cut(part, clip, rate=25)
    assert how == ("copied" if part.first == 0 else "encoded")
    require_part(reader, clip, source, part, loss=0 if how == "copied" else 0.02)


@pytest.mark.parametrize(
    ("open_gop", "copied"), [(0, [Run(0, 9), Run(10, 19), Run(20, 39)]), (1, [])]
)
def test_frames_that_wait_for_later_ones(
    reader: VideoReader, write_video: Any, tmp_path: Path, open_gop: int, copied: list[Run]
) -> None:
    # B frames: the packets of a part need not lie together, nor be decoded in order.
    options = {"bf": "3", "x264-params": f"b-adapt=0:open-gop={open_gop}:scenecut=0"}
    source = write_video("b.mp4", PIECES, keys=10, options=options)
    cutter, found = Cutter(source, reader), []
    for part in (Run(0, 9), Run(0, 7), Run(10, 19), Run(10, 17), Run(20, 39), Run(3, 36)):
        clip = tmp_path / f"{part.first}-{part.last}.mp4"
        how = cutter.cut(part, clip, rate=25)
        found += [part] if how == "copied" else []
        require_part(reader, clip, source, part, loss=0 if how == "copied" else 0.02)
    assert found == copied


@pytest.mark.parametrize("part", [Run(10, 29), Run(13, 25)])
def test_times_that_are_not_regular_stay(
    reader: VideoReader, write_video: Any, tmp_path: Path, part: Run
) -> None:
    gaps = np.resize([0.02, 0.04, 0.1, 0.033], 40)
    times = [0.0, *np.cumsum(gaps)[:-1]]
    source = write_video("v.mp4", PIECES, keys="scenes", times=times)
    clip = tmp_path / "clip.mp4"
    how = Cutter(source, reader).cut(part, clip, rate=20)
    assert how == ("copied" if part.first == 10 else "encoded")
    require_part(reader, clip, source, part, loss=0 if how == "copied" else 0.02)


@pytest.mark.parametrize("part", [Run(10, 29), Run(13, 25)])
def test_a_turned_video(
    reader: VideoReader, write_video: Any, tmp_path: Path, turn: Any, part: Run
) -> None:
    source = write_video("t.mp4", PIECES, keys="scenes")
    turn(source)
    assert read(reader, source).frames.shape[2:] == (96, 64)
    clip = tmp_path / "clip.mp4"
    how = Cutter(source, reader).cut(part, clip, rate=25)
    assert how == ("copied" if part.first == 10 else "encoded")
    require_part(reader, clip, source, part, loss=0 if how == "copied" else 0.02)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("a.avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
        ("a.avi", {"codec": "mpeg4"}),
        ("a.mkv", {"keys": "scenes"}),
        ("a.mov", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
        ("a.webm", {"codec": "libvpx-vp9", "options": {"cpu-used": "8"}}),
        ("a.mp4", {"pix_fmt": "yuv420p10le"}),
        ("a.mp4", {"codec": "libx265", "options": {"x265-params": "log-level=none"}}),
    ],
)
def test_containers_and_codecs(
    reader: VideoReader, write_video: Any, tmp_path: Path, name: str, more: dict[str, Any]
) -> None:
    source = write_video(name, PIECES, **more)
    clip = tmp_path / "clip.mp4"
    how = Cutter(source, reader).cut(Run(10, 29), clip, rate=25)
    assert how == ("copied" if name in ("a.mkv", "a.mov") else "encoded")
    require_part(reader, clip, source, Run(10, 29), loss=0 if how == "copied" else 0.02)


def test_odd_sizes_become_even(reader: VideoReader, write_video: Any, tmp_path: Path) -> None:
    source = write_video("o.mkv", PIECES, codec="ffv1", size=(65, 97), pix_fmt="yuv444p")
    clip = tmp_path / "clip.mp4"
    assert Cutter(source, reader).cut(Run(10, 29), clip, rate=25) == "encoded"
    cut, whole = read(reader, clip).frames, read(reader, source).frames[10:30]
    assert cut.shape[2:] == (66, 98)
    difference = (cut[..., :65, :97].float() - whole.float()).abs().mean() / 255
    assert difference < 0.02
    last = (cut[..., 65, :].float() - cut[..., 64, :].float()).abs().mean() / 255
    assert last < 0.02


def test_even_sizes_by_hand() -> None:
    pixels = np.arange(9, dtype=np.uint8).reshape(3, 1, 3)
    even = encoding.even_sized(pixels)
    assert even.shape == (4, 2, 3)
    assert even[:, 0].tolist() == even[:, 1].tolist() == [*pixels[:, 0].tolist(), [6, 7, 8]]
    assert encoding.even_sized(even).shape == (4, 2, 3)


def test_without_h264_mpeg4_is_written(
    reader: VideoReader, write_video: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "best_codec", lambda: "mpeg4")
    times = np.cumsum(np.resize([0.02, 0.04, 0.1, 0.033], 40)).tolist()
    source = write_video("v.mp4", PIECES, times=[0.0, *times[:-1]])
    clip = tmp_path / "clip.mp4"
    assert Cutter(source, reader).cut(Run(10, 29), clip, rate=25) == "encoded"
    with av.open(str(clip)) as container:
        assert container.streams.video[0].codec_context.name == "mpeg4"
    require_part(reader, clip, source, Run(10, 29), loss=0.02)


def test_this_ffmpeg_has_h264() -> None:
    assert encoding.best_codec() == "libx264"


@pytest.mark.parametrize("first", [0, 3])
def test_sound_is_left_out(
    reader: VideoReader, write_video: Any, tmp_path: Path, first: int
) -> None:
    source = write_video("a.mp4", PIECES, sound=True)
    with av.open(str(source)) as container:
        assert len(container.streams) == 2
    clip = tmp_path / "clip.mp4"
    Cutter(source, reader).cut(Run(first, 39), clip, rate=25)
    with av.open(str(clip)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
    require_part(reader, clip, source, Run(first, 39), loss=0.02)


def test_a_copy_that_shows_other_frames_is_not_taken(
    reader: VideoReader, write_video: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_video("a.mp4", PIECES, keys=1)
    monkeypatch.setattr(copying, "packets_to_copy", lambda packets, first, last: range(9, 29))
    clip = tmp_path / "clip.mp4"
    assert Cutter(source, reader).cut(Run(10, 29), clip, rate=25) == "encoded"
    require_part(reader, clip, source, Run(10, 29), loss=0.02)


def test_a_clip_that_is_not_right_is_not_there(
    reader: VideoReader, write_video: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_video("a.mp4", PIECES)
    honest = encoding.encode

    def encode_less(chunks: Iterator[FrameChunk], file: Any, *, rate: float) -> None:
        honest((FrameChunk(*(p[:-1] for p in chunk[:3])) for chunk in chunks), file, rate=rate)

    monkeypatch.setattr(encoding, "encode", encode_less)
    clip = tmp_path / "clip.mp4"
    message = "frames 10 to 29 can't be cut out: 19 of 20 frames can be read. --no-clips"
    with pytest.raises(FerkitError, match=message):
        Cutter(source, reader).cut(Run(10, 29), clip, rate=25)
    assert [path.name for path in tmp_path.iterdir()] == ["videos"]


class Breaking:
    """A reader that ends early, and says so or doesn't."""

    def __init__(self, reader: VideoReader, error: FerkitError | None) -> None:
        self.reader, self.error = reader, error

    def read(self, path: Path, sampling: Sampling) -> Iterator[FrameChunk]:
        for chunk in self.reader.read(path, sampling):
            kept = int((chunk.number < 20).sum())
            if kept:
                yield FrameChunk(*(part[:kept] for part in chunk[:3]))
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FerkitError("the video breaks off."), r"cut out: the video breaks off\. --no-clips"),
        (RunError("the disk is full."), "the disk is full"),
        (None, "gives 15 of 25 frames"),
    ],
)
def test_a_reader_that_fails_the_second_time(
    reader: VideoReader,
    write_video: Any,
    tmp_path: Path,
    error: FerkitError | None,
    said: str,
) -> None:
    source = write_video("a.mp4", PIECES)
    with pytest.raises(FerkitError, match=said):
        Cutter(source, Breaking(reader, error)).cut(Run(5, 29), tmp_path / "clip.mp4", rate=25)
    assert [path.name for path in tmp_path.iterdir()] == ["videos"]
    if error is not None and type(error) is FerkitError:  # it breaks off behind the part
        part = Run(5, 19)
        with pytest.raises(FerkitError, match="can't be cut out"):  # the clip breaks off, too
            Cutter(source, Breaking(reader, error)).cut(part, tmp_path / "clip.mp4", rate=25)


@pytest.mark.parametrize("first", [0, 5])
def test_a_full_disk(
    reader: VideoReader,
    write_video: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: int,
) -> None:
    from ferkit.mining import clip as module

    class Full:
        def __init__(self, file: Any) -> None:
            self.file, self.name = file, file.name

        def write(self, content: bytes) -> int:
            if self.file.tell() > 300:
                raise OSError(errno.ENOSPC, "No space left on device")
            return int(self.file.write(content))

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    real = module.replacing

    @contextlib.contextmanager
    def replacing(path: Path) -> Iterator[Any]:
        with real(path) as file:
            yield Full(file)

    monkeypatch.setattr(module, "replacing", replacing)
    source = write_video("a.mp4", PIECES)
    with pytest.raises(RunError, match=r"the disk is full.*findings of videos .* Make room"):
        Cutter(source, reader).cut(Run(first, 29), tmp_path / "clip.mp4", rate=25)
    assert [path.name for path in tmp_path.iterdir()] == ["videos"]
