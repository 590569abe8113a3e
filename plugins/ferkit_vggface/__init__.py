"""VGG-Face: VGG-16 as trained on faces by Parkhi et al., with its weights from a file."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_backbones() -> list[Component]:
    """The network of paper A (row A14)."""
    return [
        Component(
            name="vggface",
            summary="VGG-16 in VGG-Face's layout; loads its weights from any public layout",
            factory="ferkit_vggface.backbone:make_vggface",
            params="ferkit_vggface.params:VggFaceParams",
            provides=("maps",),
            source="Parkhi, Vedaldi, Zisserman, Deep Face Recognition (BMVC 2015)",
        ),
    ]
