"""The region croppers `face` and `face_eyes_mouth`."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_region_croppers() -> Sequence[Component]:
    """Where crops lie, by the landmarks of the eyes and of the mouth."""
    return [
        Component(
            name="face",
            summary="the face, eyes level and a fixed distance apart",
            factory="ferkit_crops.croppers:FaceCropper",
            params="ferkit_crops.params:FaceParams",
            provides=("regions=1",),
            source="Happy et al., section on alignment (A11); Kumar et al. (B2)",
        ),
        Component(
            name="face_eyes_mouth",
            summary="the face, and enlarged the eyes and the mouth",
            factory="ferkit_crops.croppers:FaceEyesMouthCropper",
            params="ferkit_crops.params:FaceEyesMouthParams",
            provides=("regions=3",),
            source="Kumar et al., noisy student (B2 to B4)",
        ),
    ]
