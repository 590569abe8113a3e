"""IR-50 and MobileFaceNet against the published networks, through files in their layouts."""

from __future__ import annotations

import pytest
import torch
from ferkit_face_networks.ir50 import KINDS, Ir50, Widths
from ferkit_face_networks.make import make_ir50, make_mobilefacenet
from ferkit_face_networks.names import insightface_ir
from ferkit_face_networks.params import Ir50Params, MobileFaceNetParams
from pydantic import ValidationError

from ferkit.errors import FerkitError
from ferkit.plugin import Context

NARROW = Widths((8, 12, 16, 20), (2, 1, 2, 1), 6)
ALL = [
    ("ir50", "insightface"),
    ("ir50", "evolve"),
    ("ir50", "adaface"),
    ("mobilefacenet", "paper"),
    ("mobilefacenet", "insightface"),
]


@pytest.fixture
def make():
    """Makes a network; IR-50 is narrow."""

    def made(name, *, image_size=112, **params):
        context = Context(image_size=image_size)
        if name == "ir50":
            return make_ir50(Ir50Params(**params), context, widths=NARROW).eval()
        return make_mobilefacenet(MobileFaceNetParams(**params), context).eval()

    return made


@pytest.fixture
def written(published, tmp_path):
    def write(name, layout, change=lambda state: state):
        network = published(name, layout)
        torch.save(change(dict(network.state_dict())), tmp_path / "w.pth")
        return network, str(tmp_path / "w.pth")

    return write


@pytest.mark.parametrize(("name", "layout"), ALL)
def test_the_published_embedding(make, written, name, layout) -> None:
    theirs, path = written(name, layout)
    made = make(name, layout=layout, weights=path, channel_order="rgb")
    images = torch.rand(2, 2, 3, 112, 112) * 2 - 1
    with torch.no_grad():
        expected, features = theirs(images[:, 1]), made(images)
    assert expected.std() > 1e-3
    torch.testing.assert_close(features.pooled[:, 1], expected, rtol=1e-4, atol=1e-5)
    spec = made.spec(2)
    assert spec.dim == features.pooled.shape[-1]
    assert spec.map_channels == tuple(one.shape[2] for one in features.maps)
    assert [one.shape[-1] for one in features.maps] == [56, 28, 14, 7]
    assert made.normalisation == ((0.5,) * 3, (0.5,) * 3)


@pytest.mark.parametrize(("name", "layout"), ALL)
def test_without_the_embedding_features_are_means(make, written, name, layout) -> None:
    _, path = written(name, layout)
    made = make(name, layout=layout, weights=path, embedding=False, image_size=48)
    features = made(torch.rand(2, 1, 3, 48, 48))
    torch.testing.assert_close(features.pooled, features.maps[-1].mean((3, 4)))
    assert features.maps[-1].shape[-1] == 3
    assert len(made.weight_notes) == 1


def test_posters_three_stages(make, written) -> None:
    theirs, path = written("ir50", "poster")
    made = make("ir50", layout="poster", weights=path, embedding=False)
    images = torch.rand(2, 2, 3, 112, 112) * 2 - 1
    with torch.no_grad():
        expected, features = theirs(images[:, 1]), made(images)
    assert expected.std() > 1e-3
    torch.testing.assert_close(features.pooled[:, 1], expected, rtol=1e-4, atol=1e-5)
    assert made.spec(2) == (16, (8, 12, 16), 2)
    assert [one.shape[-1] for one in features.maps] == [56, 28, 14]
    with pytest.raises(FerkitError, match=r"unexpected keys: body1.*Check layout"):
        make("ir50", layout="evolve", weights=path, embedding=False)
    with pytest.raises(ValidationError, match="has no embedding; write embedding: false"):
        Ir50Params(layout="poster")


def test_an_embedding_whose_names_begin_otherwise(make, written) -> None:
    """As files of landmark networks have it, of another length."""

    def around(state):
        inside = ("conv_6_dw.", "linear.", "bn.")
        return {f"output_layer.{k}" if k.startswith(inside) else k: v for k, v in state.items()}

    theirs, path = written("mobilefacenet", "paper", around)
    images = torch.rand(2, 3, 112, 112) * 2 - 1
    with torch.no_grad():
        found = make("mobilefacenet", weights=path)(images[:, None]).pooled[:, 0]
        torch.testing.assert_close(found, theirs(images), rtol=1e-4, atol=1e-5)

    def landmarks(state):
        return around(state) | {"output_layer.linear.weight": torch.zeros(136, 512)}

    _, path = written("mobilefacenet", "paper", landmarks)
    with pytest.raises(FerkitError, match=r"other shapes: .*linear\.weight"):
        make("mobilefacenet", weights=path)
    assert make("mobilefacenet", weights=path, embedding=False).spec(1).dim == 512


