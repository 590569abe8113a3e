"""The authors' own format, in files that the test writes."""

from __future__ import annotations

import struct

import pytest
import torch

from ferkit.errors import FerkitError

KINDS = {torch.float32: "Float", torch.float64: "Double"}


class Writer:
    """Writes what Lua Torch's `torch.save` writes."""

    def __init__(self) -> None:
        self.parts, self.count = [], 0

    def int(self, *values):
        self.parts.append(struct.pack(f"<{len(values)}i", *values))

    def long(self, *values):
        self.parts.append(struct.pack(f"<{len(values)}q", *values))

    def text(self, text):
        self.int(len(text))
        self.parts.append(text.encode())

    def begin(self, kind, name=None):
        self.count += 1
        self.int(kind, self.count)
        if name is not None:
            self.text("V 1")
            self.text(name)

    def item(self, value):
        if value is None:
            self.int(0)
        elif isinstance(value, bool):
            self.int(5, value)
        elif isinstance(value, int | float):
            self.int(1)
            self.parts.append(struct.pack("<d", value))
        elif isinstance(value, str):
            self.int(2)
            self.text(value)
        elif isinstance(value, dict):
            self.begin(3)
            self.int(len(value))
            for key, each in value.items():
                self.item(key)
                self.item(each)
        elif isinstance(value, tuple):  # a module: class and content
            self.begin(4, value[0])
            self.item(value[1])
        else:
            self.tensor(value)

    def tensor(self, value):
        kind = KINDS[value.dtype]
        self.begin(4, f"torch.{kind}Tensor")
        self.int(value.ndim)
        self.long(*value.shape)
        self.long(*value.stride())
        self.long(1 + 2)  # two numbers stand before it in the storage
        self.begin(4, f"torch.{kind}Storage")
        self.long(value.numel() + 2)
        self.parts.append(bytes(2 * value.element_size()) + value.numpy().tobytes())


def lua(value) -> bytes:
    writer = Writer()
    writer.item(value)
    return b"".join(writer.parts)


@pytest.fixture
def network(named):
    """The narrow network as `VGG_FACE.t7` has it: one list of modules, BGR."""
    tensors = named("dag", bgr=True)

    def layer(name):
        kind = "nn.Linear" if name.startswith("fc") else "nn.SpatialConvolution"
        content = {
            "weight": tensors[f"{name}.weight"],
            "bias": tensors[f"{name}.bias"],
            "gradWeight": None,
            "train": False,
            "_type": "torch.FloatTensor",
        }
        return kind, content

    def make(change=None, names=None):
        names = names or [key.removesuffix(".bias") for key in tensors if key.endswith("bias")]
        modules = []
        for name in names:
            modules += [layer(name), ("nn.ReLU", {"inplace": True, "threshold": 0})]
        if change is not None:
            change(modules)
        listed = dict(enumerate(modules, 1))
        return "nn.Sequential", {"modules": listed, "output": torch.zeros(1)}

    return make


@pytest.fixture
def saved(tmp_path):
    def save(value, cut=None):
        (tmp_path / "VGG_FACE.t7").write_bytes(lua(value)[:cut])
        return tmp_path

    return save


def test_the_authors_file_gives_the_same_network(network, saved, narrow, named, written) -> None:
    folder = saved(network())
    made = narrow(folder, weights="VGG_FACE.t7")
    written(named("dag"))
    same = narrow(folder, weights="weights.pth")
    for name, value in same.state_dict().items():
        assert torch.equal(value, made.state_dict()[name]), name
    assert (
        "in the order of a .t7 file, colours in the order BGR as in VGG_FACE.t7"
        in (made.weight_notes[0])
    )


def test_convolutions_as_matrices_and_nested_lists(network, saved, narrow) -> None:
    expected = narrow(saved(network()), weights="VGG_FACE.t7")

    def nest(modules):
        kind, content = modules[0]
        flat = content | {"weight": content["weight"].flatten(1).double()}
        modules[:4] = [("nn.Sequential", {"modules": {1: (kind, flat), 2: modules[2]}})]

    made = narrow(saved(network(nest)), weights="VGG_FACE.t7")
    for name, value in expected.state_dict().items():
        assert torch.equal(value, made.state_dict()[name]), name


