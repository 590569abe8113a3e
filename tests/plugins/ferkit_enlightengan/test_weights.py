"""Weights come from a named or a fetched file, whole and of this network, or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from ferkit_enlightengan.enhancer import EnlightenGan
from ferkit_enlightengan.params import EnlightenGanParams
from ferkit_enlightengan.weights import NAME, read_generator, weights_file
from safetensors.torch import save_file
from torch import Tensor

from ferkit.cache import cache_folder
from ferkit.errors import FerkitError
from ferkit.fetching import take
from ferkit.known_weights import look_up
from ferkit.plugin import Context


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))


class Harmful:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self._folder,)


def same(path: Path, tensors: dict[str, Tensor]) -> bool:
    """Whether a file's generator has these tensors: its last bias, an inner kernel, a statistic."""
    own = read_generator(path).state_dict()
    return all(
        torch.equal(own[name], tensors[public])
        for name, public in (
            ("last.bias", "conv10.bias"),
            ("up.1.second.conv.weight", "conv7_2.weight"),
            ("down.4.first.norm.running_var", "bn5_1.running_var"),
            ("narrow.3.weight", "deconv8.weight"),
        )
    )


def test_with_and_without_the_prefix(
    checkpoint: Path, public_tensors: dict[str, Tensor], tmp_path: Path
) -> None:
    assert same(checkpoint, public_tensors)
    torch.save(public_tensors, tmp_path / "plain.pth")
    assert same(tmp_path / "plain.pth", public_tensors)


def test_a_file_of_old_torch(public_tensors: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "old.pth"
    kept = {name: each for name, each in public_tensors.items() if "num_batches" not in name}
    torch.save(kept, path, _use_new_zipfile_serialization=False)
    assert same(path, public_tensors)


def test_safetensors_whatever_the_ending(public_tensors: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(public_tensors, tmp_path / "weights")
    assert same(tmp_path / "weights", public_tensors)


def test_missing_unexpected_and_misshapen_names_are_told(
    public_tensors: dict[str, Tensor], tmp_path: Path
) -> None:
    wrong = {name: each for name, each in public_tensors.items() if name != "bn3_1.bias"}
    wrong |= {"extra.weight": torch.zeros(1), "conv1_1.weight": torch.zeros(32, 3, 3, 3)}
    torch.save(wrong, tmp_path / "wrong.pth")
    with pytest.raises(FerkitError) as caught:
        read_generator(tmp_path / "wrong.pth")
    assert "missing keys: bn3_1.bias" in str(caught.value)
    assert "unexpected keys: extra.weight" in str(caught.value)
    assert "conv1_1.weight (32, 3, 3, 3) instead of (32, 4, 3, 3)" in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "wrong.pth"))


def test_values_that_are_not_finite(public_tensors: dict[str, Tensor], tmp_path: Path) -> None:
    bad = public_tensors | {"conv4_1.bias": torch.full((256,), torch.nan)}
    torch.save(bad, tmp_path / "bad.pth")
    with pytest.raises(FerkitError, match=r"conv4_1\.bias holds values that are not finite"):
        read_generator(tmp_path / "bad.pth")


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    torch.save({"conv1_1.weight": Harmful(tmp_path / "made")}, tmp_path / "harmful.pth")
    with pytest.raises(FerkitError, match="holds more than tensors; nothing in it was run"):
        read_generator(tmp_path / "harmful.pth")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [b"", b"<!doctype html><p>Sign in", b"PK\x03\x04 cut off"])
def test_files_of_something_else(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(
        FerkitError, match=r"weights\.pth: (can't be read as|is no file of) weights"
    ):
        read_generator(path)


def test_a_list_of_tensors(tmp_path: Path) -> None:
    torch.save([torch.zeros(3)], tmp_path / "list.pth")
    with pytest.raises(FerkitError, match="holds something else than tensors by name"):
        read_generator(tmp_path / "list.pth")


def test_without_weights_the_alternatives_are_named() -> None:
    with pytest.raises(FerkitError, match="ferkit fetch enlightengan") as caught:
        EnlightenGan(EnlightenGanParams(), Context())
    assert "the weights 'enlightengan' are not here" in caught.value.what
    assert "none, clahe, gamma" in str(caught.value.hint)
    with pytest.raises(FerkitError, match=r"no such file of weights\. .*none, clahe, gamma"):
        EnlightenGan(EnlightenGanParams(weights="nowhere.pth"), Context())


def test_a_fetched_file_is_found(checkpoint: Path) -> None:
    told: list[str] = []
    take(look_up(NAME), checkpoint, say=told.append)
    path, sha256 = weights_file(None, sha256=None, folder=Path())
    assert sha256 == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert path.is_relative_to(cache_folder())
    assert path.read_bytes() == checkpoint.read_bytes()
    assert EnlightenGan(EnlightenGanParams(), Context())(torch.zeros(1, 3, 4, 4)).shape[-1] == 4


def test_a_named_file_lies_in_the_recipe_s_folder_and_is_held_to_its_hash(
    checkpoint: Path,
) -> None:
    right = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    name, folder = checkpoint.name, checkpoint.parent
    assert weights_file(name, sha256=right, folder=folder) == (checkpoint, right)
    assert weights_file(name, sha256=None, folder=folder) == (checkpoint, right)
    with pytest.raises(FerkitError, match=f"its sha256 is {right}, it must be {'0' * 64}"):
        weights_file(name, sha256="0" * 64, folder=folder)


@pytest.mark.parametrize("sha256", [False, True])
def test_a_file_is_hashed_once(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, sha256: bool
) -> None:
    wanted = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    hashed: list[str] = []
    really = hashlib.file_digest

    def counted(file: Any, kind: str) -> Any:
        hashed.append(file.name)
        return really(file, kind)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    params = EnlightenGanParams(weights=str(checkpoint), sha256=wanted if sha256 else None)
    assert EnlightenGan(params, Context()).fingerprint == wanted
    assert hashed == [str(checkpoint)]


def test_a_fetched_file_is_not_hashed_again(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = take(look_up(NAME), checkpoint, say=lambda text: None)
    monkeypatch.delattr(hashlib, "file_digest")
    params = EnlightenGanParams(sha256=arrived.sha256)
    assert EnlightenGan(params, Context()).fingerprint == arrived.sha256