def test_blue_first_is_undone_once(make, written) -> None:
    theirs, path = written("ir50", "adaface")
    images = torch.rand(2, 3, 112, 112)
    made = make("ir50", layout="adaface", weights=path)
    with torch.no_grad():
        torch.testing.assert_close(
            made(images[:, None]).pooled[:, 0], theirs(images.flip(1)), rtol=1e-4, atol=1e-5
        )
    assert "AdaFace's layout, colours in the order BGR." in made.weight_notes[0]


def test_normalisation(make, written) -> None:
    """(x - 127.5) / 128 on 0..255 is (x - 0.5) / (128 / 255) on 0..1."""
    _, path = written("mobilefacenet", "paper")
    made = make("mobilefacenet", weights=path, normalisation="128")
    mean, std = made.normalisation
    assert (200 / 255 - mean[0]) / std[0] == pytest.approx((200 - 127.5) / 128)
    made = make("mobilefacenet", weights=path, normalisation="training")
    assert made.normalisation is None


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("ir50", "insightface", "evolve"),
        ("ir50", "evolve", "adaface"),
        ("ir50", "adaface", "insightface"),
        ("mobilefacenet", "paper", "insightface"),
        ("mobilefacenet", "insightface", "paper"),
    ],
)
def test_another_layout_is_refused(make, written, name, right, wrong) -> None:
    _, path = written(name, right)
    with pytest.raises(FerkitError, match=r"missing keys:.*Check layout in model\.backbone"):
        make(name, layout=wrong, weights=path)


def test_the_papers_embedding_is_shorter(make, written) -> None:
    _, path = written("mobilefacenet", "paper")
    with pytest.raises(FerkitError, match=r"other shapes: .*linear\.weight \(512, 512\) instead"):
        make("mobilefacenet", weights=path, dim=128)
    assert make("mobilefacenet", dim=128).spec(1).dim == 128


def test_a_trainers_prefix_is_taken_off(make, written) -> None:
    def prefixed(state):
        return {
            "state_dict": {f"model.{name}": value for name, value in state.items()}
            | {"head.kernel": torch.zeros(3, 5)}
        }

    _, path = written("ir50", "adaface", prefixed)
    assert make("ir50", layout="adaface", weights=path).weight_notes


def test_an_embedding_at_another_size_is_said(make, written) -> None:
    _, path = written("ir50", "insightface")
    made = make("ir50", weights=path, image_size=48)
    assert "crops here have 48 px, and their last map is pooled to 7x7" in made.weight_notes[1]
    assert made(torch.rand(2, 1, 3, 48, 48)).pooled.shape == (2, 1, 6)
    with pytest.raises(FerkitError, match="at least 16 px, not 12"):
        make("ir50", image_size=12)
    assert make("mobilefacenet", image_size=16)(torch.rand(2, 1, 3, 16, 16)).maps[-1].numel()


def test_code_is_not_run_and_other_files_are_refused(make, tmp_path) -> None:
    class Harm:
        def __reduce__(self):
            return open, (str(tmp_path / "harmed"), "w")

    torch.save({"conv1.weight": Harm()}, tmp_path / "w.pth")
    with pytest.raises(FerkitError, match="nothing in it was run"):
        make("ir50", weights=str(tmp_path / "w.pth"))
    assert not (tmp_path / "harmed").exists()
    with pytest.raises(ValidationError, match="sha256 is given without weights"):
        Ir50Params(sha256="0" * 64)


def test_the_whole_networks_have_the_published_sizes() -> None:
    with torch.device("meta"):
        whole = Ir50(KINDS["insightface"])
    names = [insightface_ir(name) for name in whole.state_dict()]
    assert len(set(names)) == len(names)
    assert {"layer3.13.bn3.running_var", "layer1.0.downsample.0.weight", "fc.bias"} <= set(names)
    assert whole.head["linear"].weight.shape == (512, 25088)
    # 43.6 million are reported of InsightFace's, 0.99 of the paper's with 128 features.
    assert round(sum(p.numel() for p in whole.parameters()) / 1e6, 1) == 43.6
    with torch.device("meta"):
        mobile = make_mobilefacenet(MobileFaceNetParams(dim=128), Context())
    assert round(sum(p.numel() for p in mobile.parameters()) / 1e6, 2) == 1.0
