"""The face detector `yunet`."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_face_detectors() -> Sequence[Component]:
    """YuNet, one small network over the whole frame."""
    return [
        Component(
            name="yunet",
            summary="one small network in one pass; box, score and five landmarks",
            factory="ferkit_yunet.detector:YunetDetector",
            params="ferkit_yunet.params:YunetParams",
            source="Wu, Peng, Yu, YuNet (doi 10.1007/s11633-023-1423-y); weights of OpenCV Zoo",
        )
    ]
