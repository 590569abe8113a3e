"""Networks of face recognition, IR-50 and MobileFaceNet, with weights in the field's layouts."""

from __future__ import annotations

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_backbones() -> list[Component]:
    """Networks that were trained to tell people apart."""
    return [
        Component(
            name="ir50",
            summary="IR-50 of face recognition; loads files of InsightFace, face.evoLVe, AdaFace",
            factory="ferkit_face_networks.make:make_ir50",
            params="ferkit_face_networks.params:Ir50Params",
            provides=("maps",),
            source="Deng et al., ArcFace (arXiv:1801.07698), section 3.1",
        ),
        Component(
            name="mobilefacenet",
            summary="MobileFaceNet, small; loads the field's PyTorch files and InsightFace's mbf",
            factory="ferkit_face_networks.make:make_mobilefacenet",
            params="ferkit_face_networks.params:MobileFaceNetParams",
            provides=("maps",),
            source="Chen et al., MobileFaceNets (arXiv:1804.07573), table 1",
        ),
    ]
