"""Wrong files, and what they are told."""

from __future__ import annotations

import hashlib
import pickle

import pytest
import torch
import torchvision
from ferkit_vggface.blocks import layers
from ferkit_vggface.layouts import LAYOUTS
from ferkit_vggface.network import VggFace

from ferkit.errors import FerkitError
from ferkit.testing import tiny_model


def refused(narrow, folder, message, **params):
    with pytest.raises(FerkitError, match=message) as caught:
        narrow(folder, **({"weights": "weights.pth"} | params))
    return str(caught.value)


def test_missing_unexpected_and_misshapen_keys_are_named(named, written, narrow, tmp_path) -> None:
    tensors = named("underscored")
    del tensors["conv_2_2.bias"]
    tensors["extra.weight"] = torch.zeros(1)
    tensors["fc7.weight"] = torch.zeros(8, 9)
    written(tensors)
    text = refused(narrow, tmp_path, "these are not VGG-Face's weights")
    assert "missing keys: conv_2_2.bias;" in text
    assert "unexpected keys: extra.weight;" in text
    assert "other shapes: fc7.weight (8, 9) instead of (8, 8)" in text
    assert "It was read as names with underscores." in text


@pytest.mark.parametrize("kind", [torch.int64, torch.uint8, torch.bool, torch.complex64])
def test_only_floating_point_numbers_are_weights(kind, named, written, narrow, tmp_path) -> None:
    written({name: value.to(kind) for name, value in named("dag").items()})
    text = refused(narrow, tmp_path, "these are not VGG-Face's weights")
    name = str(kind).removeprefix("torch.")
    assert f"(no floating point: conv1_1.weight {name} instead of float32, conv1_1.bias " in text
    assert "and 25 more" in text


def test_one_tensor_of_whole_numbers_is_named(named, written, narrow, tmp_path) -> None:
    written(named("dag") | {"fc6.bias": torch.zeros(8, dtype=torch.int32)})
    refused(narrow, tmp_path, r"\(no floating point: fc6\.bias int32 instead of float32\)")


def test_a_plain_pickle_and_a_text_are_explained(narrow, tmp_path) -> None:
    (tmp_path / "weights.pth").write_bytes(pickle.dumps({"conv1_1.weight": [0.5]}, protocol=4))
    refused(narrow, tmp_path, "holds more than tensors; nothing in it was run")
    (tmp_path / "weights.pth").write_text("export these weights first\n")
    refused(narrow, tmp_path, r"weights\.pth: can't be read as weights: it is text\.")


def test_many_differing_keys_are_counted(named, written, narrow, tmp_path) -> None:
    written({k: v for k, v in named("dag").items() if not k.startswith(("conv1", "conv2"))})
    refused(narrow, tmp_path, r"missing keys: (conv\d_\d\.\w+, ){4}conv\d_\d\.\w+ and 3 more")


def test_another_network_shows_its_names(written, narrow, tmp_path) -> None:
    written(torchvision.models.squeezenet1_1(weights=None).state_dict())
    refused(narrow, tmp_path, r"no layout.*\(features\.0\.weight.* and 47 more\).*conv_1_1")
    written(torchvision.models.resnet18(weights=None).state_dict(), "resnet.pth")
    refused(narrow, tmp_path, r"no layout.*conv1\.weight", weights="resnet.pth")


def test_weights_of_a_run_are_sent_to_init(written, narrow, tmp_path) -> None:
    written(tiny_model(backbone=narrow()).state_dict())
    refused(narrow, tmp_path, "unexpected keys: .*head.weight.*given as 'init'")


def test_an_imagenet_network_is_told_apart(named, written, narrow, tmp_path) -> None:
    tensors = named("torchvision")
    tensors["classifier.6.weight"] = torch.zeros(1000, 8)
    tensors["classifier.6.bias"] = torch.zeros(1000)
    written(tensors)
    refused(narrow, tmp_path, r"1000 ways.*ImageNet, not on faces\. To use it.*: imagenet")
    made = narrow(tmp_path, weights="weights.pth", normalisation="imagenet")
    assert made.normalisation == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert made.weight_notes[0].endswith("torchvision's names, colours in the order RGB.")


