"""The region croppers `face`, `eyes`, `mouth`, `face_eyes_mouth` and `five_point`."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_region_croppers() -> Sequence[Component]:
    """Where crops lie, by the landmarks."""
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
            name="eyes",
            summary="the eyes alone, enlarged",
            factory="ferkit_crops.croppers:EyesCropper",
            params="ferkit_crops.params:EyesParams",
            provides=("regions=1",),
            source="Kumar et al., noisy student (B3), Fig. 5",
        ),
        Component(
            name="mouth",
            summary="the mouth alone, enlarged",
            factory="ferkit_crops.croppers:MouthCropper",
            params="ferkit_crops.params:MouthParams",
            provides=("regions=1",),
            source="Kumar et al., noisy student (B4), Fig. 5",
        ),
        Component(
            name="face_eyes_mouth",
            summary="the face, and enlarged the eyes and the mouth",
            factory="ferkit_crops.croppers:FaceEyesMouthCropper",
            params="ferkit_crops.params:FaceEyesMouthParams",
            provides=("regions=3",),
            source="Kumar et al., noisy student (B2 to B4)",
        ),
        Component(
            name="five_point",
            summary="the face, its five landmarks fitted to a template",
            factory="ferkit_crops.croppers:FivePointCropper",
            params="ferkit_crops.params:FivePointParams",
            provides=("regions=1",),
            source="Umeyama 1991; template: ArcFace (arXiv:1801.07698)",
        ),
    ]
