"""Checks that a plugin's author runs on his components.

In a test of his::

    from ferkit.testing import check

    def test_tiny() -> None:
        check("backbone", "tiny", width=8)

looks the component up as a recipe would, makes it with these parameters and holds it to the
contract of its kind: shapes, types, masks, gradients, state, odd and broken input, and the same
numbers from the same seed. What is wrong is said by an AssertionError. `check_backbone` and its
like take a factory instead of a name, for components that no plugin declares yet.
"""

from __future__ import annotations

from ferkit.testing.aggregation import check_aggregation
from ferkit.testing.backbone import check_backbone
from ferkit.testing.checks import CHECKS, check
from ferkit.testing.cropper import check_region_cropper
from ferkit.testing.dataset import check_dataset
from ferkit.testing.detector import check_face_detector
from ferkit.testing.enhancer import check_enhancer
from ferkit.testing.loop import check_ssl_loop
from ferkit.testing.policy import check_label_update, check_sample_weighting
from ferkit.testing.portrait import Portrait, portrait, portrait_in
from ferkit.testing.reader import check_video_reader
from ferkit.testing.tiny import TinyBackbone, tiny_job, tiny_model, tiny_split

__all__ = [
    "CHECKS",
    "Portrait",
    "TinyBackbone",
    "check",
    "check_aggregation",
    "check_backbone",
    "check_dataset",
    "check_enhancer",
    "check_face_detector",
    "check_label_update",
    "check_region_cropper",
    "check_sample_weighting",
    "check_ssl_loop",
    "check_video_reader",
    "portrait",
    "portrait_in",
    "tiny_job",
    "tiny_model",
    "tiny_split",
]
