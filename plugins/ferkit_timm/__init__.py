"""Any network of timm as a backbone."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_backbones() -> list[Component]:
    """Networks by their names in timm."""
    return [
        Component(
            name="timm",
            summary="any network of timm by name, weights from a file; extra ferkit[timm]",
            factory="ferkit_timm.backbone:make_timm",
            params="ferkit_timm.params:TimmParams",
            source="https://github.com/huggingface/pytorch-image-models",
        ),
    ]
