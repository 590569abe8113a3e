"""Whole pickled networks: read without running anything, harmful ones refused by name."""

from __future__ import annotations

import io
import os
import pickle
import sys
import types
import zipfile

import pytest
import torch
from torch import nn

from ferkit.errors import FerkitError
from ferkit.pickled_modules import read_module, read_tensors_or_module


class Inner(nn.Module):
    """With everything that a state dict leaves out, too."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4, eps=1e-3)
        self.act = nn.functional.relu
        self.register_buffer("passing", torch.zeros(2), persistent=False)
        self.register_buffer("empty", None)
        self.register_parameter("absent", None)


@pytest.fixture
def elsewhere(monkeypatch):
    """A class of a module that is not there any more when its file is read."""
    module = types.ModuleType("somebodys_networks")
    kind = type("Net", (Inner,), {"__module__": "somebodys_networks"})
    module.Net = kind
    monkeypatch.setitem(sys.modules, "somebodys_networks", module)
    return kind


def crafted(path, content: bytes, **entries: bytes):
    """An archive as torch.save makes it, with a pickle of our own."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        for name, data in entries.items():
            archive.writestr(f"archive/data/{name}", data)
    return path


class Call:
    def __init__(self, function, *args) -> None:
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def test_a_network_of_an_unknown_class_gives_its_state_dict(
    elsewhere, tmp_path, monkeypatch
) -> None:
    network = nn.Sequential(elsewhere(), nn.Linear(4, 2).half())
    torch.save(network, tmp_path / "net.pt")
    monkeypatch.delitem(sys.modules, "somebodys_networks")
    read = read_module(tmp_path / "net.pt")
    expected = network.state_dict()
    assert list(read.tensors) == list(expected)
    for name, value in expected.items():
        assert torch.equal(read.tensors[name], value)
        assert read.tensors[name].dtype == value.dtype
    assert read.parts["0"].kind == "somebodys_networks.Net"
    assert read.parts["0.norm"].settings["eps"] == 1e-3
    assert read.parts["0.layer"].settings["padding"] == (1, 1)
    assert "somebodys_networks" not in sys.modules


def test_views_shared_tensors_and_wrappers(tmp_path) -> None:
    network = nn.Linear(3, 3)
    network.weight = nn.Parameter(torch.arange(9.0).reshape(3, 3).t())
    both = nn.DataParallel(nn.ModuleDict({"a": network, "b": network}))
    torch.save({"epoch": 3, "model": both}, tmp_path / "net.pt")
    read = read_module(tmp_path / "net.pt")
    assert list(read.tensors) == ["a.weight", "a.bias", "b.weight", "b.bias"]
    assert torch.equal(read.tensors["b.weight"], network.weight)


def test_a_file_of_tensors_has_no_parts(tmp_path) -> None:
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "w.pth")
    assert read_tensors_or_module(tmp_path / "w.pth").parts == {}
    torch.save(nn.Linear(2, 2), tmp_path / "net.pth")
    assert set(read_tensors_or_module(tmp_path / "net.pth").parts) == {""}