def test_without_the_layer_of_identities(network, saved, narrow) -> None:
    folder = saved(network(lambda modules: modules.__delitem__(slice(-2, None))))
    assert len(narrow(folder, weights="VGG_FACE.t7").weight_notes) == 1


def refused(narrow, folder, message):
    with pytest.raises(FerkitError, match=message):
        narrow(folder, weights="VGG_FACE.t7")


def test_another_network(network, saved, narrow) -> None:
    refused(
        narrow, saved(network(names=["fc6", "fc7"])), "has 2 layers with weights, VGG-16 has 16"
    )
    folder = saved(network(lambda modules: modules.__setitem__(0, modules[4])))
    refused(narrow, folder, r"other shapes: conv1_1\.weight \(4, 3, 3, 3\) instead")


def test_a_layer_without_bias_or_with_nan(network, saved, narrow) -> None:
    folder = saved(network(lambda modules: modules[2][1].update(bias=None)))
    refused(narrow, folder, "the bias of conv1_2 is missing")
    bad = torch.full((3,), float("nan"))
    folder = saved(network(lambda modules: modules[2][1].update(bias=bad)))
    refused(narrow, folder, "the bias of conv1_2 is missing or not finite")


@pytest.mark.parametrize("cut", [20, 200, 2000, -1])
def test_truncated(cut, network, saved, narrow) -> None:
    refused(narrow, saved(network(), cut), "file of Lua Torch")


def module(content: bytes) -> bytes:
    return struct.pack("<iii", 4, 1, 3) + b"V 1" + struct.pack("<i", 1) + b"x" + content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (struct.pack("<iii", 6, 2, 5), "a function in it is not run"),
        (struct.pack("<ii", 9, 2), "kind 9"),
        (struct.pack("<d", 0.0), "layers with weights"),
        (struct.pack("<iii", 3, 1, 5), "something else where a table should be"),
        (struct.pack("<ii", 2, -5), "-5 bytes where the file has"),
        (struct.pack("<ii", 2, 2**31 - 1), "2147483647 bytes where the file has"),
        (struct.pack("<iiiii", 3, 2, 1, 3, 3) + struct.pack("<i", 0) * 2, "no name or number"),
    ],
)
def test_damaged(content, message, narrow, tmp_path) -> None:
    (tmp_path / "VGG_FACE.t7").write_bytes(module(content) + bytes(8))
    refused(narrow, tmp_path, message)


@pytest.mark.parametrize(
    ("shape", "strides", "message"),
    [
        ((2, 3), (3, 2), "reaches beyond"),
        ((2, 3), (-1, 1), "reaches beyond"),
        ((1000, 1000), (0, 0), "repeats its numbers"),
        ((0,), (1,), "reaches beyond"),
    ],
)
def test_tensors_stay_within_their_numbers(shape, strides, message, narrow, tmp_path) -> None:
    writer = Writer()
    writer.begin(4, "nn.Linear")
    writer.begin(3)
    writer.int(1)
    writer.item("weight")
    writer.begin(4, "torch.FloatTensor")
    writer.int(len(shape))
    writer.long(*shape, *strides, 1)
    writer.begin(4, "torch.FloatStorage")
    writer.long(6)
    (tmp_path / "VGG_FACE.t7").write_bytes(b"".join(writer.parts) + bytes(24))
    refused(narrow, tmp_path, message)


def test_a_list_within_itself_ends(narrow, tmp_path) -> None:
    writer = Writer()
    writer.begin(4, "nn.Sequential")
    writer.begin(3)
    writer.int(1)
    writer.item("modules")
    writer.begin(3)
    writer.int(1)
    writer.item(1)
    writer.int(4, 1)  # the first object again
    (tmp_path / "VGG_FACE.t7").write_bytes(b"".join(writer.parts))
    refused(narrow, tmp_path, "has 0 layers")
