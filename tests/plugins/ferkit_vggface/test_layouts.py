"""The same numbers in each public layout give the same network."""

from __future__ import annotations

import pytest
import torch
from ferkit_vggface.layouts import recognise
from torch.nn.functional import conv2d

from ferkit.errors import FerkitError
from ferkit.foreign_weights import flip_channels

ORDERS = {"torchvision": {"channel_order": "rgb"}}
LAYOUTS = ["dag", "underscored", "pyvggface", "torchvision", "positions"]


@pytest.fixture(scope="module")
def images():
    return torch.rand(2, 1, 3, 32, 32, generator=torch.Generator().manual_seed(2))


@pytest.fixture(scope="module")
def expected(reference, narrow, images):
    made = narrow()
    made.layers.load_state_dict({k: v for k, v in reference.items() if not k.startswith("fc8")})
    with torch.no_grad():
        return made(images).pooled


def pooled(network, images):
    with torch.no_grad():
        return network(images).pooled


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_each_layout(layout, name, named, written, narrow, images, expected, tmp_path) -> None:
    file = written(named(layout), name)
    made = narrow(tmp_path, weights=file, **ORDERS.get(layout, {}))
    assert torch.equal(pooled(made, images), expected)


@pytest.mark.parametrize(
    ("prefix", "wrap"),
    [("module.", None), ("backbone.", "state_dict"), ("module.net.", "state_dict")],
)
def test_wrapped(prefix, wrap, named, written, narrow, images, expected, tmp_path) -> None:
    tensors = named("dag", prefix=prefix)
    file = written({wrap: tensors, "epoch": 3} if wrap else tensors)
    assert torch.equal(pooled(narrow(tmp_path, weights=file), images), expected)


def test_fully_connected_layers_as_convolutions(
    named, written, narrow, images, expected, tmp_path
) -> None:
    tensors = named("dag")
    tensors["fc6.weight"] = tensors["fc6.weight"].reshape(8, 7, 7, 7)
    tensors["fc7.weight"] = tensors["fc7.weight"].reshape(8, 8, 1, 1)
    tensors["fc8.weight"] = tensors["fc8.weight"].reshape(2622, 8, 1, 1)
    made = narrow(tmp_path, weights=written(tensors))
    assert torch.equal(pooled(made, images), expected)


def test_other_precisions_are_read(named, written, narrow, images, expected, tmp_path) -> None:
    tensors = {name: value.double() for name, value in named("dag").items()}
    made = narrow(tmp_path, weights=written(tensors))
    assert torch.equal(pooled(made, images), expected)


def test_the_convolutions_alone(named, written, narrow, images, tmp_path) -> None:
    tensors = named("dag")
    whole = narrow(tmp_path, weights=written(tensors))
    alone = narrow(tmp_path, weights="weights.pth", fully_connected=False)
    assert torch.equal(pooled(alone, images), whole(images).maps[-1].mean((3, 4)))
    cut = {k: v for k, v in tensors.items() if not k.startswith("fc")}
    written(cut, "cut.pth")
    alone = narrow(tmp_path, weights="cut.pth", fully_connected=False)
    assert alone.spec(1).dim == 7
    with pytest.raises(FerkitError, match=r"missing keys: fc6\.weight.*fully_connected: false"):
        narrow(tmp_path, weights="cut.pth")


def test_a_flipped_convolution_sees_flipped_colours() -> None:
    weight, images = torch.rand(4, 3, 3, 3), torch.rand(2, 3, 8, 8)
    bgr = images[:, [2, 1, 0]]
    torch.testing.assert_close(conv2d(images, flip_channels(weight)), conv2d(bgr, weight))


def test_the_order_of_colours_can_be_said(
    named, written, narrow, images, expected, tmp_path
) -> None:
    written(named("dag", bgr=True), "caffe.pth")
    made = narrow(tmp_path, weights="caffe.pth", channel_order="bgr")
    assert torch.equal(pooled(made, images), expected)
    assert not torch.equal(pooled(narrow(tmp_path, weights="caffe.pth"), images), expected)


def test_torchvisions_names_do_not_tell_the_order(named, written, narrow, tmp_path) -> None:
    file = written(named("torchvision"))
    with pytest.raises(FerkitError, match=r"either order.*channel_order: rgb if it was made from"):
        narrow(tmp_path, weights=file)


def test_few_names_in_common_are_not_a_layout() -> None:
    assert recognise(["conv1_1.weight", "conv1_1.bias", "fc.weight"]) is None
