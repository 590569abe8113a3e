"""Videos that are turned, trimmed, tagged, cut off or none at all: both readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ferkit.contracts.faces import FrameChunk, Sampling, VideoReader
from ferkit.errors import FerkitError


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
    read: Callable[..., FrameChunk],
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
    read: Callable[..., FrameChunk],
) -> None:
    path = write_video("a.mp4", options={"g": group, "bf": "2"})
    hide_frames(path, hidden)
    whole = read(reader, path)
    assert whole.number.tolist() == list(range(40 - hidden))
    for sampling in (
        Sampling("every", 7),
        Sampling("even", 3),
        Sampling("even", 11),
        Sampling("fps", 3.0),
    ):
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
    matrix: str,
    levels: str,
    reader: VideoReader,
    write_video: Callable[..., Path],
    read: Callable[..., FrameChunk],
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
    both: Callable[..., tuple[VideoReader, VideoReader]],
    read: Callable[..., FrameChunk],
    joined: Callable[[list[FrameChunk]], FrameChunk],
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
def test_no_videos(
    content: bytes,
    reason: str,
    reader: VideoReader,
    tmp_path: Path,
    read: Callable[..., FrameChunk],
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(FerkitError, match=reason) as caught:
        read(reader, path)
    assert caught.value.where == str(path)


def test_nothing_is_written_to_stderr(
    reader: VideoReader,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    read: Callable[..., FrameChunk],
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
    write_video: Callable[..., Path],
    number_of: Callable[[Tensor], int],
    both: Callable[..., tuple[VideoReader, VideoReader]],
    read: Callable[..., FrameChunk],
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


def test_parts_outside_the_video(
    reader: VideoReader, write_video: Callable[..., Path], read: Callable[..., FrameChunk]
) -> None:
    path = write_video("a.mp4", count=5)
    assert read(reader, path, Sampling("all", first=3, last=99)).number.tolist() == [3, 4]
    with pytest.raises(FerkitError, match="has 5 frames; none in the part asked for"):
        read(reader, path, Sampling("all", first=5, last=9))


def test_sound_without_pictures(
    reader: VideoReader, tmp_path: Path, read: Callable[..., FrameChunk]
) -> None:
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
