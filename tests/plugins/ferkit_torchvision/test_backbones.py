"""Networks of torchvision: features, and weights from files."""

from __future__ import annotations

import hashlib
import pickle

import pytest
import torch
import torchvision
from ferkit_torchvision.named import NETWORKS, make_named
from ferkit_torchvision.params import NamedParams, ResNetParams, VggParams
from ferkit_torchvision.resnet import make_resnet
from ferkit_torchvision.vgg import make_vgg
from safetensors.torch import save_file
from torch import nn
from torchvision.models.vgg import cfgs, make_layers

from ferkit.errors import FerkitError
from ferkit.plugin import Context


@pytest.fixture(scope="module")
def resnet():
    torch.manual_seed(0)
    return torchvision.models.resnet18(weights=None).eval()


@pytest.fixture
def vgg(monkeypatch):
    """torchvision's VGG-11, but with 16 instead of 4096 hidden units, which are quicker."""
    monkeypatch.setattr("ferkit_torchvision.vgg.HIDDEN", 16)
    torch.manual_seed(0)
    made = torchvision.models.VGG.__new__(torchvision.models.VGG)
    nn.Module.__init__(made)
    made.features = make_layers(cfgs["A"])
    made.avgpool = nn.AdaptiveAvgPool2d(7)
    hidden = [nn.Linear(512 * 49, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 16), nn.ReLU()]
    made.classifier = nn.Sequential(*hidden, nn.Dropout(), nn.Linear(16, 3))
    return made.eval()


def written(network, folder, name="weights.safetensors"):
    state = network.state_dict()
    if name.endswith(".safetensors"):
        save_file(state, folder / name)
    else:
        torch.save(state, folder / name)
    return name


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth"])
def test_resnet_gives_torchvisions_features(resnet, tmp_path, name) -> None:
    made = make_resnet(
        ResNetParams(weights=written(resnet, tmp_path, name)), Context(folder=tmp_path)
    ).eval()
    images = torch.rand(2, 2, 3, 64, 64)
    features = made(images)
    expected = torch.nn.Sequential(*list(resnet.children())[:-1])(images[:, 1]).flatten(1)
    torch.testing.assert_close(features.pooled[:, 1], expected)
    assert [m.shape[2:] for m in features.maps] == [
        (64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2)
    ]  # fmt: skip
    assert made.normalisation[0][0] == 0.485


def test_resnet_for_small_input_keeps_the_maps_large() -> None:
    made = make_resnet(ResNetParams(small_input=True), Context())
    assert made(torch.rand(2, 1, 3, 32, 32)).maps[0].shape == (2, 1, 64, 32, 32)
    assert made.normalisation is None


def test_deep_resnets_are_four_times_as_wide() -> None:
    made = make_resnet(ResNetParams(depth=50), Context())
    assert made.spec(3).dim == 2048
    assert made.spec(3).regions == 3


def test_vgg_gives_torchvisions_features(vgg, tmp_path) -> None:
    name = written(vgg, tmp_path)
    images = torch.rand(2, 1, 3, 64, 64)
    made = make_vgg(VggParams(depth=11, weights=name), Context(folder=tmp_path)).eval()
    maps = vgg.features(images[:, 0])
    torch.testing.assert_close(made(images).maps[-1][:, 0], maps)
    torch.testing.assert_close(made(images).pooled[:, 0], maps.mean((2, 3)))


def test_vgg_with_its_fully_connected_layers(vgg, tmp_path) -> None:
    params = VggParams(depth=11, weights=written(vgg, tmp_path), fully_connected=True)
    made = make_vgg(params, Context(folder=tmp_path)).eval()
    images = torch.rand(1, 1, 3, 64, 64)
    hidden = vgg.avgpool(vgg.features(images[:, 0])).flatten(1)
    torch.testing.assert_close(made(images).pooled[:, 0], vgg.classifier[:-1](hidden))
    assert made.spec(1).dim == 16
    assert made.spec(1).map_channels == (64, 128, 256, 512, 512)


def test_vgg_with_batch_norm() -> None:
    made = make_vgg(VggParams(depth=11, batch_norm=True), Context())
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in made.modules())
    assert made(torch.rand(2, 1, 3, 32, 32)).pooled.shape == (2, 1, 512)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "mobilenet_v3_large", "convnext_tiny"])
