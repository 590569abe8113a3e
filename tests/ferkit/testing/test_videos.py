"""Videos of the checks hold what they are said to hold."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import torch

from ferkit.contracts.faces import Sampling
from ferkit.plugin import Context
from ferkit.testing.videos import (
    COLOURS,
    numbered_frame,
    read_colours,
    read_number,
    write_avi,
    write_mp4,
)


@pytest.mark.parametrize("number", [0, 1, 16, 37, 170, 255])
def test_a_frame_carries_its_number(number: int) -> None:
    frame = numbered_frame(number)
    assert frame.shape == (3, 96, 128)
    assert frame.dtype == torch.uint8
    assert read_number(frame) == number
    assert read_colours(frame).int().tolist() == [list(each) for each in COLOURS]


def test_bits_lie_in_two_rows_of_four() -> None:
    frame = numbered_frame(0b0001_0010)
    bright = frame[0, 16:64:32, 16::32] > 100
    assert bright.tolist() == [[False, True, False, False], [True, False, False, False]]


def test_the_avi_file_is_whole_and_its_index_leads_to_pictures(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    write_avi(path, 5)
    content = path.read_bytes()
    assert content[:4] + content[8:12] == b"RIFFAVI "
    assert struct.unpack("<I", content[4:8])[0] == len(content) - 8
    movie, index = content.index(b"movi"), content.index(b"idx1")
    assert struct.unpack("<I", content[index + 4 : index + 8])[0] == 5 * 16
    for number in range(5):
        kind, flags, offset, size = struct.unpack_from("<4s3I", content, index + 8 + 16 * number)
        assert (kind, flags) == (b"00dc", 0x10)
        start = movie + offset
        assert content[start : start + 8] == b"00dc" + struct.pack("<I", size)
        assert content[start + 8 : start + 10] == b"\xff\xd8"


def test_frames_come_back_from_both_kinds_of_file(tmp_path: Path, make_reader) -> None:
    pytest.importorskip("av", reason="PyAV, which writes the video, is not installed")
    write_avi(tmp_path / "a.avi", 12)
    write_mp4(tmp_path / "b.mp4", [0, 1, 2, 5, 6, 9])
    reader = make_reader(Context())
    for name, count in (("a.avi", 12), ("b.mp4", 6)):
        chunks = list(reader.read(tmp_path / name, Sampling("all")))
        assert [read_number(f) for chunk in chunks for f in chunk.frames] == list(range(count))
    seconds = torch.cat([chunk.timestamp for chunk in chunks])
    assert seconds.tolist() == pytest.approx([0, 0.04, 0.08, 0.2, 0.24, 0.36], abs=1e-4)
