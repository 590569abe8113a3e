"""Files of tensors: what is read, and why not."""

from __future__ import annotations

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
    [STATE, {"state_dict": STATE, "epoch": 3}, {f"module.{k}": v for k, v in STATE.items()}],
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
        (b"", "can't be read as weights"),
        (b"junk", "can't be read as weights"),
        (b"\x10\0\0\0\0\0\0\0{broken", r"can't be read as weights \("),
    ],
)
def test_other_files(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(FerkitError, match=message):
        read_tensors(tmp_path / "a.pth")


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