def test_imagenets_normalisation_is_not_for_faces(named, written, narrow, tmp_path) -> None:
    written(named("dag"))
    refused(narrow, tmp_path, "2622 ways: this is VGG-Face", normalisation="imagenet")
    cut = {k: v for k, v in named("dag").items() if not k.startswith("fc8")}
    written(cut, "cut.pth")
    refused(
        narrow, tmp_path, "has Caffe's names", normalisation="imagenet", weights="cut.pth"
    )  # fmt: skip


def test_another_number_of_identities_is_said(named, written, narrow, tmp_path) -> None:
    tensors = named("dag")
    tensors["fc8.weight"], tensors["fc8.bias"] = torch.zeros(7, 8), torch.zeros(7)
    made = narrow(tmp_path, weights=written(tensors))
    assert "has 7 ways, VGG-Face's 2622" in made.weight_notes[1]
    cut = {k: v for k, v in tensors.items() if not k.startswith("fc8")}
    made = narrow(tmp_path, weights=written(cut))
    assert len(made.weight_notes) == 1


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_a_truncated_file(name, named, written, narrow, tmp_path) -> None:
    path = tmp_path / written(named("dag"), name)
    path.write_bytes(path.read_bytes()[:2000])
    refused(narrow, tmp_path, "can't be read as weights", weights=name)


def test_code_in_a_pickle_is_not_run(narrow, tmp_path) -> None:
    class Code:
        def __reduce__(self):
            return open, (str(tmp_path / "made"), "w")

    content = pickle.dumps({"conv1_1.weight": Code()}, protocol=2)
    (tmp_path / "weights.pth").write_bytes(content)
    refused(narrow, tmp_path, "nothing in it was run")
    assert not (tmp_path / "made").exists()


def test_a_missing_file(narrow, tmp_path) -> None:
    refused(narrow, tmp_path, r"gone\.pth: no such file of weights", weights="gone.pth")


def test_the_hash_is_held_to(named, written, narrow, tmp_path) -> None:
    file = written(named("dag"))
    right = hashlib.sha256((tmp_path / file).read_bytes()).hexdigest()
    made = narrow(tmp_path, weights=file, sha256=right)
    assert f"weights.pth (sha256 {right[:12]}...): Caffe's names" in made.weight_notes[0]
    refused(narrow, tmp_path, "not the right file", sha256="0" * 64)


@pytest.mark.parametrize(
    ("start", "name", "message"),
    [
        (b"MATLAB 5.0 MAT-file, Platform", "vgg-face.mat", "MatConvNet.*vgg_face_dag"),
        (b"\x89HDF\r\n\x1a\n", "rcmalli_vggface_tf_vgg16.h5", "HDF5.*Convert"),
        (b"\x1f\x8b\x08\x00", "vgg_face_torch.tar.gz", "gzip.*Unpack"),
        (b"\n\x0fVGG_FACE_16_lay", "VGG_FACE.caffemodel", "Caffe model"),
    ],
)
def test_other_formats_are_told_apart(start, name, message, narrow, tmp_path) -> None:
    (tmp_path / name).write_bytes(start + bytes(100))
    refused(narrow, tmp_path, message, weights=name)


def test_the_fetched_file(named, written, narrow, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FERKIT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(FerkitError, match="ferkit fetch vggface"):
        narrow(fetched=True)


def test_the_whole_network_has_the_published_shapes() -> None:
    with torch.device("meta"):
        made = VggFace()
        theirs = torchvision.models.vgg16(weights=None)
    torchvisions = next(one for one in LAYOUTS if one.name == "torchvision's names")
    assert len(made.layers) == 15
    for layer in layers(fully_connected=True):
        for one in ("weight", "bias"):
            public = f"{torchvisions.stems[layer]}.{one}"
            assert made.layers.state_dict()[f"{layer}.{one}"].shape == (
                theirs.state_dict()[public].shape
            )
    assert sum(p.numel() for p in made.parameters()) == 134_260_544
    assert made.spec(3) == (4096, (64, 128, 256, 512, 512), 3)
