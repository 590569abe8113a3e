"""What is told of a file without a hash: not that it is right, but that it can't be."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ferkit.unverified import what_is_broken

DAMAGED = "it is damaged, or not whole."


@pytest.fixture(params=["torch", "safetensors", "numpy"])
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "file"
    if request.param == "torch":
        torch.save({"a": torch.arange(500), "b": torch.zeros(3)}, path)
    elif request.param == "safetensors":
        save_file({"a": torch.arange(500), "b": torch.zeros(3)}, path, {"made": "here"})
    else:
        with path.open("wb") as file:
            np.savez(file, a=np.arange(500), b=np.zeros(3))
    return path


def test_a_whole_file(whole: Path) -> None:
    assert what_is_broken(whole) is None


@pytest.mark.parametrize("left", [0.05, 0.5, 0.95, -1])
def test_a_file_cut_off(whole: Path, left: float) -> None:
    content = whole.read_bytes()
    whole.write_bytes(content[: int(len(content) * left) if left > 0 else -1])
    assert what_is_broken(whole) == DAMAGED


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "it is empty."),
        (b"\n<!DOCTYPE html><p>Sign in", "it is a web page."),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P", None),  # torch of before 2020 says no length
        (b"\x08\x07\x12\x06onnx", None),
        (b"x", None),
        (bytes(8) + b"{}", None),
        ((5).to_bytes(8, "little") + b"{abc}" + b"more", None),
        (b"\xff" * 8 + b"{}", None),
        (b"PK\x03\x04 and no end", DAMAGED),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, told: str | None) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert what_is_broken(path) == told


def test_too_much_behind_the_tensors(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}).encode()
    path = tmp_path / "file"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"12")
    assert what_is_broken(path) is None
    path.write_bytes(path.read_bytes() + b"3")
    assert what_is_broken(path) == DAMAGED


def test_an_empty_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "file", "w"):
        pass
    assert what_is_broken(tmp_path / "file") is None
