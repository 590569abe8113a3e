"""EfficientNet-B0 and B2, with weights in timm's, torchvision's or HSEmotion's files."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_backbones() -> list[Component]:
    """The network that HSEmotion's and many other emotion weights are of."""
    return [
        Component(
            name="efficientnet",
            summary="EfficientNet-B0 or B2; reads whole pickled networks of HSEmotion safely",
            factory="ferkit_efficientnet.backbone:make_efficientnet",
            params="ferkit_efficientnet.params:EfficientNetParams",
            provides=("maps", "pooled_maps"),
            source="Tan and Le, EfficientNet (arXiv:1905.11946)",
        ),
    ]
