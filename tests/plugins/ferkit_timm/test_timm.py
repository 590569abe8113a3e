"""Networks of timm: features, maps, sizes, weights from files, and what is refused."""

from __future__ import annotations

import builtins
import re

import pytest
import torch
from ferkit_timm.backbone import make_timm
from ferkit_timm.network import TimmNetwork
from ferkit_timm.params import TimmParams
from pydantic import ValidationError
from safetensors.torch import save_file

from ferkit.cli import main
from ferkit.errors import FerkitError
from ferkit.plugin import Context
from ferkit.testing.backbone import check_backbone

timm = pytest.importorskip("timm")

NETWORKS = ["test_resnet", "test_efficientnet", "test_vit", "test_convnext"]


def make(name, *, image_size=48, **params):
    torch.manual_seed(0)
    return make_timm(TimmParams(name=name, **params), Context(image_size=image_size)).eval()


@pytest.mark.parametrize("features", ["own", "mean"])
@pytest.mark.parametrize("name", NETWORKS)
def test_contract(name, features) -> None:
    params = TimmParams(name=name, features=features)
    check_backbone(lambda context: make_timm(params, context), regions=(2,))


@pytest.mark.parametrize("name", NETWORKS)
def test_features_are_timms(name) -> None:
    made = make(name, image_size=160)
    theirs = timm.create_model(name, num_classes=0).eval()
    theirs.load_state_dict(made.network.state_dict())
    images = torch.rand(2, 2, 3, 160, 160)
    with torch.no_grad():
        features, expected = made(images), theirs(images[:, 1])
        stages = theirs.forward_intermediates(images[:, 1], intermediates_only=True)
    torch.testing.assert_close(features.pooled[:, 1], expected)
    assert len(features.maps) == min(4, len(stages))
    for own, stage in zip(features.maps, stages[-4:], strict=True):
        torch.testing.assert_close(own[:, 1], stage)


@pytest.mark.parametrize("name", NETWORKS)
def test_features_can_be_the_mean_of_the_last_map(name) -> None:
    params = TimmParams(name=name, features="mean")
    assert set(params.provides()) == {"maps", "pooled_maps"}
    features = make(name, features="mean")(torch.rand(2, 1, 3, 48, 48))
    torch.testing.assert_close(features.pooled, features.maps[-1].mean((3, 4)))


def test_tokens_that_are_no_place_are_no_part_of_a_map() -> None:
    """The last map of a ViT is its normalised tokens but the first."""
    made = make("test_vit", features="mean")
    images = torch.rand(2, 3, 48, 48)
    tokens = made.network.forward_features(images)
    assert tokens.shape == (2, 10, 64)
    expected = tokens[:, 1:].reshape(2, 3, 3, 64).permute(0, 3, 1, 2)
    torch.testing.assert_close(made(images[:, None]).maps[-1][:, 0], expected)


class ChannelsLast(torch.nn.Module):
    """As Swin: its last map is (N, H, W, C), those of its stages are not."""

    num_features = 6

    def forward_intermediates(self, images, *, indices, output_fmt):
        stage = images.repeat(1, 2, 1, 1)
        return stage.permute(0, 2, 3, 1) + 1, [stage] * indices


def test_a_last_map_with_channels_last_is_turned() -> None:
    images = torch.rand(2, 1, 3, 4, 5)
    features = TimmNetwork(ChannelsLast(), maps=2, mean=True)(images)
    expected = images.repeat(1, 1, 2, 1, 1) + 1
    torch.testing.assert_close(features.maps[-1], expected)
    torch.testing.assert_close(features.pooled, expected.mean((3, 4)))


def test_no_maps() -> None:
    made = make("test_resnet", maps=0)
    assert TimmParams(name="test_resnet", maps=0).provides() == ()
    assert made.spec(3) == (96, (), 3)
    assert made(torch.rand(1, 3, 3, 48, 48)).maps == ()
    assert len(make("test_resnet", maps=99).spec(1).map_channels) == 5
    with pytest.raises(ValidationError, match="features: mean needs maps"):
        TimmParams(name="test_resnet", features="mean", maps=0)


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_convnext"])
def test_odd_sizes(name) -> None:
    assert make(name, image_size=51)(torch.rand(1, 1, 3, 51, 51)).pooled.shape[0] == 1


def test_a_size_that_a_network_does_not_take_is_refused() -> None:
    with pytest.raises(FerkitError, match=r"test_vit takes no crops of 50 px \(.*16.*cropper"):
        make("test_vit", image_size=50)


@pytest.mark.parametrize("ending", ["safetensors", "pth"])
@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_weights_with_their_classifier(tmp_path, name, ending) -> None:
    """Loaded at their own size; a table of places is resampled as timm does."""
    theirs = timm.create_model(name).eval()
    path = tmp_path / f"w.{ending}"
    if ending == "pth":
        torch.save(theirs.state_dict(), path)
    else:
        save_file(theirs.state_dict(), path)
    made = make(f"{name}.r160_in1k", weights=str(path))
    images = torch.rand(2, 3, 48, 48)
    if hasattr(theirs, "set_input_size"):
        theirs.set_input_size((48, 48))
    with torch.no_grad():
        expected = theirs.forward_head(theirs.forward_features(images), pre_logits=True)
        torch.testing.assert_close(made(images[:, None]).pooled[:, 0], expected)
    configured = theirs.pretrained_cfg
    assert made.normalisation == (tuple(configured["mean"]), tuple(configured["std"]))
    assert f"starts from w.{ending} (sha256 " in made.weight_notes[0]
    assert "images of 160 px" in made.weight_notes[0]


def test_weights_of_another_network(tmp_path) -> None:
    path = tmp_path / "w.pth"
    torch.save(timm.create_model("test_convnext").state_dict(), path)
    with pytest.raises(FerkitError, match=r"missing keys: .*of this very network"):
        make("test_resnet", weights=str(path))
    with pytest.raises(FerkitError, match="no such file of weights"):
        make("test_resnet", weights=str(tmp_path / "gone.pth"))
    assert make("test_resnet").normalisation is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resnet_18", r"no network 'resnet_18'.*mean 'resnet\d+'.*list_models"),
        ("resnet18.a9", r"knows no training 'a9' of resnet18.*a1_in1k"),
    ],
)
def test_unknown_names_are_refused_when_the_recipe_is_read(name, words, capsys) -> None:
    setting = f"model.backbone={{use: timm, name: {name}}}"
    assert main(["check", "quickstart", "--set", setting]) == 2
    told = capsys.readouterr().err
    assert "model.backbone.name is wrong" in told
    assert re.search(words, told)
    # A recipe that was read where there was no timm.
    params = TimmParams.model_construct(name=name)
    with pytest.raises(FerkitError, match=words):
        make_timm(params, Context(image_size=48))


@pytest.mark.parametrize("name", ["hf-hub:timm/resnet18", "hf_hub:a/b", "local-dir:/tmp", "../x"])
def test_nothing_is_fetched(name) -> None:
    with pytest.raises(ValidationError, match="should match pattern"):
        TimmParams(name=name)


def test_without_timm_it_says_what_to_install(monkeypatch) -> None:
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "timm":
            raise ImportError("No module named 'timm'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert TimmParams(name="resnet_18").name == "resnet_18"  # what it knows can't be told
    with pytest.raises(FerkitError, match=r"needs timm.*pip install 'ferkit\[timm\]'"):
        make("test_resnet")
