"""First weights from elsewhere: all of them or none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from torch import nn

from ferkit.errors import FerkitError
from ferkit.foreign_weights import find_given, load_fitting


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))


def load(given: dict, **more) -> nn.Module:
    made = network()
    load_fitting(made, given, path=Path("w.pth"), hint="Look again.", **more)
    return made


def test_the_file_is_found_and_held_to_its_hash(tmp_path) -> None:
    (tmp_path / "w.pth").write_bytes(b"weights")
    right = hashlib.sha256(b"weights").hexdigest()
    assert find_given(None, None, folder=tmp_path) is None
    assert find_given("w.pth", right, folder=tmp_path) == (tmp_path / "w.pth", right)
    with pytest.raises(FerkitError, match="not the right file"):
        find_given("w.pth", "0" * 64, folder=tmp_path)
    with pytest.raises(FerkitError, match="no such file of weights"):
        find_given("gone.pth", None, folder=tmp_path)


def test_fetched_weights_are_found_by_name(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path))
    with pytest.raises(FerkitError, match="ferkit fetch vggface"):
        find_given(None, None, folder=tmp_path, fetched="vggface")


def test_a_head_counters_and_half_precision_do_not_matter() -> None:
    reference = network().half().state_dict()
    given = {k: v for k, v in reference.items() if not k.endswith("num_batches_tracked")}
    made = load(given | {"fc.weight": torch.zeros(3)}, unused=("fc.",))
    assert made[0].weight.dtype == torch.float32
    assert torch.equal(made[0].weight, reference["0.weight"].float())


def test_what_does_not_fit_is_named_and_nothing_is_loaded() -> None:
    given = network().state_dict()
    given["0.weight"] = torch.zeros(2, 3, 3, 3)
    del given["1.bias"]
    with pytest.raises(
        FerkitError, match=r"w\.pth: .*missing keys: 1\.bias; unexpected keys: fc\.weight; other"
    ):
        load(given | {"fc.weight": torch.zeros(3)})


def test_errors_speak_of_the_names_in_the_file() -> None:
    names = {name: f"net.{name}" for name in network().state_dict()}
    given = {f"net.{name}": value for name, value in network().state_dict().items()}
    assert torch.equal(load(given, names=names)[0].bias, given["net.0.bias"])
    del given["net.0.bias"]
    with pytest.raises(FerkitError, match=r"missing keys: net\.0\.bias.*Look again"):
        load(given, names=names)
