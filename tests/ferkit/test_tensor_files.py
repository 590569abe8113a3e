"""Files of tensors: what is read, and why not."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from ferkit.errors import FerkitError
from ferkit.tensor_files import read_tensors

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.count": torch.tensor(3)}


def same(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == STATE.keys() and all(torch.equal(found[k], STATE[k]) for k in STATE)


@pytest.mark.parametrize(
    "saved",
    [
        STATE,
        {"state_dict": STATE, "epoch": 3},
        {"iter": 3, "model_state_dict": STATE, "optimizer_state_dict": {"param_groups": [{}]}},
        {"optimizer": {"state": {}}, "model": {f"module.{k}": v for k, v in STATE.items()}},
        {f"module.{k}": v for k, v in STATE.items()},
    ],
)
def test_state_dicts_as_people_save_them(saved: Any, tmp_path: Path) -> None:
    torch.save(saved, tmp_path / "a.pth")
    assert same(read_tensors(tmp_path / "a.pth"))


def test_safetensors_by_content(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "fetched")
    assert same(read_tensors(tmp_path / "fetched"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"can't be read as weights: it is empty\."),
        (b"junk", r"can't be read as weights: it is text\. It must hold tensors only"),
        (b"hello, these are my weights", r"can't be read as weights: it is text\."),
        ("Gewichte f\u00fcr VGG: \u00e4".encode()[:-1], r"can't be read as weights: it is text\."),
        (b"\n<!DOCTYPE html><html>", r"it is a web page\. Download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1\n", r"a pointer of Git LFS\. Get the file"),
        (b"e\x01\x02\x03", r"can't be read as weights\. It must hold"),
        (bytes(range(256)), "can't be read as weights, or holds more than tensors"),
        (b"\x10\0\0\0\0\0\0\0{broken", r"can't be read as weights \("),
    ],
)
def test_other_files(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(FerkitError, match=message):
        read_tensors(tmp_path / "a.pth")


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_plain_pickle_is_refused_without_a_warning(protocol: int, tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(pickle.dumps({"a": [1.0, 2.0]}, protocol=protocol))
    with pytest.raises(FerkitError, match=r"as weights(, or holds more| \(Invalid magic number)"):
        read_tensors(tmp_path / "a.pth")


def test_a_file_of_a_later_pickle_is_read_without_a_warning(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "a.pth", pickle_protocol=3)
    assert same(read_tensors(tmp_path / "a.pth"))


def test_nothing_is_executed(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    torch.save({"a": Trap()}, tmp_path / "a.pth")
    with pytest.raises(FerkitError, match="nothing in it was run"):
        read_tensors(tmp_path / "a.pth")
    assert not (tmp_path / "sprung").exists()


def test_no_file_no_tensors_no_numbers(tmp_path: Path) -> None:
    with pytest.raises(FerkitError, match="no such file of weights"):
        read_tensors(tmp_path / "none.pth")
    torch.save({"a": [1, 2]}, tmp_path / "list.pth")
    with pytest.raises(FerkitError, match="something else than tensors by name"):
        read_tensors(tmp_path / "list.pth")
    torch.save({"a": torch.tensor([1.0, torch.nan])}, tmp_path / "nan.pth")
    with pytest.raises(FerkitError, match="a holds values that are not finite"):
        read_tensors(tmp_path / "nan.pth")
