"""Backbones of torchvision: residual networks, VGG, and others by their names."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_backbones() -> list[Component]:
    """Networks whose weights from elsewhere can be loaded from a file."""
    return [
        Component(
            name="resnet",
            summary="residual networks of 18 to 152 layers",
            factory="ferkit_torchvision.resnet:make_resnet",
            params="ferkit_torchvision.params:ResNetParams",
            provides=("maps", "pooled_maps"),
            source="He et al., Deep Residual Learning (arXiv:1512.03385)",
        ),
        Component(
            name="vgg",
            summary="VGG networks of 11 to 19 layers, with or without batch norm",
            factory="ferkit_torchvision.vgg:make_vgg",
            params="ferkit_torchvision.params:VggParams",
            provides=("maps",),
            source="Simonyan and Zisserman (arXiv:1409.1556)",
        ),
        Component(
            name="torchvision",
            summary="MobileNetV3, EfficientNet or ConvNeXt by torchvision's names",
            factory="ferkit_torchvision.named:make_named",
            params="ferkit_torchvision.params:NamedParams",
            provides=("maps", "pooled_maps"),
            source="Howard et al. (arXiv:1905.02244), Tan and Le (arXiv:1905.11946, 2104.00298), "
            "Liu et al. (arXiv:2201.03545)",
        ),
    ]
