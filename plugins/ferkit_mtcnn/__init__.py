"""The face detector `mtcnn`."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_face_detectors() -> Sequence[Component]:
    """MTCNN with facenet-pytorch's networks and weights."""
    return [
        Component(
            name="mtcnn",
            summary="three small cascaded networks; box, score and five landmarks",
            factory="ferkit_mtcnn.detector:MtcnnDetector",
            params="ferkit_mtcnn.params:MtcnnParams",
            source="Zhang et al., arXiv:1604.02878; networks and weights of facenet-pytorch 2.5.3",
        )
    ]
