"""decord on real videos and broken ones."""

from __future__ import annotations

from pathlib import Path

import ferkit_decord.decoding as decoding
import ferkit_decord.reader as reading
import ferkit_decord.times as times
import numpy as np
import pytest
import torch
from ferkit_decord.params import DecordParams
from ferkit_decord.reader import DecordReader

from ferkit.contracts.faces import FrameChunk, Sampling
from ferkit.errors import FerkitError
from ferkit.plugin import Context


@pytest.fixture
def reader() -> DecordReader:
    return DecordReader(DecordParams(threads=1), Context())


def joined(chunks: list[FrameChunk]) -> FrameChunk:
    columns = list(zip(*chunks, strict=True))[:3]
    return FrameChunk(*(torch.cat(column) for column in columns), chunks[0].expected)


def test_evenly_spaced_frames(real_data: Path, reader: DecordReader) -> None:
    path = real_data / "videos" / "single_face.mp4"
    chunk = joined(list(reader.read(path, Sampling("even", 8))))
    assert chunk.frames.shape == (8, 3, 360, 640)
    assert chunk.frames.dtype == torch.uint8
    assert chunk.number.dtype == torch.int64
    assert chunk.timestamp.dtype == torch.float64
    assert chunk.number.tolist() == [4, 13, 22, 31, 40, 49, 58, 67]  # of 72
    assert chunk.timestamp.tolist() == pytest.approx(
        [n / 30 for n in chunk.number.tolist()], abs=1e-4
    )


def test_small_chunks_give_the_same_frames(real_data: Path, reader: DecordReader) -> None:
    path = real_data / "videos" / "single_face.mp4"
    small = DecordReader(DecordParams(threads=1, chunk_mib=2.0), Context())
    chunks = list(small.read(path, Sampling("every", 6)))
    assert [len(chunk.frames) for chunk in chunks] == [3, 3, 3, 3]  # 0.66 MiB a frame
    whole = joined(list(reader.read(path, Sampling("every", 6))))
    assert torch.equal(joined(chunks).frames, whole.frames)
    assert joined(chunks).number.tolist() == list(range(0, 72, 6))


def test_frames_that_an_edit_list_hides_do_not_count(real_data: Path, reader: DecordReader) -> None:
    """The header says 98 frames; the first three are not shown, and 95 decode."""
    chunk = joined(list(reader.read(real_data / "videos" / "no_face.mp4", Sampling("all"))))
    assert len(chunk.frames) == 95
    assert chunk.number.tolist() == list(range(95))
    assert chunk.timestamp[0] == 0
    assert bool((chunk.timestamp.diff() > 0).all())
    assert not torch.equal(chunk.frames[-1], chunk.frames[-2])


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "the file is empty"), (bytes(range(1, 256)) * 9, "decord can open")],
)
def test_broken_files(tmp_path: Path, reader: DecordReader, content: bytes, reason: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(FerkitError, match=reason) as caught:
        next(reader.read(path, Sampling()))
    assert caught.value.where == str(path)
    with pytest.raises(FerkitError, match="no such file"):
        next(reader.read(tmp_path / "none.mp4", Sampling()))


class Broken:
    """Stands for a decord reader whose frames from 5 on do not decode."""

    _handle = None

    def __init__(self) -> None:
        self.place = 0

    def __len__(self) -> int:
        return 8

    def get_frame_timestamp(self, index: range) -> list[list[float]]:
        return [[number / 10, number / 10 + 0.1] for number in index]

    def get_avg_fps(self) -> float:
        return 10.0

    def get_key_indices(self) -> list[int]:
        return [0]

    def seek_accurate(self, index: int) -> None:
        self.place = index

    def next(self) -> torch.Tensor:
        if self.place >= 5:
            raise RuntimeError("error while decoding")
        self.place += 1
        return torch.full((4, 5, 3), self.place - 1, dtype=torch.uint8)


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is read by way of `Broken`."""
    videos: list[Broken] = []
    monkeypatch.setattr(
        reading, "opened", lambda uri, threads: videos.append(Broken()) or videos[-1]
    )
    monkeypatch.setattr(decoding.Frames, "_position", lambda frames: videos[-1].place)
    path = tmp_path / "a.avi"
    path.write_bytes(b"RIFF" + bytes(4) + b"AVI " + bytes(9))
    return path


def test_what_decodes_before_a_break_is_yielded_first(broken: Path, reader: DecordReader) -> None:
    chunks: list[FrameChunk] = []
    with pytest.raises(FerkitError, match="breaks off before frame 5; it should have 8"):
        chunks.extend(reader.read(broken, Sampling("all")))
    got = joined(chunks)
    assert got.number.tolist() == [0, 1, 2, 3, 4]
    assert got.frames[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(FerkitError, match="no frame can be decoded"):
        next(reader.read(broken, Sampling("all", first=6)))


def test_another_frame_than_asked_for_is_an_error(
    broken: Path, reader: DecordReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding.Frames, "_position", lambda frames: 3)
    with pytest.raises(FerkitError, match="no frame can be decoded"):
        next(reader.read(broken, Sampling("every", 2)))


def test_large_files_are_refused_for_now(broken: Path) -> None:
    """As an OSError, which stores do not remember: another limit changes no crop."""
    reader = DecordReader(DecordParams(largest_file_mib=1e-6), Context())
    with pytest.raises(OSError, match="larger than 1e-06 MiB, and decord reads whole") as caught:
        next(reader.read(broken, Sampling()))
    assert "largest_file_mib" in caught.value.strerror
    assert "{use: pyav}" in caught.value.strerror


@pytest.mark.parametrize(("width", "garbled"), [(48, True), (32, True), (64, False), (640, False)])
def test_narrow_frames(width: int, garbled: bool) -> None:
    """Rows of 48 pixels, 144 bytes, are padded to 192 bytes, four times the width."""
    assert decoding.garbles(width) is garbled


def test_times_before_rounding_to_32_bits() -> None:
    exact = np.arange(5000) * 1001 / 24000
    rounded = exact.astype(np.float32).astype(np.float64)
    assert np.abs(times.unrounded(rounded, 24000 / 1001) - exact).max() < 1e-12
    uneven = np.array([0.0, 0.033, 0.067, 1234.567])
    rounded = uneven.astype(np.float32).astype(np.float64)
    assert times.unrounded(rounded, 30.0).tolist() == uneven.tolist()
    odd = np.array([0.0, 0.1234567, 0.4])
    assert times.unrounded(odd, 30.0).tolist() == odd.tolist()


def test_formats_that_decord_reads_wrongly(tmp_path: Path, reader: DecordReader) -> None:
    path = tmp_path / "a.ts"
    path.write_bytes((b"G" + bytes(187)) * 5)
    with pytest.raises(FerkitError, match="transport stream") as caught:
        next(reader.read(path, Sampling()))
    assert caught.value.hint is not None
    assert "{use: pyav}" in caught.value.hint
