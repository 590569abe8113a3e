"""Checkpoints are whole or not used; weights files say what they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from ferkit.errors import FerkitError, RunError
from ferkit.testing import tiny_model
from ferkit.training.checkpoint import load_checkpoint, save_checkpoint
from ferkit.training.weights import load_init, read_weights, save_weights


def number(folder: Path):
    found = load_checkpoint(folder)
    return None if found is None else (found.state["number"], found.tensors["a"].item())


def save(folder: Path, value: int) -> None:
    save_checkpoint(folder, {"a": torch.tensor(value)}, {"number": value})


def test_the_last_one_is_loaded(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path) is None
    for value in (1, 2, 3):
        save(tmp_path, value)
    assert number(tmp_path) == (3, 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["last"]
    assert sorted(p.name for p in (tmp_path / "last").iterdir()) == [
        "state.json",
        "tensors.safetensors",
    ]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


@pytest.mark.parametrize("damaged", ["tensors.safetensors", "state.json"])
def test_a_cut_one_is_never_used(tmp_path: Path, damaged) -> None:
    save(tmp_path, 1)
    shutil.copytree(tmp_path / "last", tmp_path / "kept")
    save(tmp_path, 2)
    (tmp_path / "kept").rename(tmp_path / ".last-before")
    assert number(tmp_path) == (2, 2)
    cut(tmp_path / "last" / damaged)
    assert number(tmp_path) == (1, 1)


@pytest.mark.parametrize("moment", ["write_tensors", "write_synced"])
def test_killed_while_writing_the_one_before_stays(tmp_path: Path, monkeypatch, moment) -> None:
    save(tmp_path, 1)

    def killed(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"ferkit.training.checkpoint.{moment}", killed)
        with pytest.raises(KeyboardInterrupt):
            save(tmp_path, 2)
    assert number(tmp_path) == (1, 1)
    save(tmp_path, 3)
    assert number(tmp_path) == (3, 3)


def test_killed_between_two_renames(tmp_path: Path, monkeypatch) -> None:
    save(tmp_path, 1)
    real, calls = Path.rename, []

    def once(self, target):
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", once)
        with pytest.raises(KeyboardInterrupt):
            save(tmp_path, 2)
    assert not (tmp_path / "last").exists()
    assert number(tmp_path) == (2, 2)


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch) -> None:
    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ferkit.training.checkpoint.write_tensors", full)
    with pytest.raises(RunError, match=r"can't be written: No space left.*--resume"):
        save(tmp_path, 1)


def test_a_later_format_is_said(tmp_path: Path) -> None:
    save(tmp_path, 1)
    state = tmp_path / "last" / "state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"format": 99}))
    with pytest.raises(RunError, match="checkpoint of format 99"):
        load_checkpoint(tmp_path)


@pytest.fixture
def written(tmp_path: Path):
    torch.manual_seed(0)
    model = tiny_model(3)
    model.set_normalisation((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    path = tmp_path / "weights.safetensors"
    save_weights(path, model, {"classes": ["a", "b", "c"]})
    return path, model


def other_model(classes: int = 3):
    torch.manual_seed(1)
    return tiny_model(classes)


def test_weights_come_back_with_their_normalisation(written) -> None:
    path, model = written
    tensors, about = read_weights(path)
    assert about["classes"] == ["a", "b", "c"]
    assert about["normalisation"]["mean"] == pytest.approx([0.1, 0.2, 0.3])
    fresh, notes = other_model(), []
    load_init(fresh, path, classes="abc", note=notes.append)
    assert notes == []
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, fresh.state_dict()[name])
        assert torch.equal(tensor, tensors[name])


def test_classes_in_another_order_are_put_in_order(written) -> None:
    path, model = written
    fresh = other_model()
    load_init(fresh, path, classes="cab", note=lambda text: None)
    assert torch.equal(fresh.head.bias, model.head.bias[[2, 0, 1]])
    assert torch.equal(fresh.head.weight, model.head.weight[[2, 0, 1]])


@pytest.mark.parametrize("classes", ["abcd", "abx"])
def test_other_classes_get_a_fresh_head_and_it_is_said(written, classes) -> None:
    path, model = written
    fresh, notes = other_model(len(classes)), []
    head = fresh.head.weight.detach().clone()
    load_init(fresh, path, classes=classes, note=notes.append)
    assert torch.equal(fresh.head.weight, head)
    assert torch.equal(fresh.backbone.layer.weight, model.backbone.layer.weight)
    assert "a, b, c; the last layer starts anew" in notes[0]


def test_many_classes_of_other_weights_are_counted(written, monkeypatch) -> None:
    path, _ = written
    notes = []
    monkeypatch.setattr("ferkit.training.weights.MOST_NAMED", 2)
    load_init(other_model(4), path, classes="abcd", note=notes.append)
    assert "are of 3 other classes; the last layer" in notes[0]


def test_weights_of_another_network(written) -> None:
    path, _ = written
    from ferkit.testing.tiny import TinyBackbone

    with pytest.raises(
        FerkitError, match=r"another network: other shapes: backbone\.layer\.weight \(8, 48"
    ):
        load_init(tiny_model(backbone=TinyBackbone(9)), path, classes="abc", note=lambda text: None)
    different = other_model()
    different.backbone.extra = torch.nn.Linear(1, 1)
    with pytest.raises(FerkitError, match=r"missing keys: backbone\.extra\.weight, backbone"):
        load_init(different, path, classes="abc", note=lambda text: None)


def test_damaged_and_absent_weights(written, tmp_path: Path) -> None:
    path, _ = written
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(FerkitError, match="not those that the"):
        read_weights(path)
    with pytest.raises(FerkitError, match=r"nothing\.json: no such file"):
        read_weights(tmp_path / "nothing.safetensors")
    path.with_suffix(".json").write_text("[")
    with pytest.raises(FerkitError, match="can't be read as weights"):
        read_weights(path)


def test_a_disk_that_fills_up_while_tensors_are_written_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 1)

    def full(*_: object) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("ferkit.training.checkpoint.save_file", full)
    with pytest.raises(RunError, match=r"No space left on device.*Free some space"):
        save(tmp_path, 2)
    with pytest.raises(RunError, match="No space left on device"):
        save_weights(tmp_path / "x.safetensors", tiny_model(), {})
    assert number(tmp_path) == (1, 1), "the checkpoint before stays"
