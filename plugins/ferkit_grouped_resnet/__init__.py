"""Residual networks by group convolution: each region of a frame has weights of its own."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_backbones() -> list[Component]:
    """The network of paper B (rows B6 and B7)."""
    return [
        Component(
            name="grouped_resnet",
            summary="ResNet-18 or 34 by group convolution: a group of weights for each region",
            factory="ferkit_grouped_resnet.backbone:make_grouped_resnet",
            params="ferkit_grouped_resnet.params:GroupedResNetParams",
            provides=("maps", "pooled_maps"),
            source="Kumar, Rao, Yu, Noisy Student Training using Body Language Dataset Improves "
            "Facial Expression Recognition, section 4.1 and fig. 2 (B6, B7)",
        )
    ]
