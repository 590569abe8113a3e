"""What files call the layers of EfficientNet."""

from __future__ import annotations

import re
from collections.abc import Iterable

_OUTSIDE = {"conv_stem": "features.0.0", "bn1": "features.0.1", "conv_head": "features.8.0"} | {
    "bn2": "features.8.1"
}

_WITHIN = {
    False: {"conv_dw": "0.0", "bn1": "0.1", "se": "1", "conv_pw": "2.0", "bn2": "2.1"},
    True: {
        "conv_pw": "0.0",
        "bn1": "0.1",
        "conv_dw": "1.0",
        "bn2": "1.1",
        "se": "2",
        "conv_pwl": "3.0",
        "bn3": "3.1",
    },
}
"""Layers of a block in torchvision; True: of one that expands."""

_SQUEEZE = {"conv_reduce": "fc1", "conv_expand": "fc2"}

_BLOCK = re.compile(r"blocks\.(\d+)\.(\d+)\.(\w+)\.(.+)")


def torchvision_name(name: str) -> str:
    """torchvision's name of a tensor from timm's, such as "blocks.0.0.conv_dw.weight"."""
    match = _BLOCK.fullmatch(name)
    if match is None:
        layer, _, tensor = name.partition(".")
        return f"{_OUTSIDE[layer]}.{tensor}"
    stage, block, layer, tensor = match.groups()
    inner, _, last = tensor.rpartition(".")
    tensor = f"{_SQUEEZE[inner]}.{last}" if inner else tensor
    within = _WITHIN[stage != "0"][layer]
    return f"features.{int(stage) + 1}.{block}.block.{within}.{tensor}"


def is_torchvisions(names: Iterable[str]) -> bool:
    """Whether a file has torchvision's names."""
    return any(name.startswith("features.") for name in names)
