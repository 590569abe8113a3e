"""The public layouts of VGG-Face's weights: what each calls a layer, and its order of colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from torch import Tensor

from ferkit_vggface.blocks import CONVOLUTIONS, LAST, layers

ChannelOrder = Literal["rgb", "bgr"]

ALL = (*layers(fully_connected=True), LAST)
TENSORS = ("weight", "bias")


class Layout(NamedTuple):
    """name: for messages. stems: what stands before ".weight", by our layer's name.
    order: of the colours in the public file; None: there are both. where: that file."""

    name: str
    stems: Mapping[str, str]
    order: ChannelOrder | None
    where: str


def _underscored(layer: str) -> str:
    """conv1_1 -> conv_1_1; fc6 stays."""
    return layer.replace("conv", "conv_")


def _numbered(prefix: str, step: int) -> list[str]:
    """Positions of the convolutions in a list of convolutions, ReLUs and poolings."""
    stems, position = [], 0
    for names in CONVOLUTIONS.values():
        for _ in names:
            stems.append(f"{prefix}{position}")
            position += step
        position += 1  # the pooling
    return stems


LAYOUTS = (
    Layout(
        "Caffe's names",
        {layer: layer for layer in ALL},
        "rgb",
        "vgg_face_dag.pth of pytorch-mcn",
    ),
    Layout(
        "names with underscores",
        {layer: _underscored(layer) for layer in ALL},
        "bgr",
        "VGG_FACE.t7, converted for prlz77/vgg-face.pytorch",
    ),
    Layout(
        "PyVGGFace's names",
        {
            layer: f"fc.{layer}" if layer.startswith("fc") else f"features.{_underscored(layer)}"
            for layer in ALL
        }
        | {"conv2_2": "features.conv_2_2-conv"},
        "bgr",
        "VGG_FACE.t7, converted by chi0tzp/PyVGGFace",
    ),
    Layout(
        "torchvision's names",
        dict(
            zip(
                ALL,
                [*_numbered("features.", 2), "classifier.0", "classifier.3", "classifier.6"],
                strict=True,
            )
        ),
        None,
        "conversions of both public files",
    ),
    Layout(
        "positions",
        dict(zip(ALL, [*_numbered("", 2), "32", "35", "38"], strict=True)),
        "bgr",
        "VGG_FACE.t7 as one nn.Sequential",
    ),
)

TORCH7 = Layout(
    "layers in the order of a .t7 file", {layer: layer for layer in ALL}, "bgr", "VGG_FACE.t7"
)
"""Told by the file's format, not by names."""


class Recognised(NamedTuple):
    """layout: the nearest one. prefix: that stands before all its names."""

    layout: Layout
    prefix: str

    def public(self, layer: str, tensor: str) -> str:
        """What the file calls "weight" or "bias" of a layer."""
        return f"{self.prefix}{self.layout.stems[layer]}.{tensor}"


def recognise(names: Iterable[str]) -> Recognised | None:
    """The layout that shares most names with a file.

    Args:
        names: of the file's tensors; something such as "backbone." may stand before all.
    Returns: None if no layout shares even two layers.
    """
    given = frozenset(names)
    best, found = 3, None
    for layout in LAYOUTS:
        first = f"{layout.stems[ALL[0]]}.weight"
        beginnings = {""} | {
            name.removesuffix(first) for name in given if name.endswith(f".{first}")
        }
        for prefix in sorted(beginnings, key=len):
            here = Recognised(layout, prefix)
            shared = sum(here.public(layer, one) in given for layer in ALL for one in TENSORS)
            if shared > best:
                best, found = shared, here
    return found


def as_matrix(weight: Tensor) -> Tensor:
    """A fully connected layer that is written as a convolution over the whole map.

    Args:
        weight: (out, C, H, W), or already (out, in).
    Returns: (out, C * H * W): the order in which a map is flattened.
    """
    return weight.flatten(1) if weight.ndim == 4 else weight