@pytest.mark.parametrize(
    ("function", "args", "named"),
    [
        (os.system, ("touch harmed",), f"{os.system.__module__}.system"),
        (eval, ("1",), r"(__builtin__|builtins)\.eval"),
        (getattr, ("a", "upper"), r"(__builtin__|builtins)\.getattr"),
        (torch.hub.load, ("a", "b"), r"torch\.hub\.load"),
        (torch.load, ("a",), r"torch\.serialization\.load"),
        (nn.Linear, (2, 2), r"torch\.nn\.modules\.linear\.Linear"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_calls_are_refused_by_name(tmp_path, monkeypatch, function, args, named, protocol) -> None:
    monkeypatch.chdir(tmp_path)
    network = nn.Linear(2, 2)
    network.harm = Call(function, *args)
    torch.save(network, tmp_path / "net.pt", pickle_protocol=protocol)
    with pytest.raises(FerkitError, match=f"it asks (for|to call) {named}.*was run"):
        read_tensors_or_module(tmp_path / "net.pt")
    assert not (tmp_path / "harmed").exists()


def test_a_reference_to_the_standard_library_is_refused(tmp_path) -> None:
    network = nn.Linear(2, 2)
    network.harm = os.system
    torch.save(network, tmp_path / "net.pt")
    with pytest.raises(FerkitError, match=r"\.system, which is no part of a network"):
        read_module(tmp_path / "net.pt")


FUNCTION = b"ctorch._utils\n_rebuild_parameter\n"

OPCODES = {
    "a method of a stand-in": b"cx\ny\n)\x81}X\x04\x00\x00\x00__init__cx\nz\nsb)R.",
    "a class changed": b"cx\ny\n}X\x01\x00\x00\x00aK\x01sb.",
    "an allowed function changed": FUNCTION + b"}X\x01\x00\x00\x00aK\x01sb.",
    "its slots changed": FUNCTION + b"N}X\x09\x00\x00\x00_functionK\x01s\x86b.",
    "old classes": b"(cx\ny\no.",
    "old instances": b"(ix\ny\n.",
    "an item of a class": b"cx\ny\nK\x01K\x02s.",
    "a registered extension": b"\x82\x01.",
}


@pytest.mark.parametrize("content", OPCODES.values(), ids=list(OPCODES))
def test_ways_around_the_stand_ins_end_in_an_error(tmp_path, content) -> None:
    with pytest.raises(FerkitError, match=r"nothing in (it|this file) was run"):
        read_module(crafted(tmp_path / "net.pt", b"\x80\x02" + content))


def pickled(value) -> bytes:
    """A pickle whose tensors refer to the storage "0"."""

    class Writer(pickle.Pickler):
        def persistent_id(self, item):
            return item.pid if isinstance(item, Storage) else None

    stream = io.BytesIO()
    Writer(stream, protocol=2).dump(value)
    return stream.getvalue()


class Storage:
    def __init__(self, count, key="0", kind=torch.FloatStorage) -> None:
        self.pid = ("storage", kind, key, "cpu", count)


def of_tensor(storage, offset, shape, strides) -> nn.Module:
    """A network whose only parameter is such a tensor."""
    made = nn.Module()
    rebuild = torch._utils._rebuild_tensor_v2
    made._parameters["w"] = Call(rebuild, storage, offset, shape, strides, False, None)
    return made


@pytest.mark.parametrize(
    ("storage", "offset", "shape", "strides", "message"),
    [
        (Storage(4), 0, (5,), (1,), "reaches beyond"),
        (Storage(4), 3, (2,), (1,), "reaches beyond"),
        (Storage(4), 0, (1000, 1000), (0, 0), "reaches beyond"),
        (Storage(4), -1, (2,), (1,), "has no shape"),
        (Storage(4), 0, (2,), (1, 1), "has no shape"),
        (Storage(4), 0, (True,), (1,), "has no shape"),
        (Storage(5), 0, (2,), (1,), "more or fewer numbers"),
        (Storage(4, "../1"), 0, (2,), (1,), "can't be read as a network"),
        (Storage(4, 7), 0, (2,), (1,), "unknown way"),
        (4, 0, (2,), (1,), "without numbers"),
    ],
)
def test_tensors_keep_to_their_numbers(tmp_path, storage, offset, shape, strides, message) -> None:
    content = pickled(of_tensor(storage, offset, shape, strides))
    path = crafted(tmp_path / "net.pt", content, **{"0": bytes(16)})
    with pytest.raises(FerkitError, match=message):
        read_module(path)


def test_a_packed_archive_is_refused(tmp_path) -> None:
    """A small file could unpack to any size."""
    with zipfile.ZipFile(tmp_path / "net.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickled(of_tensor(Storage(4), 0, (4,), (1,))))
        archive.writestr("archive/data/0", bytes(16))
    with pytest.raises(FerkitError, match="packed as torch"):
        read_module(tmp_path / "net.pt")


def test_a_network_within_itself_is_refused(tmp_path) -> None:
    network = nn.Sequential(nn.Linear(1, 1))
    network._modules["again"] = network
    torch.save(network, tmp_path / "net.pt")
    with pytest.raises(FerkitError, match="layers within layers without end"):
        read_module(tmp_path / "net.pt")


def test_other_things_and_damaged_files(tmp_path) -> None:
    path = tmp_path / "net.pt"
    torch.save([nn.Linear(1, 1)], path)
    with pytest.raises(FerkitError, match="something else than one network"):
        read_tensors_or_module(path)
    torch.save(nn.Linear(100, 100), path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(FerkitError, match="can't be read"):
        read_tensors_or_module(path)
    with pytest.raises(FerkitError, match="no such file of weights"):
        read_tensors_or_module(tmp_path / "gone.pt")
    broken = nn.Linear(2, 2)
    nn.init.constant_(broken.weight, float("nan"))
    torch.save(broken, path)
    with pytest.raises(FerkitError, match="weight holds values that are not finite"):
        read_tensors_or_module(path)
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Call(os.getcwd)))
    with pytest.raises(FerkitError, match="holds more than tensors; nothing in it was run"):
        read_tensors_or_module(tmp_path / "plain.pt")