def test_named_networks_give_torchvisions_features(tmp_path, name) -> None:
    torch.manual_seed(0)
    network = getattr(torchvision.models, name)(weights=None).eval()
    file = written(network, tmp_path)
    made = make_named(NamedParams(name=name, weights=file), Context(folder=tmp_path)).eval()
    images = torch.rand(2, 1, 3, 70, 70)
    features = made(images)
    last = network.features(images[:, 0])
    torch.testing.assert_close(features.maps[-1][:, 0], last)
    torch.testing.assert_close(features.pooled[:, 0], last.mean((2, 3)))
    assert made.normalisation[0][0] == 0.485


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_maps_of_named_networks_are_the_last_of_their_size(name) -> None:
    with torch.device("meta"):
        made = make_named(NamedParams(name=name), Context()).eval()
        maps = made(torch.rand(1, 1, 3, 64, 64)).maps
    sizes = [one.shape[-1] for one in maps]
    assert sizes == [32, 16, 8, 4, 2][-len(sizes) :]
    assert tuple(one.shape[2] for one in maps) == made.spec(1).map_channels
    # The layer after each halves the map.
    shown = made.stages.shown
    assert shown[-1] == len(made.network["features"]) - 1
    hidden = torch.rand(1, 3, 64, 64, device="meta")
    side = []
    for layer in made.network["features"]:
        hidden = layer(hidden)
        side.append(hidden.shape[-1])
    assert [i for i, one in enumerate(side) if side[i + 1 : i + 2] != [one]] == list(shown)


def test_a_named_network_refuses_weights_of_another(resnet, tmp_path) -> None:
    name = written(resnet, tmp_path)
    with pytest.raises(FerkitError, match=r"another network .*features\.0\.0\.weight"):
        make_named(NamedParams(weights=name), Context(folder=tmp_path))


def load_resnet(tmp_path, **params):
    return make_resnet(ResNetParams(**params), Context(folder=tmp_path))


def test_weights_of_another_depth_name_the_keys(resnet, tmp_path) -> None:
    name = written(resnet, tmp_path)
    with pytest.raises(
        FerkitError, match=r"missing keys: layer1\.2\.conv1\.weight.*more\).*Check depth"
    ):
        load_resnet(tmp_path, depth=34, weights=name)
    with pytest.raises(FerkitError, match=r"other shapes: conv1\.weight \(64, 3, 7, 7\) instead"):
        load_resnet(tmp_path, small_input=True, weights=name)


def test_unexpected_keys_are_named(resnet, tmp_path) -> None:
    save_file(resnet.state_dict() | {"extra.weight": torch.zeros(1)}, tmp_path / "w.safetensors")
    with pytest.raises(FerkitError, match=r"unexpected keys: extra\.weight"):
        load_resnet(tmp_path, weights="w.safetensors")


def test_checksum(resnet, tmp_path) -> None:
    name = written(resnet, tmp_path)
    right = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    load_resnet(tmp_path, weights=name, sha256=right)
    with pytest.raises(FerkitError, match=f"its sha256 is {right}, it must be {'0' * 64}"):
        load_resnet(tmp_path, weights=name, sha256="0" * 64)


def test_a_pickle_is_not_executed(tmp_path) -> None:
    class Harm:
        def __reduce__(self):
            return (open, (str(tmp_path / "harmed"), "w"))

    torch.save({"a": Harm()}, tmp_path / "w.pth")
    with pytest.raises(FerkitError, match="can't be read as weights"):
        load_resnet(tmp_path, weights="w.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(FerkitError, match="can't be read as weights"):
        load_resnet(tmp_path, weights="plain.pth")
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"junk", "can't be read as weights"), (b"", "can't be read as weights")],
)
def test_damaged_files(tmp_path, content, message) -> None:
    for name in ("w.safetensors", "w.pth"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FerkitError, match=message):
            load_resnet(tmp_path, weights=name)


def test_absent_files_and_wrong_contents(tmp_path) -> None:
    with pytest.raises(FerkitError, match=r"w\.pth: no such file of weights"):
        load_resnet(tmp_path, weights="w.pth")
    torch.save([1, 2], tmp_path / "w.pth")
    with pytest.raises(FerkitError, match="something else than tensors by name"):
        load_resnet(tmp_path, weights="w.pth")


def test_wrapped_state_dicts_are_unwrapped(resnet, tmp_path) -> None:
    state = {f"module.{name}": value for name, value in resnet.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "w.pth")
    made = load_resnet(tmp_path, weights="w.pth", normalisation="training")
    assert torch.equal(made.network.conv1.weight, resnet.conv1.weight)
    assert made.normalisation is None
