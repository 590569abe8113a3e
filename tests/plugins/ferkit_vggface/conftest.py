"""A narrow VGG-Face, and files of its weights in each public layout."""

from __future__ import annotations

import pytest
import torch
from ferkit_vggface.backbone import make_vggface
from ferkit_vggface.network import Widths
from ferkit_vggface.params import VggFaceParams
from safetensors.torch import save_file

from ferkit.plugin import Context

NARROW = Widths((3, 4, 5, 6, 7), 8)


@pytest.fixture(scope="session")
def narrow():
    """Makes a narrow network; the parameters are keywords."""

    def make(folder=None, *, image_size=0, **params):
        context = Context(image_size=image_size, **({"folder": folder} if folder else {}))
        return make_vggface(VggFaceParams(**params), context, widths=NARROW).eval()

    return make


@pytest.fixture(scope="session")
def reference(narrow):
    """Weights for RGB by our names, with biases and fc8."""
    torch.manual_seed(0)
    tensors = {
        name: value + 0.05 * torch.rand_like(value)
        for name, value in narrow().layers.state_dict().items()
    }
    return tensors | {"fc8.weight": torch.rand(2622, 8), "fc8.bias": torch.rand(2622)}


# Written out from the public code, not made by a rule: what each file calls the layers.
WRITTEN = {
    "dag": """
        conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv3_3 conv4_1 conv4_2 conv4_3
        conv5_1 conv5_2 conv5_3 fc6 fc7 fc8
    """,
    "underscored": """
        conv_1_1 conv_1_2 conv_2_1 conv_2_2 conv_3_1 conv_3_2 conv_3_3 conv_4_1 conv_4_2
        conv_4_3 conv_5_1 conv_5_2 conv_5_3 fc6 fc7 fc8
    """,
    "pyvggface": """
        features.conv_1_1 features.conv_1_2 features.conv_2_1 features.conv_2_2-conv
        features.conv_3_1 features.conv_3_2 features.conv_3_3 features.conv_4_1
        features.conv_4_2 features.conv_4_3 features.conv_5_1 features.conv_5_2
        features.conv_5_3 fc.fc6 fc.fc7 fc.fc8
    """,
    "torchvision": """
        features.0 features.2 features.5 features.7 features.10 features.12 features.14
        features.17 features.19 features.21 features.24 features.26 features.28
        classifier.0 classifier.3 classifier.6
    """,
    "positions": "0 2 5 7 10 12 14 17 19 21 24 26 28 32 35 38",
}
NAMES = {layout: text.split() for layout, text in WRITTEN.items()}
LAYERS = NAMES["dag"]


@pytest.fixture(scope="session")
def named(reference):
    """The reference weights under a layout's names, those of BGR layouts with BGR."""

    def make(layout, *, bgr=None, prefix=""):
        names = dict(zip(LAYERS, NAMES[layout], strict=True))
        flipped = layout in ("underscored", "pyvggface", "positions") if bgr is None else bgr
        made = {}
        for name, value in reference.items():
            layer, one = name.split(".")
            if flipped and name == "conv1_1.weight":
                value = value[:, [2, 1, 0]]
            made[f"{prefix}{names[layer]}.{one}"] = value.contiguous()
        return made

    return make


@pytest.fixture
def written(tmp_path):
    """Writes tensors to a file; gives its name in `tmp_path`."""

    def write(tensors, name="weights.pth"):
        if name.endswith(".safetensors"):
            save_file(tensors, tmp_path / name)
        else:
            torch.save(tensors, tmp_path / name)
        return name

    return write
