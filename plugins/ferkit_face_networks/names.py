"""What the public files call the layers of both networks."""

from __future__ import annotations

import re
from collections.abc import Callable

Rename = Callable[[str], str]
"""Name of one of our tensors -> name in the file."""

_IR_BLOCK = re.compile(r"stages\.(\d+)\.(\d+)\.(\w+)\.(.+)")
_PART = {"conv": "0", "bn": "1", "prelu": "2"}
"""Of a convolution with what follows it, where the file numbers them."""

EVOLVE_LAYERS = {"bn1": "0", "conv1": "1", "prelu": "2", "conv2": "3", "bn3": "4"}
ADAFACE_LAYERS = {"bn1": "0", "conv1": "1", "bn2": "2", "prelu": "3", "conv2": "4", "bn3": "5"}


def numbered(tensor: str) -> str:
    """conv.weight -> 0.weight."""
    part, _, rest = tensor.partition(".")
    return f"{_PART[part]}.{rest}"


def insightface_ir(name: str) -> str:
    """arcface_torch's iresnet50."""
    match = _IR_BLOCK.fullmatch(name)
    if match is not None:
        stage, block, layer, tensor = match.groups()
        tensor = numbered(tensor) if layer == "downsample" else tensor
        return f"layer{int(stage) + 1}.{block}.{layer}.{tensor}"
    part, _, tensor = name.partition(".")
    layer, _, last = tensor.partition(".")
    if part == "stem":
        return f"{ {'conv': 'conv1', 'bn': 'bn1', 'prelu': 'prelu'}[layer] }.{last}"
    return f"{ {'norm': 'bn2', 'linear': 'fc', 'features': 'features'}[layer] }.{last}"


def listed_ir(layers: dict[str, str], blocks: tuple[int, ...]) -> Rename:
    """face.evoLVe's and AdaFace's names: all blocks in one list.

    Args:
        layers: number of each of a block's layers.
        blocks: in each stage.
    """

    def rename(name: str) -> str:
        match = _IR_BLOCK.fullmatch(name)
        if match is not None:
            stage, block, layer, tensor = match.groups()
            number = sum(blocks[: int(stage)]) + int(block)
            if layer == "downsample":
                return f"body.{number}.shortcut_layer.{numbered(tensor)}"
            return f"body.{number}.res_layer.{layers[layer]}.{tensor}"
        part, _, tensor = name.partition(".")
        if part == "stem":
            return f"input_layer.{numbered(tensor)}"
        layer, _, last = tensor.partition(".")
        return f"output_layer.{ {'norm': '0', 'linear': '3', 'features': '4'}[layer] }.{last}"

    return rename


def staged_ir(layers: dict[str, str]) -> Rename:
    """POSTER's names: those of face.evoLVe, with a list of blocks for each stage.

    Args:
        layers: number of each of a block's layers.
    """
    listed = listed_ir(layers, ())

    def rename(name: str) -> str:
        match = _IR_BLOCK.fullmatch(name)
        if match is None:
            return listed(name)
        stage, block, layer, tensor = match.groups()
        within = listed(f"stages.0.0.{layer}.{tensor}").removeprefix("body.0.")
        return f"body{int(stage) + 1}.{block}.{within}"

    return rename


_STEM = ("conv1", "conv2_dw")
_HALVING = ("conv_23", "conv_34", "conv_45")
_KEEPING = ("conv_3", "conv_4", "conv_5")
_MOBILE_STAGE = re.compile(r"stages\.(\d+)\.(\d+)\.(.+)")


def paper_mobile(name: str) -> str:
    """InsightFace_Pytorch's and face.evoLVe's MobileFaceNet."""
    match = _MOBILE_STAGE.fullmatch(name)
    if match is not None:
        stage, block, tensor = int(match[1]), int(match[2]), match[3]
        if block == 0:
            return f"{_HALVING[stage]}.{tensor}"
        return f"{_KEEPING[stage]}.model.{block - 1}.{tensor}"
    part, _, tensor = name.partition(".")
    if part == "stem":
        number, _, rest = tensor.partition(".")
        return f"{_STEM[int(number)]}.{rest}"
    if part == "last":
        return f"conv_6_sep.{tensor}"
    layer, _, rest = tensor.partition(".")
    return f"{ {'global': 'conv_6_dw', 'linear': 'linear', 'features': 'bn'}[layer] }.{rest}"


_BOTTLENECK = {"conv": "0", "conv_dw": "1", "project": "2"}


def insightface_mobile(name: str) -> str:
    """arcface_torch's mbf."""
    match = _MOBILE_STAGE.fullmatch(name)
    if match is not None:
        stage, block, tensor = int(match[1]), int(match[2]), match[3]
        layer, _, rest = tensor.partition(".")
        within = f"layers.{_BOTTLENECK[layer]}.layers.{numbered(rest)}"
        if block == 0:
            return f"layers.{2 + 2 * stage}.{within}"
        return f"layers.{3 + 2 * stage}.layers.{block - 1}.{within}"
    part, _, tensor = name.partition(".")
    if part == "stem":
        number, _, rest = tensor.partition(".")
        return f"layers.{number}.layers.{numbered(rest)}"
    if part == "last":
        return f"conv_sep.layers.{numbered(tensor)}"
    layer, _, rest = tensor.partition(".")
    if layer == "global":
        return f"features.layers.0.layers.{numbered(rest)}"
    return f"features.layers.{ {'linear': '2', 'features': '3'}[layer] }.{rest}"
