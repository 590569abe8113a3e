"""EfficientNet against torchvision's and timm's, from files in each public layout."""

from __future__ import annotations

import os
import sys

import pytest
import torch
import torchvision
from ferkit_efficientnet.backbone import make_efficientnet
from ferkit_efficientnet.layers import SameConv2d
from ferkit_efficientnet.network import SCALES, EfficientNet, scaled
from ferkit_efficientnet.params import EfficientNetParams
from pydantic import ValidationError
from torch import nn

from ferkit.errors import FerkitError
from ferkit.plugin import Context

CONTEXT = Context()


def make(**params) -> EfficientNet:
    return make_efficientnet(EfficientNetParams(**params), CONTEXT).eval()


def lively(network: nn.Module) -> nn.Module:
    """With statistics that differ from channel to channel, so that a swap would be seen."""
    generator = torch.Generator().manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for one, low, high in ((layer.running_mean, -0.1, 0.1), (layer.running_var, 0.5, 1.5)):
                one.uniform_(low, high, generator=generator)
    return network.eval()


@pytest.fixture(scope="module")
def torchvisions():
    torch.manual_seed(0)
    return lively(torchvision.models.efficientnet_b0(num_classes=3))


@pytest.fixture(scope="module")
def whole():
    """A whole network of timm with a classifier as HSEmotion's has."""
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    made = timm.create_model("tf_efficientnet_b0")
    made.classifier = nn.Sequential(nn.Linear(1280, 8))
    return lively(made)


@pytest.mark.parametrize("size", [64, 75])
def test_torchvisions_features(torchvisions, tmp_path, size) -> None:
    torch.save(torchvisions.state_dict(), tmp_path / "w.pth")
    made = make(weights=str(tmp_path / "w.pth"), padding="symmetric")
    images = torch.rand(2, 2, 3, size, size)
    features = made(images)
    hidden, expected = images[:, 1], []
    for layer in torchvisions.features:
        hidden = layer(hidden)
        expected.append(hidden)
    assert hidden.std() > 1e-4
    torch.testing.assert_close(features.maps[-1][:, 1], hidden)
    torch.testing.assert_close(features.pooled[:, 1], hidden.mean((2, 3)))
    for own, theirs in zip(features.maps, (1, 2, 3, 5, 8), strict=True):
        torch.testing.assert_close(own[:, 1], expected[theirs])


@pytest.mark.parametrize("size", [64, 75])
def test_a_whole_network_of_timm(whole, tmp_path, monkeypatch, size) -> None:
    torch.save(whole, tmp_path / "enet.pt")
    images = torch.rand(2, 3, size, size)
    expected = whole.forward_head(whole.forward_features(images), pre_logits=True)
    for name in [one for one in sys.modules if one.partition(".")[0] == "timm"]:
        monkeypatch.delitem(sys.modules, name)
    made = make(weights=str(tmp_path / "enet.pt"))
    assert "timm" not in sys.modules
    assert expected.std() > 1e-4
    torch.testing.assert_close(made(images[:, None]).pooled[:, 0], expected)
    assert "a whole network of which nothing was run" in made.weight_notes[0]
    assert made.normalisation == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_a_state_dict_of_timm(whole, tmp_path) -> None:
    torch.save(whole.state_dict(), tmp_path / "w.pth")
    made = make(weights=str(tmp_path / "w.pth"), normalisation="training")
    assert torch.equal(made.conv_head.weight, whole.conv_head.weight)
    assert made.normalisation is None
    assert made.weight_notes[0].endswith("timm's names.")


def test_padding_is_held_to_what_the_file_tells(whole, torchvisions, tmp_path) -> None:
    torch.save(whole, tmp_path / "enet.pt")
    with pytest.raises(FerkitError, match=r"other padding.*Conv2dSame.*Set padding: tensorflow"):
        make(weights=str(tmp_path / "enet.pt"), padding="symmetric")
    torch.save(torchvisions.state_dict(), tmp_path / "w.pth")
    with pytest.raises(FerkitError, match=r"torchvision's names.*Set padding: symmetric"):
        make(weights=str(tmp_path / "w.pth"))


def test_another_network_is_refused(whole, tmp_path) -> None:
    path = str(tmp_path / "w.pth")
    torch.save(whole.state_dict(), path)
    with pytest.raises(FerkitError, match=r"missing keys: .*blocks\.0\.1\.conv_dw.*Check size"):
        make(weights=path, size="b2")
    state = whole.state_dict() | {"extra": torch.zeros(1)}
    del state["blocks.3.1.se.conv_reduce.bias"]
    torch.save(state, path)
    with pytest.raises(
        FerkitError, match=r"missing keys: blocks\.3\.1\.se\.conv_reduce\.bias; unexpected.*extra"
    ):
        make(weights=path)


def test_a_harmful_network_is_refused_by_name(tmp_path, monkeypatch) -> None:
    class Harm:
        def __reduce__(self):
            return os.system, ("touch harmed",)

    monkeypatch.chdir(tmp_path)
    network = nn.Linear(1, 1)
    network.hook = Harm()
    torch.save(network, tmp_path / "enet.pt")
    with pytest.raises(FerkitError, match=rf"it asks for {os.system.__module__}\.system"):
        make(weights=str(tmp_path / "enet.pt"))
    assert not (tmp_path / "harmed").exists()


def test_tensorflows_padding_by_hand() -> None:
    """Of 4 pixels at stride 2 a kernel of 3 needs one more, at the end: sums 1+2+3 and 3+4."""
    layer = SameConv2d(1, 1, 3, 2, bias=False)
    nn.init.zeros_(layer.weight)
    with torch.no_grad():
        layer.weight[0, 0, 0] = 1
    row = torch.tensor([1.0, 2, 3, 4]).expand(1, 1, 4, 4)
    assert layer(row).tolist() == [[[[6, 7], [6, 7]]]]


def test_sizes_of_the_paper() -> None:
    assert [scaled(c, 1.1) for c in (32, 16, 24, 40, 80, 112, 192, 320, 1280)] == [
        32, 16, 24, 48, 88, 120, 208, 352, 1408
    ]  # fmt: skip
    b0, b2 = EfficientNet(), EfficientNet(SCALES["b2"])
    # Tan and Le's 5.3 and 9.2 million with the layer of 1000 classes, which is not here.
    assert round(sum(p.numel() for p in b0.parameters()) / 1e6 + 1.281, 1) == 5.3
    assert round(sum(p.numel() for p in b2.parameters()) / 1e6 + 1.409, 1) == 9.1
    assert b0.spec(3) == (1280, (16, 24, 40, 112, 1280), 3)
    assert [len(stage) for stage in b2.blocks] == [2, 3, 3, 4, 4, 5, 2]


def test_parameters_agree() -> None:
    with pytest.raises(ValidationError, match="weights or fetched"):
        EfficientNetParams(weights="w.pt", fetched=True)
    with pytest.raises(ValidationError, match="sha256 is given without weights"):
        EfficientNetParams(sha256="0" * 64)


def test_the_fetched_file(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path))
    with pytest.raises(FerkitError, match="ferkit fetch hsemotion"):
        make(fetched=True)
