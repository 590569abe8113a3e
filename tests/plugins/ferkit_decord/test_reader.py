"""decord on real videos and broken ones."""

from __future__ import annotations

from pathlib import Path

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
    return FrameChunk(*(torch.cat(columns) for columns in zip(*chunks, strict=True)))


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
    assert [len(chunk.frames) for chunk in chunks] == [1, 3, 3, 3, 2]  # 0.66 MiB a frame
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
    ("content", "reason"), [(b"", "the file is empty"), (b"no video" * 99, "decord can open")]
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

    def __len__(self) -> int:
        return 8

    def get_frame_timestamp(self, index: range) -> list[list[float]]:
        return [[number / 10, number / 10 + 0.1] for number in index]

    def get_batch(self, numbers: list[int]) -> torch.Tensor:
        if max(numbers) >= 5:
            raise RuntimeError("error while decoding")
        return torch.tensor(numbers, dtype=torch.uint8).reshape(-1, 1, 1, 1).repeat(1, 4, 4, 3)


def test_what_decodes_before_a_break_is_yielded_first(
    tmp_path: Path, reader: DecordReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_open", lambda path: Broken())
    chunks: list[FrameChunk] = []
    with pytest.raises(FerkitError, match="breaks off at frame 5 of 8"):
        chunks.extend(reader.read(tmp_path / "a.mp4", Sampling("all")))
    got = joined(chunks)
    assert got.number.tolist() == [0, 1, 2, 3, 4]
    assert got.frames[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]
